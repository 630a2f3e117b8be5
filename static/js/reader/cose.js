// @ts-check
// The signed envelope of a card: a CWT (RFC 8392) in an untagged COSE_Sign1 (RFC 9052) under ES256, and what can be said of it.

import { decode } from './cbor.js';
import { toBase64url } from './fragment.js';
import { Unreadable } from './unreadable.js';

/**
 * What a card claims. It is worth what the status beside it says.
 * @typedef {object} Card
 * @property {string} issuer   host of the issuer
 * @property {string} id       22 characters of base64url
 * @property {number} issued   seconds since 1970
 * @property {number} expires  seconds since 1970
 * @property {any} summary     decoded CBOR: a map, or a byte string that holds a compressed one
 */

/** @typedef {'verified'|'expired'|'not_yet_valid'|'revoked'|'unknown_issuer'|'tampered'} Status */

/**
 * A trusted key of an issuer, as /.well-known/jwks.json has it (RFC 7517) with the issuer's name beside it. "exp" is when the key was retired,
 * "revoked" says that somebody else may hold it.
 * @typedef {object} Key
 * @property {string} kty
 * @property {string} crv
 * @property {string} [kid]  the thumbprint
 * @property {string} x
 * @property {string} y
 * @property {string} iss
 * @property {number} [exp]      seconds since 1970
 * @property {object} [revoked]
 */

const MAX_ENVELOPE = 2048;
const MAX_KEYS = 100;
const MAX_TIME = 253402300799; // the last second of the year 9999
const CLOCK_SKEW = 600; // seconds that an issuer's clock may be ahead of this one
const HOST = /^(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$/;
const ES256 = -7;
const [ALGORITHM, KEY_ID] = [1, 4]; // COSE header parameters
const [ISSUER, EXPIRES, ISSUED, CARD_ID, SUMMARY] = [1, 4, 6, 7, -65537]; // claims
const KEY_ID_BYTES = 8;
const UTF8 = new TextEncoder();

/**
 * Takes an envelope apart without believing any of it.
 * @param {Uint8Array} bytes
 * @throws {Unreadable}
 */
export function open(bytes) {
  if (bytes.length > MAX_ENVELOPE) throw new Unreadable('too_long', 'an envelope of more than 2,048 bytes');
  const sign1 = decode(bytes);
  if (!Array.isArray(sign1) || sign1.length !== 4) throw damaged('not a COSE_Sign1');
  const [head, unprotected, payload, signature] = sign1;
  if (!isBytes(head) || !isBytes(payload) || !isBytes(signature, 64)) throw damaged('not a COSE_Sign1');
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw damaged('unprotected headers');
  const header = mapOf(head, [ALGORITHM, KEY_ID]);
  if (header.get(ALGORITHM) !== ES256 || !isBytes(header.get(KEY_ID), KEY_ID_BYTES)) throw damaged('another algorithm or key id');
  if (isZero(signature.subarray(0, 32)) || isZero(signature.subarray(32))) throw damaged('a signature of zero');
  return { head, payload, signature, keyId: header.get(KEY_ID), card: claims(payload) };
}

/**
 * @param {Uint8Array} payload
 * @returns {Card}
 */
function claims(payload) {
  const map = mapOf(payload, [ISSUER, EXPIRES, ISSUED, CARD_ID, SUMMARY]);
  const issuer = map.get(ISSUER);
  const id = map.get(CARD_ID);
  const summary = map.get(SUMMARY);
  const issued = map.get(ISSUED);
  const expires = map.get(EXPIRES);
  if (typeof issuer !== 'string' || issuer.length > 259 || !HOST.test(issuer)) throw damaged('the issuer is no host');
  if (!isBytes(id, 16) || isZero(id)) throw damaged('no card id');
  if (!isTime(issued) || !isTime(expires) || expires <= issued) throw damaged('no times');
  if (!(summary instanceof Map) && !isBytes(summary)) throw damaged('no summary');
  return { issuer, id: toBase64url(id), issued, expires, summary };
}

/**
 * Says what an envelope is worth at a moment: of several things to say, the gravest. Whether this one card was revoked is not part of it: only
 * the issuer can tell (status.js).
 * @param {ReturnType<typeof open>} envelope
 * @param {Key[]} keys the issuer keys that this reader trusts
 * @param {number} now seconds since 1970
 * @returns {Promise<{status: Status, reason: string}>}
 */
export async function verify(envelope, keys, now) {
  const { card } = envelope;
  const { key, reason } = await signerOf(envelope, keys);
  if (!key) return { status: reason === 'no_key' ? 'unknown_issuer' : 'tampered', reason };
  if (key.revoked) return { status: 'revoked', reason: 'key_compromised' };
  if (key.exp !== undefined && card.issued > key.exp) return { status: 'unknown_issuer', reason: 'key_retired' };
  if (card.issued > now + CLOCK_SKEW) return { status: 'not_yet_valid', reason: 'issued_in_future' };
  if (now >= card.expires) return { status: 'expired', reason: 'past_expiry' };
  return { status: 'verified', reason: '' };
}

/**
 * Finds the key that signed a card for its issuer. Key ids are short and may collide, so each key of that id is tried.
 * @param {ReturnType<typeof open>} envelope
 * @param {Key[]} keys
 * @returns {Promise<{key?: Key, reason: string}>}
 */
async function signerOf(envelope, keys) {
  const signed = toBeSigned(envelope.head, envelope.payload);
  const wanted = toBase64url(envelope.keyId);
  let reason = 'no_key';
  for (const key of keys.slice(0, MAX_KEYS)) {
    if (await thumbprint(key, KEY_ID_BYTES) !== wanted) continue;
    if (!await signatureHolds(key, envelope.signature, signed)) {
      if (reason === 'no_key') reason = 'signature';
    } else if (key.iss === envelope.card.issuer) {
      return { key, reason: '' };
    } else {
      reason = 'issuer_mismatch';
    }
  }
  return { reason };
}

/**
 * What shows the issuer that somebody has the front, without the card's secret: SHA-256("locket/front/v1" || payload), 16 bytes.
 * @param {ReturnType<typeof open>} envelope
 */
export async function frontTag(envelope) {
  const digest = await crypto.subtle.digest('SHA-256', concat(UTF8.encode('locket/front/v1'), envelope.payload));
  return new Uint8Array(digest).slice(0, 16);
}

/**
 * The thumbprint of a key (RFC 7638) in base64url, or "" for a key of another kind.
 * @param {Key} key
 * @param {number} [bytes] how many of its first bytes: cards carry 8
 */
export async function thumbprint(key, bytes = 32) {
  if (key?.kty !== 'EC' || key.crv !== 'P-256') return '';
  const canonical = JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x, y: key.y });
  const digest = await crypto.subtle.digest('SHA-256', UTF8.encode(canonical));
  return toBase64url(new Uint8Array(digest).slice(0, bytes));
}

