// @ts-check
// The first page: what the card is worth, what it says, and the button that breaks the glass.

import { el, mark, pageHeading } from './dom.js';
import { recordOf } from './sections.js';

/** @typedef {import('./words.js').Words} Words */

/** States that another try may change. */
const RETRIED = ['no_keys', 'code_slow', 'code_offline', 'code_failed'];

/**
 * What is said of a tap; of all others, that nothing is proven.
 * @type {Record<string, string>}
 */
const TAPS = { live: 'reader.tap.live', unsupported: 'reader.tap.unsupported' };

/**
 * @typedef {object} FrontState
 * @property {import('./verdict.js').Verdict} verdict
 * @property {import('./card.js').Read | null} read
 * @property {import('./keys.js').Trust | null} trust
 * @property {import('../offline/lists.js').Lists | null} lists  null until they are loaded
 * @property {'none'|'kept'|'sent'} receipt  of a reading without a network
 * @property {string} house       host of the service whose page this is
 * @property {import('./status.js').Online} online
 * @property {Words | null} beside  the holder's language, when both are shown
 * @property {string} other       name of the holder's language, when it can be shown beside the reader's; else ""
 * @property {HTMLElement | null} help  whom to call where one is, once that is loaded
 * @property {boolean} revealed   the reader asked to see what a tampered card says
 * @property {boolean} glassMissing  what opens more could not be loaded
 * @property {boolean} resumable  a grant of this card is still running
 * @property {boolean} waits      a request of this card, made here, is waiting
 */

/**
 * @typedef {object} FrontActions
 * @property {() => void} reveal
 * @property {() => void} breakGlass
 * @property {() => void} resume
 * @property {() => void} resumeWait
 * @property {() => void} retry
 * @property {() => void} bothLanguages
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
  const waits = verdict.tone === 'busy' && verdict.shows === 'nothing';
  if (read && (verdict.shows === 'all' || state.revealed)) {
    const { front } = read;
    const shown = { lang: front.lang ?? '', identity: front.identity ?? {}, items: front.items };
    parts.push(...languageSwitch(state, words, actions), el('div', { class: verdict.trusted ? 'content' : 'content unverified' },
      !verdict.trusted && el('p', { class: 'stamp' }, words.t('reader.not_verified')),
      recordOf(shown, words, new Date(), state.beside)));
  }
  if (state.help && !waits) parts.push(state.help);
  if (read && !waits) parts.push(glass(state, words, actions), about(state, words));
  return parts;
}

/**
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 */
function languageSwitch({ beside, other }, words, actions) {
  if (!other) return [];
  return [el('p', {}, el('button', { type: 'button', class: 'button-plain', 'aria-pressed': beside ? 'true' : 'false', click: actions.bothLanguages },
    words.t('reader.both', { language: other })))];
}

/**
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 */
function banner(state, words, actions) {
  const { verdict, read, lists, online, revealed, receipt } = state;
  const settled = verdict.trusted && verdict.tone !== 'busy';
  const unread = online.status === 'asking' && (lists?.areUnread ?? true);
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
      // What the verdict rests on, when nobody could be asked.
      settled && (online.status === 'offline' || unread) && el('p', {}, listAge(state, 'revocations', words)),
      settled && online.status === 'foreign' && el('p', {}, listAge(state, 'trust', words)),
      settled && online.tap && el('p', {}, el('strong', {}, words.t(TAPS[online.tap] ?? 'reader.tap.unproven'))),
      receipt !== 'none' && el('p', {}, words.t(`reader.receipt.${receipt}`, { host: state.house })),
      verdict.shows === 'on_request' && !revealed && el('p', {}, button(words.t('reader.reveal'), 'plain', actions.reveal)),
      RETRIED.includes(verdict.state) && el('p', {}, button(words.t('reader.retry'), 'plain', actions.retry)),
      (verdict.shows === 'nothing' && verdict.tone !== 'busy') && help(words)));
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
 * The button that is on every card, whatever is or is not kept behind it. Behind a card of another issuer is that issuer's house: only its own page
 * opens anything there.
 * @param {FrontState} state
 * @param {Words} words
 * @param {FrontActions} actions
 */
