// @ts-check
// What a browser remembers of a log between two visits: its key and the largest tree that it signed. A log that shows one past today and another
// tomorrow is found out by whoever remembers.

import { equal, hashesOf, verifyCheckpoint, verifyConsistency } from './tlog.js';

/** @typedef {{vkey: string, checkpoint: string}} Seen */

/** @typedef {{size: number, hashes: string[], checkpoint: string}} Consistency from the size to the tree of the checkpoint */

/**
 * What the log of today is to the one that is remembered: the "first" that is seen, the "same" or "grown" from it; or of another "key", "smaller",
 * or a "fork", which no honest log ever is. "unable" says nothing.
 * @typedef {'first'|'same'|'grown'|'key'|'smaller'|'fork'|'unable'} Verdict
 */

/** The size of the tree that is remembered, 0 when there is none that holds. @param {Seen | null} seen */
export async function sizeSeen(seen) {
  const tree = seen && (await verifyCheckpoint(seen.checkpoint, seen.vkey));
  return tree?.ok ? tree.size : 0;
}

/**
 * @param {Seen | null} seen  what is remembered
 * @param {Seen} now
 * @param {Consistency | null} consistency  from the tree that is remembered to that of now
 * @returns {Promise<Verdict>}
 */
export async function compare(seen, now, consistency) {
  const today = await verifyCheckpoint(now.checkpoint, now.vkey);
  if (!today.ok) return 'unable'; // the entries say what is wrong
  const past = seen && (await verifyCheckpoint(seen.checkpoint, seen.vkey));
  if (!seen || !past?.ok) return 'first';
  if (seen.vkey !== now.vkey) return 'key';
  if (today.size < past.size) return 'smaller';
  if (today.size === past.size) return equal(today.root, past.root) ? 'same' : 'fork';
  if (past.size === 0) return 'grown';
  const hashes = consistency && consistency.checkpoint === now.checkpoint ? hashesOf(consistency.hashes) : null;
  const grown = hashes !== null && (await verifyConsistency(past.size, past.root, today.size, today.root, hashes));
  return grown ? 'grown' : 'fork';
}

const KEY = 'locket.log';

/**
 * What this browser remembers, null when it has seen nothing or keeps nothing.
 * @returns {Seen | null}
 */
export function remembered() {
  try {
    const seen = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return typeof seen?.vkey === 'string' && typeof seen.checkpoint === 'string' ? seen : null;
  } catch {
    return null;
  }
}

/** @param {Seen} seen */
export function remember({ vkey, checkpoint }) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ vkey, checkpoint }));
  } catch {
    // A browser that keeps nothing compares nothing: the next visit is a first one again.
  }
}
