// @ts-check
// What stands behind the # of a card's address: 0x01 || 16-byte secret || signed envelope, written as one decimal number (in a QR code, where
// digits are cheapest) or as base64url (on an NFC tag). Both forms are canonical, and their length is bounded before any work is done on them.

import { Unreadable } from './unreadable.js';

/** The longest fragment that a card can have, in bytes: version, secret, envelope of at most 2,048 bytes, and some room for newer formats. */
export const MAX_BYTES = 2100;

const VERSION = 1;
const SECRET_BYTES = 16;

const MAX_DIGITS = 5058; // of a number of MAX_BYTES bytes
const MAX_CHARACTERS = Math.ceil((MAX_BYTES * 8) / 6);

/**
 * Reads a fragment, without its "#".
 * @param {string} text
 * @returns {{secret: Uint8Array, envelope: Uint8Array}}
 * @throws {Unreadable}
 */
export function readFragment(text) {
  if (text === '') throw new Unreadable('no_front', 'no fragment');
  if (text.length > MAX_DIGITS) throw new Unreadable('too_long', 'a long fragment');
  const bytes = /^[0-9]+$/.test(text) ? fromDecimal(text) : fromBase64url(text);
  if (bytes.length <= 1 + SECRET_BYTES || bytes[0] === 0) throw malformed('cut short');
  if (bytes[0] !== VERSION) throw new Unreadable('newer_format', `format ${bytes[0]}`);
  return { secret: bytes.slice(1, 1 + SECRET_BYTES), envelope: bytes.slice(1 + SECRET_BYTES) };
}

/** @param {string} text */
function fromDecimal(text) {
  if (text.startsWith('0')) throw malformed('leading zero');
  const hex = BigInt(text).toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

/** @param {string} hex */
function fromHex(hex) {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * Strict base64url of what stands on a card, bounded before any work is done.
 * @param {string} text
 */
export function fromBase64url(text) {
  if (text.length > MAX_CHARACTERS) throw new Unreadable('too_long', 'a long fragment');
  return decodeBase64url(text);
}

/**
 * Strict base64url (RFC 4648 section 5) without padding: the one spelling of each byte string.
 * @param {string} text of a length that the caller has bounded
 */
export function decodeBase64url(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) throw malformed('not base64url');
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  if (toBase64url(bytes) !== text) throw malformed('not canonical base64url');
  return bytes;
}

/** @param {Uint8Array} bytes */
export function toBase64url(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} what */
function malformed(what) {
  return new Unreadable('malformed', what);
}
