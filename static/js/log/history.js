// @ts-check
// A part of somebody's log, checked as a whole: every entry stands in the published log with the payload that is shown, none is missing between two
// others, and each names the one before it. What was erased was erased by an entry that says so.

import { equal, fromBase64, hashesOf, leafOf, verifyCheckpoint, verifyInclusion } from './tlog.js';

/**
 * What an entry is worth. "unable" says nothing about it: this browser cannot check the signature, or it does not know yet why the words were erased.
 * @typedef {'proven'|'waiting'|'failed'|'unable'} State
 */

/** @typedef {Awaited<ReturnType<typeof verifyCheckpoint>>} Signed */

/**
 * @typedef {object} Entry as GET /v1/patients/{id}/log gives it
 * @property {number} epoch  of the log, from 1
 * @property {number} index  in its epoch
 * @property {number} seq
 * @property {string} leaf   base64; of an erased entry it is all that is left
 * @property {string | null} salt     base64url; null once erased
 * @property {string | null} payload  the exact text; null once erased
 * @property {boolean} withheld  salt and payload are null because they are not for whoever asks
 * @property {{size: number, hashes: string[]} | null} proof  null while no checkpoint covers the entry
 */

/**
 * @typedef {object} Answer of GET /v1/patients/{id}/log
 * @property {number} epoch        the present one
 * @property {string[]} vkeys      that sign its checkpoint; more than one while one takes the place of another
 * @property {string} checkpoint   "" while none is published
 * @property {{epoch: number, vkeys: string[], checkpoint: string}[]} earlier
 * @property {Succession[]} successions  how keys that sign no more were followed by others
 * @property {import('./memory.js').Consistency | null} consistency
 * @property {import('./recovery.js').Recovery[]} recoveries
 * @property {number} last         number of the last entry that there is
 * @property {Entry[]} entries
 * @property {Record<string, string>} cards
 */

/** @typedef {{vkey: string, checkpoint: string}} Succession  a checkpoint that a key which has ended and the one that took its place, this one, have both signed */

/** @typedef {Entry & {signed: Signed}} Held  with the tree that its proof leads to */

/** @typedef {{at: number, ground: string, actor: any, was: {type: string, at: number}}} Erased  when, why and by whom, and what the entry had been */

/**
 * @typedef {object} Checked
 * @property {State} state
 * @property {number} epoch
 * @property {number} index
 * @property {any} payload          null where there is none that can be believed
 * @property {string} leaf          base64url, "" where there is none that can be believed
 * @property {boolean} withheld     its place alone is checked: its words are not for whoever asks
 * @property {Erased | null} erased what the entry says by which the words were erased
 */

/**
 * Checks the checkpoints of an answer, and gives each of its entries the one of its epoch.
 * @param {Answer} answer
 * @returns {Promise<Held[]>}
 */
export async function hold(answer) {
  const trees = new Map();
  for (const { epoch, vkeys, checkpoint } of [...answer.earlier, answer]) trees.set(epoch, (await signedBy(vkeys, checkpoint)).signed);
  const none = /** @type {Signed} */ ({ ok: false, reason: 'checkpoint' });
  return answer.entries.map((entry) => ({ ...entry, signed: trees.get(entry.epoch) ?? none }));
}

/**
 * What a checkpoint says, by the last of the keys that has signed it.
 * @param {string[]} vkeys
 * @param {string} checkpoint
 * @returns {Promise<{signed: Signed, vkey: string}>} vkey is "" when none has
 */
export async function signedBy(vkeys, checkpoint) {
  let signed = /** @type {Signed} */ ({ ok: false, reason: 'key' });
  for (const vkey of [...vkeys].reverse()) {
    signed = await verifyCheckpoint(checkpoint, vkey);
    if (signed.ok) return { signed, vkey };
  }
  return { signed, vkey: '' };
}

/**
 * What a checkpoint says by a key that is trusted, or by one that has taken its place. Who was away while that happened goes from key to key, by checkpoints that
 * each of two has signed and that hold as much as was seen before.
 * @param {string} checkpoint
 * @param {string} vkey  that is trusted
 * @param {Succession[]} successions
 * @param {import('./tlog.js').Tree | null} [past]  the tree that was seen
 * @returns {Promise<{signed: Signed, vkey: string}>} by which key
 */
export async function succeeded(checkpoint, vkey, successions, past = null) {
  const trusted = [vkey];
  for (const key of trusted) {
    const signed = await verifyCheckpoint(checkpoint, key);
    if (signed.ok) return { signed, vkey: key };
    for (const next of successions) {
      if (trusted.includes(next.vkey) || !(await verifyCheckpoint(next.checkpoint, next.vkey)).ok) continue;
      const both = await verifyCheckpoint(next.checkpoint, key);
      const goesOn = both.ok && (!past || both.size > past.size || (both.size === past.size && equal(both.root, past.root)));
      if (goesOn) trusted.push(next.vkey);
    }
  }
  return { signed: await verifyCheckpoint(checkpoint, vkey), vkey };
}

/**
 * Checks entries of one subject that follow one another. That the first names the one before it can only be seen when that one is there too.
 * @param {Held[]} entries
 * @param {string} subject
 * @param {{after: number, reached?: boolean}} part  the number before the first; and whether the last is the last that there is
 * @returns {Promise<{checked: Map<number, Checked>, pruned: number}>} by seq; and how many are gone whole, and a later entry says so
 */
