// @ts-check
// The pages on which the responder reads what the family tells, and tells them something: the messages, and one question a page.

import { el, pageHeading } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { dialable } from '../reader/person.js';
import { backLink, form } from './questions.js';
import { LONGEST } from './talk.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('./talk.js').Message} Message */
/** @typedef {import('./talk.js').Saying} Saying */

/** What is asked for on a page of its own. */
export const ASKED = /** @type {const} */ (['callback', 'hospital', 'location']);

/**
 * What is being written, kept while the page is filled anew.
 * @typedef {object} Draft
 * @property {string} text
 * @property {string} callback
 * @property {string} hospital
 * @property {string} note
 * @property {'seen'|'last'|'events'} topic  of the note
 * @property {{lat: number, lon: number} | null} place
 * @property {string} problem  key of what went wrong, "" for nothing
 * @property {boolean} busy
 */

/** @returns {Draft} */
export function noDraft() {
  return { text: '', callback: '', hospital: '', note: '', topic: 'seen', place: null, problem: '', busy: false };
}

/**
 * @param {Message[]} messages
 * @param {Draft} draft
 * @param {Words} words
 * @param {{send: (saying: Saying) => void, ask: (kind: typeof ASKED[number]) => void, back: () => void}} actions
 */
export function talkPage(messages, draft, words, actions) {
  return [
    backLink(words, actions.back),
    pageHeading(words.t('glass.talk.title')),
    el('p', {}, words.t('glass.talk.hint')),
    el('ol', { class: 'talk', id: 'talk-list', 'aria-label': words.t('glass.talk.messages') }, talkItems(messages, words)),
    problem(draft, words),
    form(words.t('glass.talk.send'), () => draft.text && actions.send({ kind: 'text', text: draft.text }),
      area('text', words.t('glass.talk.text'), draft)),
    ...ASKED.map((kind) => el('p', {}, button(words.t(`glass.talk.ask.${kind}`), 'plain', () => actions.ask(kind)))),
  ];
}

/**
 * @param {Message[]} messages
 * @param {Words} words
 */
export function talkItems(messages, words) {
  if (messages.length === 0) return [el('li', { class: 'quiet' }, words.t('glass.talk.none'))];
  return messages.map((message) => el('li', { class: message.sender === 'responder' ? 'said said-own' : 'said' },
    el('p', { class: 'quiet' }, el('strong', {}, senderOf(message, words)), ' ', el('time', { datetime: message.at }, clock(message.at, words))),
    el('p', {}, said(message, words))));
}

/**
 * @param {Message} message
 * @param {Words} words
 */
export function senderOf({ sender, name }, words) {
  if (sender === 'responder') return words.t('glass.talk.you');
  return name ? words.isolate(name) : words.t(`glass.talk.${sender === 'keeper' ? 'keeper' : 'contact'}`);
}

/**
 * What a message says, with what it is about.
 * @param {Message} message
 * @param {Words} words
 * @returns {(Node | string)[]}
 */
function said({ kind, text, lat, lon }, words) {
  if (kind === 'location') return words.sentence('glass.talk.said.location', 'text', el('bdi', { dir: 'ltr' }, coordinates(lat ?? 0, lon ?? 0)));
  const own = el('bdi', { dir: 'auto' }, text);
  if (kind === 'callback') {
    const number = dialable(text);
    return words.sentence('glass.talk.said.callback', 'text', number ? el('a', { class: 'call', href: `tel:${number}` }, el('bdi', { dir: 'ltr' }, text)) : own);
  }
  return kind === 'hospital' ? words.sentence('glass.talk.said.hospital', 'text', own) : [own];
}

/**
 * @param {typeof ASKED[number]} kind
 * @param {Draft} draft
 * @param {Words} words
 * @param {{send: (saying: Saying) => void, locate: () => void, back: () => void}} actions
 */