/**
 * Whether an ES256 signature (r || s, 64 bytes) is of this key.
 * @param {Key} key
 * @param {Uint8Array<ArrayBuffer>} signature
 * @param {Uint8Array<ArrayBuffer>} signed
 */
export async function signatureHolds(key, signature, signed) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  try {
    const jwk = { kty: key.kty, crv: key.crv, x: key.x, y: key.y };
    const imported = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
    return await crypto.subtle.verify(algorithm, imported, signature, signed);
  } catch {
    return false; // a point that is not on the curve verifies nothing
  }
}

/**
 * Sig_structure of RFC 9052 section 4.4: ["Signature1", protected, external_aad, payload].
 * @param {Uint8Array} head
 * @param {Uint8Array} payload
 */
function toBeSigned(head, payload) {
  const context = UTF8.encode('Signature1');
  return concat([0x84, 0x60 | context.length], context, byteString(head), [0x40], byteString(payload));
}

/** @param {Uint8Array} bytes at most 65,535 of them */
function byteString(bytes) {
  const { length } = bytes;
  if (length < 24) return concat([0x40 | length], bytes);
  if (length < 256) return concat([0x58, length], bytes);
  return concat([0x59, length >> 8, length & 255], bytes);
}

/** @param {...(Uint8Array | number[])} parts */
function concat(...parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * Decodes a map that has exactly the given keys.
 * @param {Uint8Array} bytes
 * @param {number[]} keys
 * @returns {Map<number, any>}
 */
function mapOf(bytes, keys) {
  const map = decode(bytes);
  if (!(map instanceof Map) || map.size !== keys.length || !keys.every((key) => map.has(key))) throw damaged('other claims or headers');
  return map;
}

/**
 * @param {unknown} value
 * @param {number} [length]
 */
function isBytes(value, length) {
  return value instanceof Uint8Array && (length === undefined || value.length === length);
}

/** @param {Uint8Array} bytes */
function isZero(bytes) {
  return bytes.every((byte) => byte === 0);
}

/** @param {unknown} value */
function isTime(value) {
  return typeof value === 'number' && value > 0 && value <= MAX_TIME;
}

/** @param {string} what */
function damaged(what) {
  return new Unreadable('malformed', what);
}
