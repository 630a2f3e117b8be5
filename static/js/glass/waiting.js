// @ts-check
// The page of a request that waits, and what became of it.

import { el, mark, pageHeading } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { link } from './questions.js';
import { timeLeft } from './opened.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('./wait.js').Wait} Wait */

/**
 * @param {Wait} wait
 * @param {string[]} actions what the responder can do meanwhile, in words
 * @param {Words} words
 * @param {{back: () => void, withdraw: () => void, again: () => void}} go
 */
export function waitingPage(wait, actions, words, go) {
  const waits = wait.state === 'waiting' || wait.state === 'open';
  return [el('section', { class: `banner banner-${waits ? 'busy' : 'caution'}` }, mark(waits ? 'busy' : 'caution'),
    el('div', {},
      pageHeading(words.t(`glass.wait.${wait.state}.title`)),
      waits ? whatWaits(wait, words, go) : el('p', {}, words.t(`glass.wait.${wait.state}.text`)),
      el('h2', {}, words.t('glass.refused.now')),
      el('ul', {}, (waits && actions.length > 0 ? actions : [words.t('glass.refused.front'), words.t('glass.refused.contacts')]).map((action) => el('li', {}, action))),
      el('p', {}, button(words.t('glass.to_card'), 'main', go.back)),
      !waits && wait.state !== 'vetoed' && el('p', {}, link(words.t('glass.wait.again'), go.again))))];
}

/**
 * What waits, as a part of the waiting page and beside what is open already.
 * @param {Wait} wait
 * @param {Words} words
 * @param {{withdraw: () => void, again: () => void}} actions
 */
export function whatWaits(wait, words, { withdraw, again }) {
  const { answers, step, needed, opens, watch } = wait.kept;
  const waits = wait.state === 'waiting';
  return [
    waits && opens > 0 && el('p', { id: 'wait-left' }, waitLeft(wait, words)),
    waits && needed > 0 && el('p', {}, words.t('glass.wait.sooner', { count: needed })),
    el('dl', {},
      line(words, 'glass.wait.asked', words.t(`glass.wait.${step}`)),
      answers.reason && line(words, 'glass.why.reason', words.t(`reason.${answers.reason}`)),
      answers.reason_text && line(words, 'glass.why.text', el('bdi', {}, answers.reason_text))),
    el('p', {}, words.t(!waits ? 'glass.wait.open.text' : watch ? 'glass.wait.itself' : 'glass.wait.other')),
    wait.offline && el('p', { role: 'status', class: 'error' }, words.t('glass.offline')),
    (!watch || !waits) && el('p', {}, button(words.t('glass.wait.again'), 'plain', again)),
    watch && waits && el('p', {}, button(words.t('glass.wait.withdraw'), 'plain', withdraw)),
  ];
}

/**
 * @param {Wait} wait
 * @param {Words} words
 */
export function waitLeft(wait, words) {
  const until = words.moment(new Date(Date.now() + wait.left()));
  return `${words.t('glass.wait.waiting.text', { until })} ${words.t('glass.opened.left', { time: timeLeft(wait.left(), words) })}`;
}

/**
 * @param {Words} words
 * @param {string} key
 * @param {Node | string} value
 */
function line(words, key, value) {
  return el('div', {}, el('dt', {}, words.t(key)), el('dd', {}, value));
}
