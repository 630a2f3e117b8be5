// @ts-check
// Who looked. The browser does not take the server's word for its own log: it proves each entry, says it again from what was proved, and holds the
// whole log to the one that it remembers from an earlier visit.

import { leftOut } from '../log/history.js';
import { HONEST, remember, remembered } from '../log/memory.js';
import { newLogs } from '../log/recovery.js';
import { readLog } from '../log/walk.js';
import { el } from '../reader/dom.js';
import { Words, json } from '../reader/words.js';
import { coded, eraser, moment, sameText, sayEntry } from './entry.js';
import { evidence } from './evidence.js';

/** Publishing goes on while the page asks: the proof must lead to the same checkpoint as the entries. */
const TRIES = 3;

/** Where the words of entries stand. */
const ROOMS = ['console', 'entries', 'history', 'words'];

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
  const subject = log.dataset.patient ?? '';
  const items = /** @type {HTMLElement[]} */ ([...log.querySelectorAll('[data-seq]')]);
  const shown = items.map((item) => Number(item.dataset.seq));
  const whole = 'whole' in log.dataset;
  const page = whole ? { after: Number(log.dataset.after), end: Number(log.dataset.end) } : { after: Math.min(...shown, Infinity) - 1, end: Math.max(...shown, 0) };
  if (!Number.isFinite(page.after)) page.after = page.end; // a page without entries
  const seen = await remembered(subject);
  const read = await readLog(asking(log.dataset.log ?? ''), subject, seen, page);
  const counts = { proven: 0, failed: 0, differs: 0 };
  const held = new Set();
  for (const item of items) {
    const seq = Number(item.dataset.seq);
    const entry = read.checked.get(seq);
    const lies = !entry || held.has(seq); // the page shows what the log does not hold, or holds once
    const state = lies ? 'failed' : entry.state;
    held.add(seq);
    if (lies) counts.failed += 1;
    const withheld = entry?.withheld && state === 'proven';
    if (state === 'proven' && !withheld) counts.proven += 1;
    if (entry && !entry.withheld && state !== 'failed' && !show(item, entry, words, read.answer.cards)) counts.differs += 1;
    part(item, '[data-proof]').textContent = words.t(withheld ? 'history.withheld.proof' : `console.log.${state}`);
    item.classList.add(`proof-${state}`);
  }
  for (const { state } of read.checked.values()) if (state === 'failed') counts.failed += 1;
  const last = Number(log.dataset.last); // when the page was made
  if (whole) counts.failed += leftOut(read.page.entries.map(({ seq }) => seq), held, page.after, page.end);
  if (counts.failed > 0) tell(words.t('console.log.alarm', { count: counts.failed }), 'failed');
  if (counts.differs > 0) tell(words.t('console.log.differ', { count: counts.differs }), 'failed');
  if (read.hidden > 0) tell(words.t('history.alarm.hidden', { count: read.hidden }), 'failed');
  if (read.kept !== 'kept' && read.verdict !== 'lost') tell(words.t(`history.alarm.${read.kept}`, { count: read.own }), 'failed');
  const sound = counts.failed + counts.differs + read.hidden === 0 && read.kept === 'kept' && (HONEST.includes(read.verdict) || read.verdict === 'unable');
  if (counts.proven > 0 && sound) tell(words.t('console.log.all_proven', { count: counts.proven }), 'proven');
  if (whole && page.end === last && read.answer.last > last) tell(words.t('console.log.newer', { count: read.answer.last - last }), 'waiting');
  if (read.pruned > 0) tell(words.t('history.pruned', { count: read.pruned }), 'quiet');
  await compareAll(subject, seen, read, words, sound);
}

async function loadWords() {
  const { lang, dir } = document.documentElement;
  const rooms = await Promise.all(ROOMS.map((room) => json(`locales/${lang}/${room}.json`)));
  return new Words(lang, dir, Object.assign({}, ...rooms), { labels: [], drafted: '' });
}

/**
 * Asks the server for a part of the log.
 * @param {string} source
 */
