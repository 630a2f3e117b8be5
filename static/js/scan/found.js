// @ts-check
// What is said of a code that is no card of ours: what it is, where it would lead, and that nothing was followed.

import { el, mark } from '../reader/dom.js';
import { dialable } from '../reader/person.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('./classify.js').Scanned} Scanned */

/**
 * @param {Scanned} scanned
 * @param {string} signer  name of the trusted issuer that signed a health link, or ""
 * @param {Words} words
 */
export function foundPart(scanned, signer, words) {
  const { kind } = scanned;
  return el('section', { class: 'banner banner-caution' }, mark('caution'),
    el('div', {},
      el('h2', { tabindex: -1 }, words.t(`scan.${kind}.title`)),
      el('p', {}, words.t(`scan.${kind}.text`)),
      ...parts(scanned, signer, words)));
}

/**
 * @param {Scanned} scanned
 * @param {string} signer
 * @param {Words} words
 * @returns {import('../reader/dom.js').Child[]}
 */
function parts(scanned, signer, words) {
  switch (scanned.kind) {
    case 'link': return linkParts(scanned, words);
    case 'health_link': return healthLinkParts(/** @type {any} */ (scanned.link), signer, words);
    case 'contact': return contactParts(scanned, words);
    case 'phone': return [call(scanned.text ?? '', words)];
    case 'action': return [el('p', {}, el('bdi', { dir: 'ltr' }, scanned.scheme ?? ''))];
    case 'text': return [el('p', {}, el('bdi', { class: 'said' }, scanned.text ?? ''))];
    default: return [];
  }
}

/**
 * @param {Scanned} scanned
 * @param {Words} words
 */
function linkParts({ host = '', url, doubt }, words) {
  return [
    el('p', {}, words.sentence('scan.link.host', 'host', el('strong', {}, el('bdi', { dir: 'ltr' }, host)))),
    doubt && el('p', {}, words.t(`scan.link.${doubt}`)),
    url && el('p', {}, el('a', { class: 'call', href: url, rel: 'noreferrer noopener' }, words.t('scan.link.go', { host }))),
  ];
}

/**
 * @param {import('./healthlink.js').HealthLink} link
 * @param {string} signer
 * @param {Words} words
 */
function healthLinkParts({ host, label, expires, passcode }, signer, words) {
  if (!host) return [el('p', {}, words.t('scan.health_link.damaged'))];
  return [
    label && el('p', {}, el('bdi', {}, label)),
    el('p', {}, words.sentence('scan.link.host', 'host', el('strong', {}, el('bdi', { dir: 'ltr' }, host)))),
    el('p', {}, signer ? words.sentence('scan.health_link.signed', 'issuer', el('bdi', {}, signer)) : words.t('scan.health_link.unsigned')),
    expires > 0 && el('p', {}, words.t('scan.health_link.expires', { date: words.date(new Date(expires * 1000).toISOString().slice(0, 10)) })),
    passcode && el('p', {}, words.t('scan.health_link.passcode')),
  ];
}

/**
 * @param {Scanned} scanned
 * @param {Words} words
 */
function contactParts({ contact, inside }, words) {
  if (!contact) return [];
  return [
    contact.name && el('p', {}, el('strong', {}, el('bdi', {}, contact.name))),
    contact.note && el('p', {}, el('bdi', { class: 'said' }, contact.note)),
    ...contact.phones.map((phone) => call(phone, words)),
    inside && el('p', {}, el('a', { class: 'call', href: inside.address }, words.t('scan.contact.card'))),
  ];
}

/**
 * @param {string} phone
 * @param {Words} words
 */
function call(phone, words) {
  const number = dialable(phone);
  if (!number) return el('p', {}, el('bdi', {}, phone));
  return el('p', {}, el('a', { class: 'call', href: `tel:${number}` }, words.t('reader.call'), ' ', el('bdi', { dir: 'ltr' }, phone)));
}
