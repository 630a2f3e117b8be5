// @ts-check
// What is written while an opening runs: how a line looks, and the page of a keeper that shows new ones by itself.

import { Live } from '../glass/live.js';
import { el } from '../reader/dom.js';

/**
 * A line in words, as the server says it.
 * @typedef {object} Line
 * @property {number} number
 * @property {string} who
 * @property {string} kind
 * @property {string} text
 * @property {string} place
 * @property {string} geo
 * @property {string} at
 * @property {string} when
 * @property {boolean} mine
 */

/**
 * The line as the page has it (templates/console/thread.html).
 * @param {Line} line
 */
export function lineOf(line) {
  return el('li', { class: line.mine ? 'mine' : undefined, 'data-number': line.number },
    el('p', { class: 'who' }, el('strong', {}, el('bdi', {}, line.who)), ' ', el('time', { class: 'when', datetime: line.when }, line.at)),
    line.kind !== '' && el('p', { class: 'note' }, line.kind),
    line.place !== '' && el('p', {}, el('a', { href: line.geo, dir: 'ltr' }, line.place)),
    line.text !== '' && el('p', { class: 'said', dir: 'auto', lang: '' }, line.text));
}

/**
 * Adds lines that a list does not have yet.
 * @param {HTMLElement} list
 * @param {Line[]} lines
 */
export function addLines(list, lines) {
  const last = Number(list.dataset.after ?? 0);
  const fresh = lines.filter((line) => line.number > last);
  list.append(...fresh.map(lineOf));
  list.dataset.after = String(Math.max(last, ...fresh.map((line) => line.number)));
}

/** @param {HTMLElement} list */
function follow(list) {
  const hear = (/** @type {{messages: Line[], ended: boolean}} */ said) => {
    addLines(list, said.messages);
    const none = document.querySelector('[data-thread-none]');
    if (none instanceof HTMLElement && list.childElementCount > 0) none.hidden = true;
    if (said.ended) end(list);
    return !said.ended;
  };
  new Live(list.dataset.thread ?? '', () => ({ after: Number(list.dataset.after ?? 0) }), hear, () => {}, 'same-origin').start();
}

/** @param {HTMLElement} list */
function end(list) {
  for (const part of document.querySelectorAll('[data-while-running]')) part.remove();
  const state = document.querySelector('[data-grant-state]');
  state?.replaceChildren(el('p', { class: 'lead' }, list.dataset.ended ?? ''));
}

const list = document.querySelector('[data-thread]');
if (list instanceof HTMLElement) follow(list);
