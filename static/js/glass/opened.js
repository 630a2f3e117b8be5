// @ts-check
// What comes after the request: the opened record with the time that is left, the end of that time, or what to do instead.

import { el, mark, pageHeading } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { link } from './questions.js';
import { recordOf, shownRecord } from '../reader/sections.js';
import { talkPart } from './talkpage.js';
import { whatWaits } from './waiting.js';

/** @typedef {import('../reader/words.js').Words} Words */

/** Minutes left at which the time is said aloud; between them it only changes on the screen. */
const SAID_AT = [60, 30, 10, 5, 2, 1];

/**
 * @param {any} answer body of a granted answer
 * @param {string[]} keys catalogue keys by card number
 * @param {Words} words
 * @param {Words | null} beside  the holder's language, when both are shown
 * @param {{wait: import('./wait.js').Wait | null, messages: import('./talk.js').Message[], news: HTMLElement[], proof: HTMLElement, unworn: boolean}} around  unworn: a badge was shown and did not count
 * @param {{sensitive: () => void, again: () => void, close: () => void, withdraw: () => void, talk: () => void, handOver: () => void}} actions
 */
export function openedPage(answer, keys, words, beside, { wait, messages, news, proof, unworn }, actions) {
  const entry = answer.entry?.index;
  return [
    answer.drill && el('p', { class: 'drill' }, el('strong', {}, words.t('glass.drill'))),
    el('section', { class: 'banner banner-good' }, mark('good'),
      el('div', {},
        pageHeading(words.t('glass.opened.title')),
        el('p', { id: 'time-left' }),
        el('p', { id: 'time-said', class: 'unseen', role: 'status' }),
        entry !== undefined && el('p', {}, words.t('glass.opened.entry', { entry })),
        el('p', {}, words.t('glass.opened.told')),
        answer.badge && el('p', {}, words.sentence('glass.opened.badge', 'organization', el('bdi', {}, String(answer.badge.organization)))),
        unworn && el('p', {}, words.t('glass.opened.no_badge')))),
    el('div', { class: 'content' }, recordOf(shownRecord(answer.record, keys), words, new Date(), beside)),
    el('section', { class: 'glass', 'aria-labelledby': 'more' },
      el('h2', { id: 'more' }, words.t('glass.sensitive.title')),
      el('p', {}, words.t('glass.sensitive.text')),
      el('p', {}, button(words.t('glass.sensitive.open'), 'main', actions.sensitive))),
    wait && el('section', { class: 'about', 'aria-labelledby': 'waits' },
      el('h2', { id: 'waits' }, words.t(`glass.wait.${wait.state}.title`)),
      wait.state === 'waiting' || wait.state === 'open' ? whatWaits(wait, words, actions) : el('p', {}, words.t(`glass.wait.${wait.state}.text`))),
    talkPart(messages, words, actions.talk),
    el('section', { class: 'about', 'aria-labelledby': 'handover' },
      el('h2', { id: 'handover' }, words.t('glass.handover.heading')),
      el('p', {}, words.t('glass.handover.hint')),
      el('p', {}, button(words.t('glass.handover.open'), 'plain', actions.handOver))),
    proof,
    reasons(answer, words),
    el('p', {}, button(words.t('glass.opened.close'), 'plain', actions.close)),
    el('div', { class: 'news', id: 'talk-news' }, news),
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
    el('h2', { id: 'because' }, words.t('glass.opened.why')),
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
  const text = words.t('glass.opened.left', { time: timeLeft(milliseconds, words) });
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
  return words.span(Math.ceil(milliseconds / 60_000) * 60_000); // the minute that has begun counts
}

/**
 * @param {Words} words
 * @param {boolean} closed  by the person or by whoever keeps their record
 * @param {() => void} back
 */
export function endedPage(words, closed, back) {
  return [el('section', { class: 'banner banner-caution' }, mark('caution'),
    el('div', {},
      pageHeading(words.t('glass.ended.title')),
      el('p', {}, words.t(closed ? 'glass.ended.closed' : 'glass.ended.text')),
      el('p', {}, button(words.t('glass.to_card'), 'main', back))))];
}

/**
 * What a responder can do when nothing was opened.
 * @param {import('../reader/open.js').Outcome} outcome
 * @param {Words} words
 * @param {{back: () => void, again: () => void}} actions
 */
export function refusedPage(outcome, words, actions) {
  const key = `glass.refused.${outcome.kind}`;
  const again = ['slow_down', 'unavailable', 'offline', 'failed'].includes(outcome.kind);
  const time = words.duration('second', outcome.retryAfter ?? 0);
  return [el('section', { class: 'banner banner-caution' }, mark('caution'),
    el('div', {},
      pageHeading(words.t(`${key}.title`)),
      el('p', {}, words.t(`${key}.text`, { time })),
      el('h2', {}, words.t('glass.refused.now')),
      el('ul', {},
        el('li', {}, words.t('glass.refused.front')),
        el('li', {}, words.t('glass.refused.contacts')),
        (outcome.actions ?? []).map((action) => el('li', {}, action))),
      el('p', {}, button(words.t('glass.to_card'), 'main', actions.back)),
      again && el('p', {}, link(words.t('glass.refused.again'), actions.again))))];
}