function glass({ verdict, read, lists, house, glassMissing, resumable, waits }, words, actions) {
  const foreign = read && read.card.issuer !== house ? read.card : null;
  const issuer = foreign ? lists?.issuer(foreign.issuer) : undefined;
  const host = el('bdi', { dir: 'ltr' }, foreign?.issuer ?? '');
  return el('section', { class: 'glass', 'aria-labelledby': 'glass' },
    el('h2', { id: 'glass' }, words.t('reader.glass.title')),
    !foreign && [
      el('p', {}, words.t('reader.glass.text')),
      resumable && el('p', {}, button(words.t('reader.glass.resume'), 'main', actions.resume)),
      waits && el('p', {}, button(words.t('reader.glass.waits'), 'plain', actions.resumeWait)),
      el('p', {}, button(words.t('reader.glass.open'), resumable ? 'plain' : 'main', actions.breakGlass)),
      glassMissing && el('p', { role: 'alert' }, words.t('reader.glass.missing')),
    ],
    foreign && issuer && verdict.trusted && [
      el('p', {}, words.sentence('reader.glass.foreign', 'host', host)),
      el('p', {}, el('a', { class: 'call', rel: 'noreferrer', href: `${issuer.url}/c/${foreign.id}${location.hash}` }, words.t('reader.glass.go', { host: foreign.issuer }))),
    ],
    foreign && !(issuer && verdict.trusted) && el('p', {}, words.sentence('reader.glass.stranger', 'host', host)));
}

/**
 * @param {FrontState} state
 * @param {Words} words
 */
function about(state, words) {
  const { verdict, read, trust, lists, online, house } = state;
  if (!read) return el('div');
  const { card } = read;
  const signature = verdict.trusted ? 'good' : verdict.state === 'tampered' ? 'bad' : 'unchecked';
  const name = verdict.trusted ? lists?.issuer(card.issuer)?.name : '';
  const lines = /** @type {[string, (Node | string)[] | Node | string][]} */ ([
    ['reader.about.issuer', [...(name && name !== card.issuer ? [el('bdi', {}, name), ' · '] : []), el('bdi', { dir: 'ltr' }, card.issuer)]],
    ['reader.about.issued', words.date(day(card.issued))],
    ['reader.about.expires', words.date(day(card.expires))],
    ['reader.about.signature', words.t(`reader.signature.${signature}`)],
    ['reader.about.keys', trust ? age(trust.storedAt, words) : words.t('reader.keys.none')],
    // Nobody but the one who signed the card can revoke it.
    verdict.trusted && ['reader.about.revocation', words.t(`reader.online.${online.status}`, { at: words.moment(online.at) })],
    verdict.tone !== 'busy' && card.issuer === house && ['reader.about.withdrawn', listAge(state, 'revocations', words)],
    lists && ['reader.about.trusted', listAge(state, 'trust', words)],
  ].filter(Boolean));
  return el('section', { class: 'about', 'aria-labelledby': 'about' },
    el('h2', { id: 'about' }, words.t('reader.about.title')),
    el('dl', {}, lines.map(([key, value]) => el('div', {}, el('dt', {}, words.t(key)), el('dd', {}, value)))));
}

/**
 * How old a list is, and whether that is too old, in words.
 * @param {FrontState} state
 * @param {'trust'|'revocations'} list
 * @param {Words} words
 */
function listAge({ lists }, list, words) {
  const age = lists?.ages(Date.now())[list];
  const none = list === 'revocations' && (lists?.areUnread ?? true) ? 'unread' : 'none';
  const key = `reader.list.${list}.${age?.state ?? none}`;
  return words.t(key, age ? { age: words.span(age.milliseconds), until: words.moment(age.until) } : {});
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
