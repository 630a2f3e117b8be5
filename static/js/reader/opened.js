// @ts-check
// What comes after the request: the opened record with the time that is left, the end of that time, or what to do instead.

import { el, mark, pageHeading } from './dom.js';
import { button } from './frontpage.js';
import { link } from './questions.js';
import { recordOf, shownRecord } from './sections.js';

/** @typedef {import('./words.js').Words} Words */

/** Minutes left at which the time is said aloud; between them it only changes on the screen. */
const SAID_AT = [60, 30, 10, 5, 2, 1];

/**
 * @param {any} answer body of a granted answer
 * @param {string[]} keys catalogue keys by card number
 * @param {Words} words
 * @param {{sensitive: () => void, close: () => void}} actions
 */
export function openedPage(answer, keys, words, actions) {
  const entry = answer.entry?.index;
  return [
    el('section', { class: 'banner banner-good' }, mark('good'),
      el('div', {},
        pageHeading(words.t('reader.opened.title')),
        el('p', { id: 'time-left' }),
        el('p', { id: 'time-said', class: 'unseen', role: 'status' }),
        entry !== undefined && el('p', {}, words.t('reader.opened.entry', { entry })),
        el('p', {}, words.t('reader.opened.told')))),
    el('div', { class: 'content' }, recordOf(shownRecord(answer.record, keys), words, new Date())),
    el('section', { class: 'glass', 'aria-labelledby': 'more' },
      el('h2', { id: 'more' }, words.t('reader.sensitive.title')),
      el('p', {}, words.t('reader.sensitive.text')),
      el('p', {}, button(words.t('reader.sensitive.open'), 'main', actions.sensitive))),
    reasons(answer, words),
    el('p', {}, button(words.t('reader.opened.close'), 'plain', actions.close)),
  ];
}

/**
 * @param {any} answer
 * @param {Words} words
 */
function reasons(answer, words) {
  const said = answer.why_text ?? [];
  if (said.length === 0) return null;
  return el('section', { class: 'about', 'aria-labelledby': 'because' },
    el('h2', { id: 'because' }, words.t('reader.opened.why')),
    said.map((/** @type {string} */ sentence) => el('p', {}, String(sentence))));
}

/**
 * Writes the time that is left into the opened page, and says it aloud at a few sensible moments.
 * @param {number} milliseconds
 * @param {Words} words
 */
export function showTimeLeft(milliseconds, words) {
  const shown = document.getElementById('time-left');
  const said = document.getElementById('time-said');
  if (!shown || !said) return;
  const text = words.t('reader.opened.left', { time: timeLeft(milliseconds, words) });
  if (shown.textContent !== text) shown.textContent = text;
  const minutes = Math.ceil(milliseconds / 60_000);
  if (SAID_AT.includes(minutes) && said.dataset.minutes !== String(minutes)) {
    said.dataset.minutes = String(minutes);
    said.textContent = text;
  }
}

/**
 * @param {number} milliseconds
 * @param {Words} words
 */
export function timeLeft(milliseconds, words) {
  const minutes = Math.ceil(milliseconds / 60_000);
  if (minutes < 120) return words.duration('minute', minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? words.duration('hour', hours) : words.duration('day', Math.floor(hours / 24));
}

/**
 * @param {Words} words
 * @param {() => void} back
 */
export function endedPage(words, back) {
  return [el('section', { class: 'banner banner-caution' }, mark('caution'),
    el('div', {},
      pageHeading(words.t('reader.ended.title')),
      el('p', {}, words.t('reader.ended.text')),
      el('p', {}, button(words.t('reader.to_card'), 'main', back))))];
}

/**
 * What a responder can do when nothing was opened.
 * @param {import('./open.js').Outcome} outcome
 * @param {Words} words
 * @param {{back: () => void, again: () => void}} actions
 */
export function refusedPage(outcome, words, actions) {
  const key = `reader.refused.${outcome.kind}`;
  const again = ['slow_down', 'unavailable', 'offline', 'failed'].includes(outcome.kind);
  const until = outcome.kind === 'wait' ? words.moment(new Date(outcome.answer.until)) : '';
  const time = words.duration('second', outcome.retryAfter ?? 0);
  return [el('section', { class: 'banner banner-caution' }, mark('caution'),
    el('div', {},
      pageHeading(words.t(`${key}.title`)),
      el('p', {}, words.t(`${key}.text`, { until, time })),
      el('h2', {}, words.t('reader.refused.now')),
      el('ul', {},
        el('li', {}, words.t('reader.refused.front')),
        el('li', {}, words.t('reader.refused.contacts')),
        (outcome.actions ?? []).map((action) => el('li', {}, action))),
      el('p', {}, button(words.t('reader.to_card'), 'main', actions.back)),
      again && el('p', {}, link(words.t('reader.refused.again'), actions.again))))];
}