export async function verifyHistory(entries, subject, { after, reached = true }) {
  const payloads = entries.map((entry) => payloadOf(entry, subject));
  const leaves = await Promise.all(entries.map(({ salt, payload, leaf }) => (payload === null ? hashOf(leaf, 'standard') : leafOf(salt ?? '', payload))));
  const said = erasures(payloads);
  const checked = new Map();
  let pruned = 0;
  let last = { seq: after, leaf: '' };
  for (const [i, entry] of entries.entries()) {
    let excused = /** @type {State} */ ('proven');
    for (let seq = last.seq + 1; seq < entry.seq && excused === 'proven'; seq++) {
      const gone = said.get(seq);
      excused = speaks(gone, gone?.leaf, last.leaf, reached);
      if (excused === 'proven') pruned += 1;
      last = { seq, leaf: gone?.leaf ?? '' };
    }
    const linked = entry.seq > last.seq && follows(entries[i - 1], entry) && names(last.leaf, entry, payloads[i]);
    const proven = linked && payloads[i] !== undefined ? await stateOf(entry, leaves[i]) : 'failed';
    const leaf = leaves[i] ? toBase64url(leaves[i]) : '';
    const withheld = entry.withheld && payloads[i] === null;
    const because = payloads[i] === null && !withheld ? said.get(entry.seq) : undefined;
    const spoken = payloads[i] === null && !withheld ? speaks(because, leaf, last.leaf, reached) : 'proven';
    const state = worst(proven, spoken, excused);
    const good = state !== 'failed';
    checked.set(entry.seq, { state, epoch: entry.epoch, index: entry.index, payload: good ? payloads[i] : null, leaf: good ? leaf : '', withheld,
      erased: good && because ? { at: because.at, ground: because.ground, actor: because.actor, was: because.was } : null });
    last = { seq: entry.seq, leaf };
  }
  return { checked, pruned };
}

/**
 * What entries say of earlier ones that have lost their words, by the number of those.
 * @param {any[]} payloads
 * @returns {Map<number, Erased & {leaf: string, prev: string}>}
 */
function erasures(payloads) {
  const said = new Map();
  for (const payload of payloads) {
    const { seq, leaf, prev = '', ground = '', type = '', at } = (payload?.type === 'entry.erased' && payload.details) || {};
    if (Number(seq) < payload?.seq) said.set(Number(seq), { leaf, prev, at: payload.at, ground, actor: payload.actor ?? {}, was: { type, at: Number(at) } });
  }
  return said;
}

/**
 * Whether a later entry speaks for one whose words, or all of it, are gone.
 * @param {{leaf: string, prev: string} | undefined} said
 * @param {string | undefined} leaf    of the one
 * @param {string} before  leaf of the one before it, "" when it is not known
 * @param {boolean} reached
 * @returns {State}
 */
function speaks(said, leaf, before, reached) {
  if (!said) return reached ? 'failed' : 'unable';
  return said.leaf === leaf && (before === '' || said.prev === before) ? 'proven' : 'failed';
}

/** @param {State[]} states */
function worst(...states) {
  return /** @type {State[]} */ (['failed', 'unable', 'waiting']).find((state) => states.includes(state)) ?? 'proven';
}

/**
 * Counts what the log has and a page leaves out, which no honest page does.
 * @param {number[]} held  numbers that the log has
 * @param {Set<number>} shown
 * @param {number} after  number of the entry before the page
 * @param {number} end    number of the last that belongs on the page
 */
export function leftOut(held, shown, after, end) {
  return held.filter((seq) => seq > after && seq <= end && !shown.has(seq)).length;
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
 * @param {unknown} text
 * @param {'standard'|'url'} alphabet
 */
function hashOf(text, alphabet) {
  const hash = typeof text === 'string' ? fromBase64(text, alphabet) : null;
  return hash?.length === 32 ? hash : null;
}

/** @param {Uint8Array} bytes */
export function toBase64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {Entry | undefined} before
 * @param {Entry} entry
 */
function follows(before, entry) {
  if (!before) return true;
  return entry.epoch === before.epoch ? entry.index > before.index : entry.epoch > before.epoch;
}

/**
 * Whether an entry names the one before it. The first of all names none, an erased one can no longer be asked.
 * @param {string} leaf of the one before, "" when it is not known
 * @param {Entry} entry
 * @param {any} payload
 */
function names(leaf, entry, payload) {
  if (payload === null) return true;
  if (entry.seq === 1) return payload?.prev === undefined;
  return hashOf(payload?.prev, 'url') !== null && (leaf === '' || payload.prev === leaf);
}

/**
 * @param {Held} entry
 * @param {Uint8Array | null} leaf
 * @returns {Promise<State>}
 */
async function stateOf({ proof, index, signed }, leaf) {
  if (leaf === null) return 'failed';
  if (proof === null) return signed.ok && index < signed.size ? 'failed' : 'waiting';
  if (!signed.ok) return signed.reason === 'unsupported' ? 'unable' : 'failed';
  const hashes = hashesOf(proof.hashes);
  const stands = hashes !== null && proof.size === signed.size && (await verifyInclusion(leaf, index, signed.size, hashes, signed.root));
  return stands ? 'proven' : 'failed';
}
