// @ts-check
// The first page: what the card is worth, what it says, and the button that breaks the glass.

import { el, mark, pageHeading } from './dom.js';
import { recordOf } from './sections.js';

/** @typedef {import('./words.js').Words} Words */

/**
 * @typedef {object} FrontState
 * @property {import('./verdict.js').Verdict} verdict
 * @property {import('./card.js').Read | null} read
 * @property {import('./keys.js').Trust | null} trust
 * @property {import('./status.js').Online} online
 * @property {boolean} revealed   the reader asked to see what a tampered card says
 * @property {boolean} resumable  a grant of this card is still running
 */

/**
 * @typedef {object} FrontActions
 * @property {() => void} reveal
 * @property {() => void} breakGlass
 * @property {() => void} resume
 * @property {() => void} retry
 */

/**
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 * @returns {HTMLElement[]}
 */
export function frontPage(state, words, actions) {
  const { verdict, read } = state;
  const parts = [banner(state, words, actions)];
  if (read && (verdict.shows === 'all' || state.revealed)) {
    const { front } = read;
    const shown = { lang: front.lang ?? '', identity: front.identity ?? {}, items: front.items };
    parts.push(el('div', { class: verdict.trusted ? 'content' : 'content unverified' },
      !verdict.trusted && el('p', { class: 'stamp' }, words.t('reader.not_verified')),
      recordOf(shown, words, new Date())));
  }
  if (read && verdict.state !== 'checking') parts.push(glass(state, words, actions), about(state, words));
  return parts;
}

/**
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 */
function banner({ verdict, read, online, revealed }, words, actions) {
  const key = `reader.state.${verdict.state}`;
  const expires = read ? words.date(day(read.card.expires)) : '';
  const issued = read ? words.date(day(read.card.issued)) : '';
  const args = { issuer: read?.card.issuer ?? '', expires, issued };
  return el('section', { class: `banner banner-${verdict.tone}` },
    mark(verdict.tone),
    el('div', {},
      pageHeading(words.t(`${key}.title`)),
      el('p', {}, words.t(`${key}.text`, args)),
      verdict.state === 'verified' && online.status === 'unknown' && el('p', {}, el('strong', {}, words.t('reader.online.unknown'))),
      verdict.shows === 'on_request' && !revealed && el('p', {}, button(words.t('reader.reveal'), 'plain', actions.reveal)),
      verdict.state === 'no_keys' && el('p', {}, button(words.t('reader.retry'), 'plain', actions.retry)),
      (verdict.shows === 'nothing' && verdict.state !== 'checking') && help(words)));
}

/**
 * What can be done with a card that this page cannot read.
 * @param {Words} words
 */
function help(words) {
  return el('ul', { class: 'help' },
    el('li', {}, words.t('reader.help.face')),
    el('li', {}, el('a', { href: '/code' }, words.t('reader.help.code'))),
    el('li', {}, words.t('reader.help.again')));
}

/**
 * The button that is on every card, whatever is or is not kept behind it.
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 */
function glass({ resumable }, words, actions) {
  return el('section', { class: 'glass', 'aria-labelledby': 'glass' },
    el('h2', { id: 'glass' }, words.t('reader.glass.title')),
    el('p', {}, words.t('reader.glass.text')),
    resumable && el('p', {}, button(words.t('reader.glass.resume'), 'main', actions.resume)),
    el('p', {}, button(words.t('reader.glass.open'), resumable ? 'plain' : 'main', actions.breakGlass)));
}

/**
 * @param {FrontState} state
 * @param {Words} words
 */
function about({ verdict, read, trust, online }, words) {
  if (!read) return el('div');
  const { card } = read;
  const signature = verdict.trusted ? 'good' : verdict.state === 'tampered' ? 'bad' : 'unchecked';
  const lines = /** @type {[string, Node | string][]} */ ([
    ['reader.about.issuer', el('bdi', { dir: 'ltr' }, card.issuer)],
    ['reader.about.issued', words.date(day(card.issued))],
    ['reader.about.expires', words.date(day(card.expires))],
    ['reader.about.signature', words.t(`reader.signature.${signature}`)],
    ['reader.about.keys', trust ? age(trust.storedAt, words) : words.t('reader.keys.none')],
    // Nobody but the one who signed the card can revoke it.
    verdict.trusted && ['reader.about.revocation', words.t(`reader.online.${online.status}`, { at: words.moment(online.at) })],
  ].filter(Boolean));
  return el('section', { class: 'about', 'aria-labelledby': 'about' },
    el('h2', { id: 'about' }, words.t('reader.about.title')),
    el('dl', {}, lines.map(([key, value]) => el('div', {}, el('dt', {}, words.t(key)), el('dd', {}, value)))));
}

/**
 * @param {Date | null} storedAt
 * @param {Words} words
 */
function age(storedAt, words) {
  if (!storedAt) return words.t('reader.keys.fresh');
  return words.t('reader.keys.stored', { ago: words.ago(Date.now() - storedAt.getTime()) });
}

/** @param {number} seconds since 1970 */
function day(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/**
 * @param {string} text
 * @param {'main'|'plain'|'reversed'} kind
 * @param {() => void} click
 */
export function button(text, kind, click) {
  return el('button', { type: 'button', class: `button-${kind}`, click }, text);
}