export function askPage(kind, draft, words, actions) {
  const heading = pageHeading(words.t(`glass.talk.ask.${kind}`));
  if (kind === 'location') return [backLink(words, actions.back), heading, ...placePart(draft, words, actions)];
  const attributes = kind === 'callback' ? { type: 'tel', autocomplete: 'tel', maxlength: 40, dir: 'ltr' } : { type: 'text', maxlength: 200, dir: 'auto' };
  const input = /** @type {HTMLInputElement} */ (el('input', { id: kind, name: kind, value: draft[kind], ...attributes }));
  input.addEventListener('input', () => {
    draft[kind] = input.value.trim();
  });
  return [backLink(words, actions.back), heading, problem(draft, words),
    form(words.t('glass.talk.send'), () => draft[kind] && actions.send({ kind, text: draft[kind] }),
      el('div', { class: 'field' }, el('label', { for: kind }, words.t(`glass.talk.field.${kind}`)), input))];
}

/**
 * Where the responder is, shown before it is sent.
 * @param {Draft} draft
 * @param {Words} words
 * @param {{send: (saying: Saying) => void, locate: () => void}} actions
 */
function placePart(draft, words, { send, locate }) {
  const { place } = draft;
  return [
    el('p', {}, words.t('glass.talk.where.hint')),
    problem(draft, words),
    place && el('p', {}, words.sentence('glass.talk.where.found', 'text', el('bdi', { dir: 'ltr' }, coordinates(place.lat, place.lon)))),
    place && el('p', {}, button(words.t('glass.talk.send'), 'main', () => send({ kind: 'location', ...place }))),
    !place && el('p', {}, button(words.t(draft.busy ? 'glass.talk.where.busy' : 'glass.talk.where.find'), 'main', locate)),
  ];
}

/**
 * Asks the browser where it is, once. Four decimals are about ten metres: enough to be found.
 * @returns {Promise<{lat: number, lon: number} | null>} null when it does not say
 */
export function locate() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat: rounded(coords.latitude), lon: rounded(coords.longitude) }),
      () => resolve(null), { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 });
  });
}

/** @param {number} degrees */
function rounded(degrees) {
  return Math.round(degrees * 1e4) / 1e4;
}

/**
 * @param {number} lat
 * @param {number} lon
 */
export function coordinates(lat, lon) {
  return `${lat.toFixed(4)}, ${lon.toFixed(4)}`;
}

/**
 * @param {Draft} draft
 * @param {Words} words
 */
export function problem(draft, words) {
  return draft.problem ? el('p', { class: 'error', role: 'alert' }, words.t(draft.problem)) : null;
}

/**
 * @param {'text'|'note'} name
 * @param {string} label
 * @param {Draft} draft
 */
export function area(name, label, draft) {
  const input = /** @type {HTMLTextAreaElement} */ (el('textarea', { id: name, name, rows: 3, dir: 'auto', maxlength: LONGEST }));
  input.value = draft[name];
  input.addEventListener('input', () => {
    draft[name] = input.value.trim();
  });
  return el('div', { class: 'field' }, el('label', { for: name }, label), input);
}

/**
 * A message that nobody has looked at, as the way to it.
 * @param {Message | null} unread
 * @param {Words} words
 * @param {() => void} open
 */
export function newsItems(unread, words, open) {
  return unread ? [button(words.t('glass.talk.new', { name: senderOf(unread, words), text: unread.text }), 'main', open)] : [];
}

/**
 * The time of the day, for what happens within a day.
 * @param {string | number} at
 * @param {Words} words
 */
export function clock(at, words) {
  return new Intl.DateTimeFormat(words.locale, { timeStyle: 'short' }).format(new Date(at));
}

/**
 * What was told last, and the way to the rest, on the page of what was opened.
 * @param {Message[]} messages
 * @param {Words} words
 * @param {() => void} open
 */
export function talkPart(messages, words, open) {
  return el('section', { class: 'about', 'aria-labelledby': 'talk' },
    el('h2', { id: 'talk' }, words.t('glass.talk.title')),
    el('ol', { class: 'talk', id: 'talk-last', 'aria-label': words.t('glass.talk.last') }, talkItems(messages.slice(-1), words)),
    el('p', {}, button(words.t('glass.talk.open'), 'plain', open)));
}
