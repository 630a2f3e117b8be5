// @ts-check
// What the first entry of a new log says about the end of the one before: how much of it was left, the last checkpoint that was known, and why. It is signed by
// the key of the old log, without which anybody could begin a log and call it the next one. (audit/recovery.go says the same in full.)

import { signedBy, succeeded } from './history.js';
import { fromBase64, hashesOf, leafOf, sha256, verifyCheckpoint, verifyInclusion, verifySignature } from './tlog.js';

const UTF8 = new TextEncoder();
const HEADER = 'locket-audit/epoch/v1';

/** @typedef {{epoch: number, salt: string, payload: string, proof: {size: number, hashes: string[]} | null, checkpoint: string}} Recovery  the first entry of an epoch */

/** @typedef {{epoch: number, at: number, reason: string, details: Record<string, string>}} Begun  an epoch by its own first entry */

/**
 * The epochs after the first, in order, as far as their first entries are proven.
 * @param {import('./history.js').Answer} answer
 * @returns {Promise<Begun[]>}
 */
export async function newLogs(answer) {
  const begun = [];
  for (const { epoch, salt, payload, proof, checkpoint } of answer.recoveries) {
    const { signed } = await signedBy(publishedOf(answer, epoch).vkeys, checkpoint);
    const leaf = await leafOf(salt, payload);
    const hashes = proof && hashesOf(proof.hashes);
    if (!leaf || !hashes || !signed.ok || proof.size !== signed.size || !(await verifyInclusion(leaf, 0, signed.size, hashes, signed.root))) continue;
    const { type, at, reason_text: reason = '', details } = JSON.parse(payload);
    if (type === 'log.epoch' && Number(details?.epoch) === epoch) begun.push({ epoch, at, reason, details });
  }
  return begun;
}

/**
 * What the epochs after the one that is remembered say of it.
 * @param {import('./memory.js').Seen} seen
 * @param {import('./history.js').Answer} answer
 * @returns {Promise<{kept: number, known: number} | null>}  how many entries of the remembered epoch were left, and how many there had been as far as was known;
 *   null when one of the new logs does not say, under the key of the one before it, that it is the next
 */
export async function recovered(seen, answer) {
  const begun = await newLogs(answer);
  const later = [...answer.earlier, answer].filter(({ epoch }) => epoch > seen.epoch);
  let trusted = { vkey: seen.vkey, checkpoint: publishedOf(answer, seen.epoch).checkpoint };
  let said = /** @type {{kept: number, known: number} | null} */ (null);
  for (const { epoch, checkpoint } of later) {
    const entry = begun.find((each) => each.epoch === epoch);
    if (!entry || !(await signsFor(trusted, entry))) return null;
    const { signed, vkey } = await succeeded(checkpoint, entry.details.vkey, answer.successions);
    if (!signed.ok) return null;
    said ??= await saysOf(seen, entry.details);
    trusted = { vkey, checkpoint };
  }
  return said;
}

/**
 * @param {import('./memory.js').Seen} seen
 * @param {Record<string, string>} details
 */
async function saysOf(seen, details) {
  const note = fromBase64(details.known ?? '', 'url');
  const known = await verifyCheckpoint(new TextDecoder().decode(note ?? new Uint8Array()), seen.vkey);
  const closed = details.closed_origin === seen.vkey.split('+')[0]; // it may have been closed long before, and what came after is lost as a whole
  return { kept: closed ? Number(details.closed_size) : 0, known: known.ok ? known.size : 0 };
}

/**
 * Whether the statement is signed by a key that is trusted: the one itself, or one that has signed the same checkpoint.
 * @param {{vkey: string, checkpoint: string}} trusted
 * @param {Begun} entry
 */
async function signsFor({ vkey, checkpoint }, { at, reason, details }) {
  const old = details.old_vkey ?? '';
  if (old !== vkey && !((await verifyCheckpoint(checkpoint, vkey)).ok && (await verifyCheckpoint(checkpoint, old)).ok)) return false;
  const note = details.known === undefined ? null : fromBase64(details.known, 'url');
  const known = note ? btoa(String.fromCharCode(...(await sha256(note)))) : 'none';
  const text = [HEADER, details.vkey, old, details.closed_origin, details.closed_size, details.closed_root, known, at, reason, ''].join('\n');
  const signature = fromBase64(details.signature ?? '', 'url');
  return signature?.length === 64 && (await verifySignature(old, UTF8.encode(text), signature)) === true;
}

/**
 * @param {import('./history.js').Answer} answer
 * @param {number} wanted
 * @returns {{vkeys: string[], checkpoint: string}}
 */
function publishedOf(answer, wanted) {
  return [...answer.earlier, answer].find(({ epoch }) => epoch === wanted) ?? { vkeys: [], checkpoint: '' };
}
