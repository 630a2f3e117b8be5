// @ts-check
// What shows that a log contradicts itself, as a file: both signed notes and what was remembered, without anything that the entries say. Whoever has the file
// can check the signatures without this service.

import { el } from '../reader/dom.js';

/**
 * A link that saves the evidence.
 * @param {string} label
 * @param {import('../log/walk.js').Read} read
 * @param {import('../log/memory.js').Seen | null} seen
 */
export function evidence(label, read, seen) {
  const text = JSON.stringify(evidenceOf(read, seen, new Date()), null, 2);
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  return el('a', { class: 'button second', href, download: 'log-evidence.json' }, label);
}

/**
 * @param {import('../log/walk.js').Read} read
 * @param {import('../log/memory.js').Seen | null} seen
 * @param {Date} now
 */
export function evidenceOf({ answer, checked, verdict, kept, hidden, lost, own }, seen, now) {
  const { epoch, vkeys, checkpoint, consistency, earlier, last } = answer;
  const entries = [...checked].map(([seq, { state, epoch, index, leaf }]) => ({ seq, state, epoch, index, leaf }));
  return { format: 'locket-log-evidence/v1', saved: now.toISOString(), verdict, kept, hidden, lost, own, remembered: seen,
    shown: { epoch, vkeys, checkpoint, consistency, earlier, last, entries } };
}
