// @ts-check
// The list of withdrawn cards: a signed head (how many, their digest, when) and the entries, 8 bytes each, which only grow at their end. So a reader
// fetches what is new, and an honest list never takes long. A card that was withdrawn once stays so on this device, even when its house comes back from
// a backup that knows less.

import { fromBase64url, toBase64url } from '../reader/fragment.js';
import { BadList, mayFollow, verifyList } from './jws.js';

/** @typedef {import('../reader/cose.js').Key} Key */
/** @typedef {{iss: string, iat: number, exp: number, count: number, sha256: string}} Head */

/**
 * @typedef {object} Revocations
 * @property {Head} head
 * @property {Uint8Array<ArrayBuffer>} entries  those of the head, in their order
 * @property {Uint8Array<ArrayBuffer>} [past]   those of lists that were followed before and had others, each once;
 *   not there in what an earlier build of this page has kept
 */

const TYP = 'locket-revocations+jws';
const ENTRY = 8; // bytes
const MAX_ENTRIES = (64 << 20) / ENTRY;
const UTF8 = new TextEncoder();
const NOTHING = new Uint8Array();

/**
 * @param {string} text
 * @param {Key[]} keys
 * @param {string} house
 * @returns {Promise<Head>}
 * @throws {BadList}
 */
export async function readHead(text, keys, house) {
  const { iss, iat, exp, count, sha256 } = await verifyList(text, TYP, keys, house);
  if (typeof sha256 !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(sha256)) throw new BadList('a digest');
  if (!Number.isSafeInteger(count) || count < 0 || count > MAX_ENTRIES) throw new BadList('a count out of range');
  return { iss, iat, exp, count, sha256 };
}

/**
 * The list to use from now on. The prefix that is kept stays, and the rest is fetched; when the digest says that this is another list, all of it is.
 * @param {Revocations | null} kept
 * @param {Head} head
 * @param {(after: number) => Promise<Uint8Array<ArrayBuffer> | null>} fetchEntries  from an entry on; null when they are not to be had
 * @param {number} now milliseconds since 1970
 * @returns {Promise<Revocations | null>} what is kept when the entries are not those of the head, or the head may not follow it
 */
export async function followRevocations(kept, head, fetchEntries, now) {
  if (!mayFollow(head, kept?.head, now)) return kept;
  for (const prefix of startsOf(kept, head)) {
    const had = prefix.length / ENTRY;
    const rest = had === head.count ? NOTHING : await fetchEntries(had);
    if (!rest || prefix.length + rest.length !== head.count * ENTRY) continue;
    const entries = joined(prefix, rest);
    if (await digestOf(entries) === head.sha256) return { head, entries, past: pastOf(kept, prefix) };
  }
  return kept;
}

/**
 * What is known besides the entries of a new list.
 * @param {Revocations | null} kept
 * @param {Uint8Array} prefix of the new list that was kept: the whole list of before, or nothing
 */
function pastOf(kept, prefix) {
  const past = kept?.past ?? NOTHING;
  if (!kept || prefix === kept.entries) return past;
  const all = new BigUint64Array(joined(past, kept.entries).buffer).sort();
  return new Uint8Array(all.filter((entry, i) => entry !== all[i - 1]).buffer);
}

/**
 * @param {Uint8Array} some
 * @param {Uint8Array} others
 */
function joined(some, others) {
  const both = new Uint8Array(some.length + others.length);
  both.set(some);
  both.set(others, some.length);
  return both;
}

/**
 * @param {Revocations | null} kept
 * @param {Head} head
 */
function startsOf(kept, head) {
  return kept && kept.head.count > 0 && kept.head.count <= head.count ? [kept.entries, NOTHING] : [NOTHING];
}

/** @param {Uint8Array<ArrayBuffer>} entries */
async function digestOf(entries) {
  return toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', entries)));
}

/**
 * What stands in the list for a card: the first 8 bytes of SHA-256("locket-revocation/v1" || card id). It is of the id and not of the signed bytes, of
 * which an ECDSA signature has two spellings.
 * @param {string} id 22 characters of base64url
 */
export async function revocationId(id) {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array([...UTF8.encode('locket-revocation/v1'), ...fromBase64url(id)]));
  return new Uint8Array(digest, 0, ENTRY);
}

/**
 * @param {Revocations} list
 * @param {string} id of a card of the list's house
 */
export async function isWithdrawn({ entries, past = NOTHING }, id) {
  const wanted = await revocationId(id);
  return isAmong(entries, wanted) || isAmong(past, wanted);
}

/**
 * @param {Uint8Array} entries
 * @param {Uint8Array} wanted
 */
function isAmong(entries, wanted) {
  for (let at = 0; at < entries.length; at += ENTRY) {
    let same = 0;
    while (same < ENTRY && entries[at + same] === wanted[same]) same++;
    if (same === ENTRY) return true;
  }
  return false;
}