function asking(source) {
  return async (/** @type {number} */ after, /** @type {number} */ size, /** @type {number} */ epoch) => {
    for (let tries = 1; ; tries++) {
      const response = await fetch(`${source}?after=${after}&seen=${size}&epoch=${epoch}`, { cache: 'no-store', headers: { accept: 'application/json' } });
      if (!response.ok) throw new Error(String(response.status));
      const answer = /** @type {import('../log/history.js').Answer} */ (await response.json());
      if (!answer.consistency || epoch !== answer.epoch || answer.consistency.checkpoint === answer.checkpoint || tries === TRIES) return answer;
    }
  };
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
  const number = entry.epoch > 1 ? words.t('history.entry', { number: entry.index, log: entry.epoch }) : words.t('console.log.entry', { number: entry.index });
  const proved = [said.title, said.when, number, ...said.facts.flatMap(({ label, value, when, code }) => [label, when ?? code ?? value])];
  const shown = shownBy(item);
  part(item, 'h2').replaceChildren(said.title);
  part(item, '.when').replaceChildren(el('time', { datetime: said.when }, said.at));
  part(item, '.facts').replaceChildren(...said.facts.map(fact));
  part(item, '.entry-number').replaceChildren(number);
  if (entry.erased) {
    const { at, ground, actor, was } = entry.erased;
    const left = sayEntry(was, words, {}); // by the entry that erased it
    part(item, '.when').replaceChildren(el('time', { datetime: left.when }, left.at));
    part(item, '.facts').replaceChildren(fact({ label: words.t('history.find.kind'), value: left.title }));
    const by = coded('erased_by', eraser(actor), words);
    if (by) part(item, '.facts').append(fact({ label: words.t('fact.erased_by'), value: by }));
    part(item, '.facts').after(el('p', { class: 'note' }, words.t('history.erased', { date: moment(at, words), ground: coded('ground', ground, words) ?? '' })));
  }
  const same = proved.length === shown.length && proved.every((text, i) => sameText(text, shown[i]));
  if (!same) part(item, '.proof').before(el('p', { class: 'fault' }, words.t('console.log.differs')));
  return same;
}

/** What the page says of an entry, in the order in which it is proved. @param {HTMLElement} item */
function shownBy(item) {
  const facts = [...item.querySelectorAll('.facts > div')].flatMap((row) => [part(row, 'dt').textContent ?? '',
    row.querySelector('time')?.dateTime ?? row.querySelector('data')?.value ?? part(row, 'dd').textContent ?? '']);
  return [part(item, 'h2').textContent ?? '', item.querySelector('time')?.dateTime ?? '', part(item, '.entry-number').textContent ?? '', ...facts];
}

/** @param {import('./entry.js').Fact} fact */
function fact({ label, value, when, code, own }) {
  if (when) return el('div', {}, el('dt', {}, label), el('dd', {}, el('time', { datetime: when }, value)));
  if (code) return el('div', {}, el('dt', {}, label), el('dd', {}, el('data', { value: code }, value)));
  return el('div', {}, el('dt', {}, label), el('dd', {}, own ? el('bdi', { dir: 'auto', lang: '' }, value) : el('bdi', {}, value)));
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
 * Says what the log is to the one that is remembered, and remembers the one of today. One that contradicts the memory is not remembered: it is an alarm on
 * each visit, with what to do about it.
 * @param {string} subject
 * @param {import('../log/memory.js').Seen | null} seen
 * @param {import('../log/walk.js').Read} read
 * @param {Words} words
 * @param {boolean} sound  whether nothing contradicts anything
 */
async function compareAll(subject, seen, read, words, sound) {
  const { verdict, lost, own, next, today } = read;
  const honest = HONEST.includes(verdict);
  if (verdict === 'lost') {
    tell(words.t('history.alarm.lost', { count: lost }), 'failed');
    if (own > 0) tell(words.t('history.alarm.own', { count: own }), 'failed');
  } else if (verdict === 'epoch' && sound) {
    tell(words.t('history.epoch.kept'), 'quiet');
  } else if (verdict !== 'unable' && (sound || !honest)) {
    tell(words.t(`console.log.memory.${verdict}`), honest ? 'quiet' : 'failed');
  }
  for (const { epoch, at, reason } of await newLogs(read.answer)) {
    tell(words.t('history.epoch', { log: epoch, date: moment(at, words) }), 'quiet');
    status?.append(el('p', {}, words.t('history.epoch.reason'), ' ', el('q', {}, el('bdi', { dir: 'auto', lang: '' }, reason))));
  }
  if (next) await remember(subject, next);
  if (sound) return;
  tell(words.t('history.do'), 'quiet');
  status?.append(el('p', { class: 'actions' }, evidence(words.t('history.evidence'), read, seen)));
  if (!today || (verdict !== 'lost' && verdict !== 'key')) return;
  const accept = el('button', { class: 'second' }, words.t('history.accept'));
  accept.addEventListener('click', async () => {
    await remember(subject, today);
    location.reload();
  });
  status?.append(el('p', {}, words.t('history.accept.text')), el('p', {}, accept));
}

/**
 * @param {string} text
 * @param {string} tone
 */
function tell(text, tone) {
  status?.append(el('p', { class: `proof-${tone}` }, text));
}
