// @ts-check
// What stands behind the # of a card's address: 0x01 || 16-byte secret || signed envelope, written as one decimal number (in a QR code, where
// digits are cheapest) or as base64url (on an NFC tag). Both forms are canonical, and their length is bounded before any work is done on them.

import { Unreadable } from './unreadable.js';

/** The longest fragment that a card can have, in bytes: version, secret, envelope of at most 2,048 bytes, and some room for newer formats. */
export const MAX_BYTES = 2100;

const VERSION = 1;
const SECRET_BYTES = 16;

// One byte takes 8 * log10(2) = 2.408 decimal digits, or 4/3 base64url characters.
const MAX_DIGITS = Math.ceil(MAX_BYTES * 2.4083);
const MAX_CHARACTERS = Math.ceil((MAX_BYTES * 4) / 3);

/**
 * Reads a fragment, without its "#".
 * @param {string} text
 * @returns {{secret: Uint8Array, envelope: Uint8Array}}
 * @throws {Unreadable} with the code "damaged" or "newer"
 */
export function readFragment(text) {
  const bytes = /^[0-9]+$/.test(text.slice(0, MAX_DIGITS + 1)) ? fromDecimal(text) : fromBase64url(text);
  if (bytes[0] !== VERSION) throw new Unreadable('newer', `format ${bytes[0]}`);
  if (bytes.length <= 1 + SECRET_BYTES) throw new Unreadable('damaged', 'shorter than a card secret');
  return { secret: bytes.slice(1, 1 + SECRET_BYTES), envelope: bytes.slice(1 + SECRET_BYTES) };
}

/** @param {string} text */
function fromDecimal(text) {
  if (text.length > MAX_DIGITS) throw new Unreadable('damaged', 'too many digits');
  if (text.startsWith('0')) throw new Unreadable('damaged', 'leading zero');
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
 * Strict base64url (RFC 4648 section 5) without padding: the one spelling of each byte string.
 * @param {string} text
 */
export function fromBase64url(text) {
  if (text.length > MAX_CHARACTERS) throw new Unreadable('damaged', 'too long');
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) throw new Unreadable('damaged', 'not base64url');
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  if (toBase64url(bytes) !== text) throw new Unreadable('damaged', 'not canonical base64url');
  return bytes;
}

/** @param {Uint8Array} bytes */
export function toBase64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
