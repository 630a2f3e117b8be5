// @ts-check
// Who looked. The browser does not take the server's word for its own log: it proves each entry, says it again from what was proved, and compares the
// whole log with the one that it remembers from an earlier visit.

import { leftOut, verifyHistory } from '../log/history.js';
import { compare, remember, remembered, sizeSeen } from '../log/memory.js';
import { el } from '../reader/dom.js';
import { Words, json } from '../reader/words.js';
import { sameText, sayEntry } from './entry.js';

/** Publishing goes on while the page asks: the proof must lead to the same checkpoint as the entries. */
const TRIES = 3;

const log = document.querySelector('[data-log]');
const status = document.querySelector('[data-log-status]');

if (log instanceof HTMLElement) {
  try {
    await check(log);
  } catch {
    tell(log.dataset.unable ?? '', 'unable');
  }
}

/** @param {HTMLElement} log */
async function check(log) {
  const words = await loadWords();
  const seen = remembered();
  const after = Number(log.dataset.after);
  const answer = await fetchHistory(log.dataset.log ?? '', after, await sizeSeen(seen));
  const checked = await verifyHistory(answer, log.dataset.patient ?? '');
  const counts = { proven: 0, failed: 0, differs: 0 };
  const shown = new Set();
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (log.querySelectorAll('[data-seq]'))) {
    const seq = Number(item.dataset.seq);
    const entry = checked.get(seq);
    const state = entry && !shown.has(seq) ? entry.state : 'failed'; // the page shows what the log does not hold, or holds once
    shown.add(seq);
    if (state === 'proven') counts.proven += 1;
    if (state === 'failed') counts.failed += 1;
    if (entry && state !== 'failed' && !show(item, entry, words, answer.cards)) counts.differs += 1;
    part(item, '[data-proof]').textContent = words.t(`console.log.${state}`);
    item.classList.add(`proof-${state}`);
  }
  const { between, newer } = leftOut([...checked.keys()], shown, after, Number(new URLSearchParams(location.search).get('before')) - 1);
  counts.failed += between;
  if (counts.failed > 0) tell(words.t('console.log.alarm', { count: counts.failed }), 'failed');
  if (counts.differs > 0) tell(words.t('console.log.differ', { count: counts.differs }), 'failed');
  if (counts.proven > 0 && counts.failed + counts.differs === 0) tell(words.t('console.log.all_proven', { count: counts.proven }), 'proven');
  if (newer > 0) tell(words.t('console.log.newer', { count: newer }), 'waiting');
  if (answer.checkpoint !== '') await witness(seen, answer, words);
}

async function loadWords() {
  const { lang, dir } = document.documentElement;
  const [console, shared] = await Promise.all([json(`locales/${lang}/console.json`), json(`locales/${lang}/words.json`)]);
  return new Words(lang, dir, { ...shared, ...console }, { labels: [], drafted: '' });
}

/**
 * Gets the entries of the page and the one before them, which the first of them names.
 * @param {string} source
 * @param {number} after  number of the entry before the page
 * @param {number} seen   size of the log that is remembered
 */
async function fetchHistory(source, after, seen) {
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${source}?after=${Math.max(after - 1, 0)}&seen=${seen}`, { cache: 'no-store', headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    if (!answer.consistency || answer.checkpoint === '' || answer.consistency.checkpoint === answer.checkpoint || tries === TRIES) return answer;
  }
}

/**
 * Says an entry again from what was proved. What the page said before is replaced, whatever it was; whether it said the same is returned.
 * @param {HTMLElement} item
 * @param {import('../log/history.js').Checked} entry
 * @param {Words} words
 * @param {Record<string, string>} cards
 */
function show(item, entry, words, cards) {
  const said = sayEntry(entry.payload, words, cards);
  const number = words.t('console.log.entry', { number: entry.index });
  const proved = [said.title, said.when, number, ...said.facts.flatMap(({ label, value, when }) => [label, when ?? value])];
  const shown = shownBy(item);
  part(item, 'h2').replaceChildren(said.title);
  part(item, '.when').replaceChildren(el('time', { datetime: said.when }, said.at));
  part(item, '.facts').replaceChildren(...said.facts.map(fact));
  part(item, '.entry-number').replaceChildren(number);
  const same = proved.length === shown.length && proved.every((text, i) => sameText(text, shown[i]));
  if (!same) part(item, '.proof').before(el('p', { class: 'fault' }, words.t('console.log.differs')));
  return same;
}

/** What the page says of an entry, in the order in which it is proved. @param {HTMLElement} item */
function shownBy(item) {
  const facts = [...item.querySelectorAll('.facts > div')].flatMap((row) => [part(row, 'dt').textContent ?? '', row.querySelector('time')?.dateTime ?? part(row, 'dd').textContent ?? '']);
  return [part(item, 'h2').textContent ?? '', item.querySelector('time')?.dateTime ?? '', part(item, '.entry-number').textContent ?? '', ...facts];
}

/** @param {import('./entry.js').Fact} fact */
function fact({ label, value, when, own }) {
  const said = when ? el('time', { datetime: when }, value) : own ? el('bdi', { dir: 'auto', lang: '' }, value) : el('bdi', {}, value);
  return el('div', {}, el('dt', {}, label), el('dd', {}, said));
}

/**
 * A part that the page has for certain.
 * @param {Element} item
 * @param {string} selector
 */
function part(item, selector) {
  return /** @type {HTMLElement} */ (item.querySelector(selector));
}

/**
 * Compares the log with the one that is remembered, and remembers the larger. One that contradicts the memory is not remembered: it is an alarm on
 * each visit.
 * @param {import('../log/memory.js').Seen | null} seen
 * @param {import('../log/memory.js').Seen & {consistency: import('../log/memory.js').Consistency | null}} answer
 * @param {Words} words
 */
async function witness(seen, answer, words) {
  const verdict = await compare(seen, answer, answer.consistency);
  if (verdict === 'unable') return;
  const honest = verdict === 'first' || verdict === 'same' || verdict === 'grown';
  if (honest) remember(answer);
  tell(words.t(`console.log.memory.${verdict}`), honest ? 'quiet' : 'failed');
}

/**
 * @param {string} text
 * @param {string} tone
 */
function tell(text, tone) {
  status?.append(el('p', { class: `proof-${tone}` }, text));
}
