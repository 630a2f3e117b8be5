// @ts-check
// Reads somebody's log in pieces: what a page shows, and everything from the entry that is remembered up to the newest. Each piece is held to the one before
// it, so that the server cannot show one log in one answer and another in the next.

import { hold, verifyHistory } from './history.js';
import { HONEST, compare, recall, sizeSeen } from './memory.js';

/** @typedef {import('./history.js').Answer} Answer */
/** @typedef {import('./memory.js').Seen} Seen */

/** Answers that one visit asks for at most: 2,000 entries. What is not reached is gone through on the next visit. */
const MOST = 20;

/** @typedef {{after: number, to: number, reached: boolean, entries: import('./history.js').Held[]}} Run  entries without a gap: all that have a number above after, up to to */

/**
 * @typedef {object} Read
 * @property {Map<number, import('./history.js').Checked>} checked
 * @property {Run} page
 * @property {number} pruned
 * @property {number} hidden    entries at the end that the server counts and does not give
 * @property {import('./memory.js').Verdict} verdict
 * @property {number} lost      entries of everybody that the log says it has lost
 * @property {'kept'|'changed'|'cut'} kept
 * @property {number} own       entries about this person that are lost
 * @property {Answer} answer    the last one
 * @property {Seen | null} today what there is to remember, null when it does not hold
 * @property {Seen | null} next the same, null when it contradicts what is remembered
 */

/**
 * @param {(after: number, size: number, epoch: number) => Promise<Answer>} ask  for the entries after a number, and for the proof from a tree of this size
 * @param {string} subject
 * @param {Seen | null} seen
 * @param {{after: number, end: number}} page  entries that are shown: those with a number above after, up to end
 * @returns {Promise<Read>}
 */
export async function readLog(ask, subject, seen, page) {
  let trusted = seen;
  let asked = 0;
  let key = ''; // that has signed the last checkpoint
  let found = /** @type {{verdict: import('./memory.js').Verdict, lost: number} | null} */ (null);
  let answer = /** @type {Answer} */ (/** @type {unknown} */ (null)); // the first run asks at least once

  /** Reads on from the end of a run. @param {Run} run @param {number} to */
  async function extend(run, to) {
    while (!run.reached && run.to < to && asked++ < MOST) {
      answer = await ask(run.to, await sizeSeen(trusted), trusted?.epoch ?? 0);
      const { verdict, lost, vkey } = await compare(trusted, answer);
      const honest = HONEST.includes(verdict);
      key = vkey;
      if (!found || (!honest && verdict !== 'unable')) found = { verdict, lost };
      if (honest) trusted = { epoch: answer.epoch, vkey, checkpoint: answer.checkpoint, count: 0, leaf: '' };
      const entries = await hold(answer);
      run.entries.push(...entries);
      run.reached = entries.length === 0 || (entries.at(-1)?.seq ?? 0) >= answer.last;
      run.to = Math.max(run.to, entries.at(-1)?.seq ?? 0);
    }
  }

  const start = Math.max((seen?.count ?? 0) - 1, 0); // the entry that is remembered is read again
  let shown = runFrom(Math.max(page.after - 1, 0)); // the one before the page too, which its first names
  await extend(shown, Math.max(page.end, shown.after + 1));
  const runs = [];
  let newest = shown;
  if (start < shown.after) {
    const older = runFrom(start);
    await extend(older, shown.after);
    if (older.to >= shown.after) shown = newest = joined(older, shown);
    else runs.push((newest = older));
  } else if (start > shown.to) {
    runs.push((newest = runFrom(start)));
  }
  if (newest.to >= start) await extend(newest, Infinity);
  const gaps = shown.to - shown.after > shown.entries.length;
  if (gaps || shown.entries.some(({ payload, withheld }) => payload === null && !withheld)) await extend(shown, Infinity); // to find out why
  runs.push(shown);

  const checked = new Map();
  let pruned = 0;
  for (const run of runs) {
    const part = await verifyHistory(run.entries, subject, { after: run.after, reached: run.reached });
    for (const [seq, entry] of part.checked) checked.set(seq, entry);
    pruned += part.pruned;
  }
  const hidden = newest.reached ? Math.max(0, answer.last - newest.to) : 0;
  const good = ![...checked.values()].some(({ state }) => state === 'failed');
  const { kept, own } = good && newest.reached ? recall(seen, checked, answer.last) : { kept: /** @type {const} */ ('kept'), own: 0 };
  const { verdict, lost } = found ?? { verdict: /** @type {const} */ ('unable'), lost: 0 };
  const count = newest.to;
  const leaf = checked.get(count)?.leaf ?? '';
  const today = good && hidden === 0 && key !== '' ? { epoch: answer.epoch, vkey: key, checkpoint: answer.checkpoint, count, leaf } : null;
  const next = kept === 'kept' && HONEST.includes(verdict) ? today : null;
  return { checked, page: shown, pruned, hidden, verdict, lost, kept, own, answer, today, next };
}

/** @param {number} after @returns {Run} */
function runFrom(after) {
  return { after, to: after, reached: false, entries: [] };
}

/** @param {Run} older @param {Run} newer @returns {Run} */
function joined(older, newer) {
  const entries = [...older.entries.filter(({ seq }) => seq <= newer.after), ...newer.entries];
  return { after: older.after, to: newer.to, reached: newer.reached, entries };
}
