// @ts-check
// A part of somebody's log, checked as a whole: every entry stands in the published log with the payload that is shown, none is missing between two
// others, and each names the one before it.

import { equal, fromBase64, hashesOf, leafOf, verifyCheckpoint, verifyInclusion } from './tlog.js';

/**
 * What an entry is worth. "unable" says nothing about it: its words were erased, or this browser cannot check the signature.
 * @typedef {'proven'|'waiting'|'failed'|'unable'} State
 */

/**
 * @typedef {object} Entry as GET /v1/patients/{id}/log gives it
 * @property {number} index
 * @property {number} seq
 * @property {string | null} salt     base64url; null once erased
 * @property {string | null} payload  the exact text; null once erased
 * @property {{size: number, hashes: string[]} | null} proof  null while no checkpoint covers the entry
 */

/** @typedef {{state: State, index: number, payload: any}} Checked  payload is null where there is none that can be believed */

/**
 * Checks the entries of one subject, in their order. That the first names the one before it can only be seen when that one is there too.
 * @param {{vkey: string, checkpoint: string, entries: Entry[]}} answer
 * @param {string} subject
 * @returns {Promise<Map<number, Checked>>} by seq
 */
export async function verifyHistory({ vkey, checkpoint, entries }, subject) {
  const signed = await verifyCheckpoint(checkpoint, vkey);
  const payloads = entries.map((entry) => payloadOf(entry, subject));
  const leaves = await Promise.all(entries.map(({ salt, payload }, i) =>
    // An erased entry keeps its leaf: the next entry names it.
    (payload === null ? previous(payloads[i + 1]) : leafOf(salt ?? '', payload))));
  const checked = new Map();
  for (const [i, entry] of entries.entries()) {
    const linked = follows(entries[i - 1], entry) && names(leaves[i - 1], entry, payloads[i]);
    const state = linked && payloads[i] !== undefined ? await stateOf(entry, leaves[i], signed) : 'failed';
    checked.set(entry.seq, { state, index: entry.index, payload: state === 'failed' ? null : payloads[i] });
  }
  return checked;
}

/**
 * Counts what the log has and a page leaves out: between what it shows, which no honest page does, and newer than it, as when entries are made while
 * the page is on its way.
 * @param {number[]} held  numbers that the log has
 * @param {Set<number>} shown
 * @param {number} after  number of the entry before the page
 * @param {number} end    number of the last that belongs on the page; below 1 for the newest page
 */
export function leftOut(held, shown, after, end) {
  const missing = held.filter((seq) => seq > after && (end < 1 || seq <= end) && !shown.has(seq));
  const newest = Math.max(after, ...shown);
  const newer = missing.filter((seq) => end < 1 && seq > newest).length;
  return { between: missing.length - newer, newer };
}

/**
 * The payload of an entry, null when it was erased, undefined when it is not that of this entry.
 * @param {Entry} entry
 * @param {string} subject
 */
function payloadOf({ seq, payload }, subject) {
  if (payload === null) return null;
  try {
    const read = JSON.parse(payload);
    return read.v === 1 && read.seq === seq && read.subject === subject ? read : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The leaf hash that a payload has of the entry before it.
 * @param {any} payload
 */
function previous(payload) {
  const hash = typeof payload?.prev === 'string' ? fromBase64(payload.prev, 'url') : null;
  return hash?.length === 32 ? hash : null;
}

/**
 * @param {Entry | undefined} before
 * @param {Entry} entry
 */
function follows(before, entry) {
  return !before || (entry.seq === before.seq + 1 && entry.index > before.index);
}

/**
 * Whether an entry names the one before it. The first of all names none, an erased one can no longer be asked.
 * @param {Uint8Array | null | undefined} leaf of the one before, if it is known
 * @param {Entry} entry
 * @param {any} payload
 */
function names(leaf, entry, payload) {
  if (payload === null) return true;
  const named = previous(payload);
  if (entry.seq === 1) return payload?.prev === undefined;
  return named !== null && (!leaf || equal(named, leaf));
}

/**
 * @param {Entry} entry
 * @param {Uint8Array | null} leaf
 * @param {Awaited<ReturnType<typeof verifyCheckpoint>>} signed
 * @returns {Promise<State>}
 */
async function stateOf(entry, leaf, signed) {
  if (leaf === null) return entry.payload === null ? 'unable' : 'failed';
  if (entry.proof === null) return 'waiting';
  if (!signed.ok) return signed.reason === 'unsupported' ? 'unable' : 'failed';
  const hashes = hashesOf(entry.proof.hashes);
  const stands = hashes !== null && entry.proof.size === signed.size && (await verifyInclusion(leaf, entry.index, signed.size, hashes, signed.root));
  return stands ? 'proven' : 'failed';
}
