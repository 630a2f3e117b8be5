// @ts-check
// What a scanned text is. A card of Locket is read on this origin, whatever host it names: what the card says is believed by its signature, never by
// its address. Everything else is named for what it is, and nothing is followed by itself.

import { badgeIn } from '../badge/badge.js';
import { parseAddress } from '../reader/address.js';
import { dialable } from '../reader/person.js';
import { shortCodeOf } from '../reader/shortcode.js';
import { readHealthLink } from './healthlink.js';
import { readContact } from './vcard.js';

/**
 * @typedef {object} Scanned
 * @property {'card'|'code'|'badge'|'health_card'|'health_link'|'contact'|'phone'|'link'|'action'|'text'|'nothing'|'too_long'} kind
 * @property {string} [address]  card, code, badge: path and fragment on this origin
 * @property {string} [host]     link: as it is asked for, so a name in other letters is in its xn-- form
 * @property {string} [url]      link: where it leads; "" when it must not be gone to
 * @property {'user'|'letters'|'plain'} [doubt]  link: it hides its host, may look like another, or is not encrypted
 * @property {string} [scheme]   action: "mailto", "javascript", ...
 * @property {string} [text]     text, phone
 * @property {import('./healthlink.js').HealthLink} [link]
 * @property {import('./vcard.js').Contact} [contact]
 * @property {Scanned} [inside]  contact: the card that its address leads to
 */

const MAX_TEXT = 16 << 10; // characters; the longest card has about 5,200
const MAX_SHOWN = 500;
const CARD = /^\/c\/[A-Za-z0-9_-]{22}$/;
// As codes are printed: in three groups of four, or in one. Twelve digits alone are rather a telephone number.
const CODE = /^(?=.*[A-Z])[0-9A-Z]{4}([- ]?)[0-9A-Z]{4}\1[0-9A-Z]{4}$/i;
const TAP = /^\?p=[0-9A-Fa-f]{32}&c=[0-9A-Fa-f]{16}$/;

/**
 * @param {string} scanned
 * @param {string} origin of this page
 * @returns {Scanned}
 */
export function classify(scanned, origin) {
  if (scanned.length > MAX_TEXT) return { kind: 'too_long' };
  const text = scanned.trim();
  if (text === '') return { kind: 'nothing' };
  if (/^BEGIN:VCARD/i.test(text)) return contactOf(text, origin);
  const code = CODE.test(text) && shortCodeOf(text);
  if (code) return { kind: 'code', address: `/s#${code}` };
  if (/^shc:\//i.test(text)) return { kind: 'health_card' };
  const badge = badgeIn(text);
  if (badge) return { kind: 'badge', address: `/b#${badge}` }; // of whatever house: it is believed by its signature
  if (/(^|#)shlink:\//i.test(text)) return { kind: 'health_link', link: readHealthLink(text) };
  return addressOf(text, origin) ?? { kind: 'text', text: text.slice(0, MAX_SHOWN) };
}

/**
 * @param {string} text
 * @param {string} origin
 * @returns {Scanned}
 */
function contactOf(text, origin) {
  const contact = readContact(text);
  const inside = contact.url ? addressOf(contact.url, origin) : null;
  return { kind: 'contact', contact, inside: inside && ['card', 'code'].includes(inside.kind) ? inside : undefined };
}

/**
 * @param {string} text
 * @param {string} origin
 * @returns {Scanned | null} null for a text that is no address
 */
function addressOf(text, origin) {
  const url = /^[a-z][a-z0-9+.-]*:/i.test(text) ? parseAddress(text) : null;
  if (!url) return null;
  if (!['http:', 'https:'].includes(url.protocol)) return actionOf(url, text);
  const ours = url.origin === origin;
  const plain = url.protocol === 'http:' && !ours;
  if (!url.username && !url.password && !plain) {
    if (CARD.test(url.pathname) && (url.hash.length > 1 || ours)) {
      const ticket = ours && TAP.test(url.search) ? url.search : '';
      return { kind: 'card', address: `${url.pathname}${ticket}${url.hash}` };
    }
    if (ours && url.pathname === '/s' && shortCodeOf(url.hash.slice(1))) return { kind: 'code', address: `/s${url.hash}` };
  }
  return linkOf(url, plain);
}

/**
 * @param {URL} url
 * @param {boolean} plain
 * @returns {Scanned}
 */
function linkOf(url, plain) {
  if (url.username || url.password) return { kind: 'link', host: url.host, url: '', doubt: 'user' };
  const doubt = /(^|\.)xn--/.test(url.hostname) ? 'letters' : plain ? 'plain' : undefined;
  return { kind: 'link', host: url.host, url: url.href, doubt };
}

/**
 * @param {URL} url
 * @param {string} text
 * @returns {Scanned}
 */
function actionOf(url, text) {
  const scheme = url.protocol.slice(0, -1);
  const number = scheme === 'tel' ? text.slice('tel:'.length) : '';
  return dialable(number) ? { kind: 'phone', text: number } : { kind: 'action', scheme };
}
