// @ts-check
// Signed lists: compact JWS (RFC 7515 section 7.1) under ES256, of a kind that the header typ names (RFC 8725 section 3.11). Nothing that a text says
// about its own verification is looked at: the headers are alg, kid and typ and no others.

import { signatureHolds, thumbprint } from '../reader/cose.js';
import { decodeBase64url } from '../reader/fragment.js';

/** @typedef {import('../reader/cose.js').Key} Key */

const MAX_LIST = 1 << 20; // characters of a list
const MAX_LIFE = 400 * 86_400; // seconds: a list that never grew old would hide that its reader was cut off
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text that is no list, or that nobody trusted has signed. It is not used, and the list of before stays. */
export class BadList extends Error {
  /** @param {string} message for whoever reads a test's output */
  constructor(message) {
    super(message);
    this.name = 'BadList';
  }
}

/**
 * @param {string} text
 * @param {string} typ
 * @param {Key[]} keys that are trusted to sign for their issuers
 * @param {string} house whose list it has to be
 * @returns {Promise<any>} the payload
 * @throws {BadList}
 */
export async function verifyList(text, typ, keys, house) {
  if (text.length > MAX_LIST) throw new BadList('too long');
  const { head, payload, signature, signed } = splitJWS(text);
  const header = headerOf(head);
  if (header.typ !== typ) throw new BadList('another kind');
  const signers = [];
  for (const key of keys) {
    if (key.iss === house && !key.revoked && await thumbprint(key) === header.kid && await signatureHolds(key, signature, signed)) signers.push(key);
  }
  if (signers.length === 0) throw new BadList('not signed by a trusted key of the house');
  const list = objectOf(payload);
  if (list.v !== 1 || list.iss !== house) throw new BadList('another list');
  if (!hasTimes(list) || !signers.some(({ exp = Infinity }) => list.iat <= exp)) throw new BadList('times out of range');
  return list;
}

/**
 * The parts of a compact JWS, and the bytes that its signature is over.
 * @param {string} text
 * @throws {BadList}
 */
export function splitJWS(text) {
  const parts = text.split('.', 4);
  if (parts.length !== 3) throw new BadList('not three parts');
  const [head, payload, signature] = parts.map(bytesOf);
  return { head, payload, signature, signed: UTF8.encode(`${parts[0]}.${parts[1]}`) };
}

/**
 * @param {Uint8Array} head
 * @returns {{alg: 'ES256', typ: string, kid: string}}
 * @throws {BadList}
 */
export function headerOf(head) {
  const header = objectOf(head);
  if (header.alg !== 'ES256' || typeof header.typ !== 'string' || typeof header.kid !== 'string' || Object.keys(header).length !== 3) {
    throw new BadList('other headers');
  }
  return header;
}

/** @param {string} part */
function bytesOf(part) {
  try {
    return decodeBase64url(part);
  } catch {
    throw new BadList('not base64url');
  }
}

/**
 * A JSON object in which no member stands twice.
 * @param {Uint8Array} bytes
 * @returns {any}
 */
export function objectOf(bytes) {
  let text;
  let value;
  try {
    text = TEXT.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new BadList('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadList('not an object');
  // JSON.parse takes the last of two members of one name: then there are fewer of them than were written.
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter((match) => match[1]).length;
  if (written !== members(value)) throw new BadList('a member twice');
  return value;
}

/**
 * @param {any} value
 * @returns {number} how many members it has, at any depth
 */
function members(value) {
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value).reduce((sum, each) => sum + members(each), 0);
  return Array.isArray(value) ? inside : inside + Object.keys(value).length;
}

/** @param {any} list with the moment it was made and the one after which it is too old, in seconds since 1970 */
function hasTimes({ iat, exp }) {
  return Number.isSafeInteger(iat) && Number.isSafeInteger(exp) && iat > 0 && exp > iat && exp - iat <= MAX_LIFE && exp <= 253402300799;
}

/**
 * @typedef {object} Age
 * @property {'fresh'|'too_old'|'not_yet'} state
 * @property {number} milliseconds  since it was made
 * @property {Date} until           after which it is too old
 */

const CLOCK_SKEW = 600; // seconds

/**
 * @param {{iat: number, exp: number}} list
 * @param {number} now milliseconds since 1970
 * @returns {Age}
 */
export function ageOf({ iat, exp }, now) {
  const seconds = now / 1000;
  const state = iat > seconds + CLOCK_SKEW ? 'not_yet' : seconds >= exp ? 'too_old' : 'fresh';
  return { state, milliseconds: Math.max(0, now - iat * 1000), until: new Date(exp * 1000) };
}

/**
 * Whether a list may take the place of the one that is kept: never the older one, and never one of the future, behind which every list of the years
 * until then would count as old.
 * @param {{iat: number, exp: number}} list
 * @param {{iat: number, exp: number} | null | undefined} kept
 * @param {number} now milliseconds since 1970
 */
export function mayFollow(list, kept, now) {
  if (isAhead(list, now)) return false;
  return !kept || isAhead(kept, now) || list.iat >= kept.iat;
}

/**
 * @param {{iat: number, exp: number}} list
 * @param {number} now milliseconds since 1970
 */
function isAhead(list, now) {
  return ageOf(list, now).state === 'not_yet';
}
