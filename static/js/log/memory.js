// @ts-check
// What a browser remembers of somebody's log between two visits: the key, the largest tree that it signed, how many entries there were, and the last of
// them. A log that shows one past today and another tomorrow is found out by whoever remembers.

import { signedBy, succeeded, toBase64url } from './history.js';
import { recovered } from './recovery.js';
import { equal, hashesOf, verifyCheckpoint, verifyConsistency } from './tlog.js';

/**
 * @typedef {object} Seen
 * @property {number} epoch
 * @property {string} vkey
 * @property {string} checkpoint
 * @property {number} count  entries about this person
 * @property {string} leaf   of the last of them, base64url; "" when there was none
 */

/** @typedef {{size: number, hashes: string[], checkpoint: string}} Consistency from the size to the tree of the checkpoint */

/**
 * What the log of today is to the one that is remembered: the "first" that is seen, the "same" or "grown" from it, or a new "epoch" that holds all of it;
 * or it has "lost" something and says so; or it is of another "key", "smaller", or a "fork", which no honest log ever is. "unable" says nothing.
 * @typedef {'first'|'same'|'grown'|'epoch'|'lost'|'key'|'smaller'|'fork'|'unable'} Verdict
 */

/** Verdicts after which the log of today is the one to remember. */
export const HONEST = /** @type {readonly Verdict[]} */ (['first', 'same', 'grown', 'epoch']);

/** The size of the tree that is remembered, 0 when there is none that holds. @param {Seen | null} seen */
export async function sizeSeen(seen) {
  const tree = seen && (await verifyCheckpoint(seen.checkpoint, seen.vkey));
  return tree?.ok ? tree.size : 0;
}

/**
 * @param {Seen | null} seen  what is remembered
 * @param {import('./history.js').Answer} now
 * @returns {Promise<{verdict: Verdict, lost: number, vkey: string}>}  how many entries of everybody are lost, and the key to remember
 */
export async function compare(seen, now) {
  const { signed: today, vkey } = await signedBy(now.vkeys, now.checkpoint);
  const says = (/** @type {Verdict} */ verdict, lost = 0) => ({ verdict, lost, vkey });
  const past = seen && (await verifyCheckpoint(seen.checkpoint, seen.vkey));
  if (now.checkpoint === '') return says(past?.ok && seen?.epoch === now.epoch ? 'smaller' : 'unable'); // none is published yet
  if (!today.ok) return says(today.reason === 'unsupported' ? 'unable' : 'key');
  if (!seen || !past?.ok) return says('first');
  if (seen.epoch > now.epoch) return says('smaller');
  const goesOn = seen.epoch === now.epoch;
  const checkpoint = goesOn ? now.checkpoint : now.earlier.find(({ epoch }) => epoch === seen.epoch)?.checkpoint ?? '';
  const { signed: then, vkey: known } = await succeeded(checkpoint, seen.vkey, now.successions, past); // a log that changes its key signs by both for a time
  if (checkpoint !== '' && !then.ok) return says('key');
  const grown = then.ok ? await growth(past, then, checkpoint, now.consistency) : 'smaller'; // of a closed epoch nothing may be left
  if (goesOn || grown === 'fork') return says(grown);
  const admitted = await recovered({ ...seen, vkey: known }, now);
  if (admitted === null) return says('key');
  if (grown !== 'smaller' || admitted.kept >= past.size) return says('epoch');
  return admitted.known >= past.size ? says('lost', past.size - admitted.kept) : says('smaller');
}

/**
 * What a tree is to an earlier one of the same epoch.
 * @param {import('./tlog.js').Tree} past
 * @param {import('./tlog.js').Tree} today
 * @param {string} checkpoint of today
 * @param {Consistency | null} consistency
 * @returns {Promise<'same'|'grown'|'smaller'|'fork'>}
 */
async function growth(past, today, checkpoint, consistency) {
  if (today.size < past.size) return 'smaller';
  if (today.size === past.size) return equal(today.root, past.root) ? 'same' : 'fork';
  if (past.size === 0) return 'grown';
  const hashes = consistency && consistency.checkpoint === checkpoint ? hashesOf(consistency.hashes) : null;
  const proven = hashes !== null && (await verifyConsistency(past.size, past.root, today.size, today.root, hashes));
  return proven ? 'grown' : 'fork';
}

/**
 * What became of the entries about this person that are remembered: they are "kept", or the last of them is "changed" or "cut" off with whatever came before it.
 * @param {Seen | null} seen
 * @param {Map<number, import('./history.js').Checked>} checked  all entries from the one that is remembered to the last, none of which has failed
 * @param {number} last  number of the last entry that there is
 * @returns {{kept: 'kept'|'changed'|'cut', own: number}}  own is how many are lost at least
 */
export function recall(seen, checked, last) {
  if (!seen || seen.count === 0) return { kept: 'kept', own: 0 };
  const same = checked.get(seen.count);
  if (same && same.leaf === seen.leaf) return { kept: 'kept', own: 0 };
  if (!same) return last < seen.count ? { kept: 'cut', own: seen.count - last } : { kept: 'kept', own: 0 }; // else it is gone below the minimum
  if (same.epoch > seen.epoch) {
    // The number was given again, after the log had lost its end.
    const left = [...checked].filter(([, { epoch }]) => epoch <= seen.epoch).map(([seq]) => seq);
    return { kept: 'cut', own: seen.count - (left.length > 0 ? Math.max(...left) : seen.count - 1) };
  }
  return { kept: 'changed', own: 0 };
}

const KEY = 'locket.log';

/** Where the log of somebody is remembered: under a hash, so that the browser's store does not list whose logs were read. @param {string} subject */
async function place(subject) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`locket log\n${subject}`));
  return `${KEY}.${toBase64url(new Uint8Array(hash).subarray(0, 16))}`;
}

/**
 * What this browser remembers, null when it has seen nothing or keeps nothing.
 * @param {string} subject
 * @returns {Promise<Seen | null>}
 */
export async function remembered(subject) {
  try {
    const seen = JSON.parse(localStorage.getItem(await place(subject)) ?? localStorage.getItem(KEY) ?? 'null');
    if (typeof seen?.vkey !== 'string' || typeof seen.checkpoint !== 'string') return null;
    const { vkey, checkpoint, epoch = 1, count = 0, leaf = '' } = seen; // an older build remembered no entries
    return { vkey, checkpoint, epoch: Number(epoch), count: Number(count), leaf: String(leaf) };
  } catch {
    return null;
  }
}

/**
 * @param {string} subject
 * @param {Seen} seen
 */
export async function remember(subject, { epoch, vkey, checkpoint, count, leaf }) {
  try {
    localStorage.setItem(await place(subject), JSON.stringify({ epoch, vkey, checkpoint, count, leaf }));
  } catch {
    // A browser that keeps nothing compares nothing: the next visit is a first one again.
  }
}
