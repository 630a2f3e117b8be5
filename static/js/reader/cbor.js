// @ts-check
// A strict decoder of the CBOR that cards are made of: core deterministic encoding (RFC 8949 section 4.2.1) of integers, byte strings, text,
// arrays, maps, false, true and null. Every value has one spelling; another spelling of it is refused, so nobody can vary a card's bytes
// without varying its content. Tags, floating-point numbers and indefinite lengths do not occur on cards and are refused.

import { Unreadable } from './unreadable.js';

/** @typedef {number | string | boolean | null | Uint8Array | any[] | Map<number | string, any>} Value */

const MAX_DEPTH = 16;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes bytes that hold exactly one item.
 * @param {Uint8Array} bytes
 * @returns {any} a {@link Value}
 * @throws {Unreadable}
 */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (reader.at !== bytes.length) throw damaged('bytes after the end');
  return value;
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /**
   * @param {number} depth
   * @returns {Value}
   */
  item(depth) {
    if (depth > MAX_DEPTH) throw damaged('nested too deeply');
    const first = this.byte();
    const major = first >> 5;
    if (major === 7) return this.simple(first & 31);
    const argument = this.argument(first & 31);
    switch (major) {
      case 0: return argument;
      case 1: return -1 - argument;
      case 2: return this.take(argument).slice();
      case 3: return this.text(argument);
      case 4: return this.array(argument, depth);
      case 5: return this.map(argument, depth);
      default: throw damaged('a tag');
    }
  }

  /** @param {number} info */
  simple(info) {
    switch (info) {
      case 20: return false;
      case 21: return true;
      case 22: return null;
      default: throw damaged('a simple value or a floating-point number');
    }
  }

  /**
   * The number beside the major type, which must be written in as few bytes as it can be.
   * @param {number} info
   */
  argument(info) {
    if (info < 24) return info;
    if (info > 27) throw damaged('an indefinite length');
    const width = 1 << (info - 24);
    let value = 0;
    for (const byte of this.take(width)) value = value * 256 + byte;
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (value < least) throw damaged('a number in more bytes than it needs');
    if (value > Number.MAX_SAFE_INTEGER) throw damaged('a number above 2^53');
    return value;
  }

  /** @param {number} length */
  text(length) {
    try {
      return UTF8.decode(this.take(length));
    } catch (error) {
      throw error instanceof Unreadable ? error : damaged('text that is not UTF-8');
    }
  }

  /**
   * @param {number} length
   * @param {number} depth
   */
  array(length, depth) {
    if (length > this.left()) throw damaged('an array longer than the bytes');
    /** @type {Value[]} */
    const values = [];
    for (let i = 0; i < length; i++) values.push(this.item(depth + 1));
    return values;
  }

  /**
   * @param {number} length
   * @param {number} depth
   */
  map(length, depth) {
    if (2 * length > this.left()) throw damaged('a map longer than the bytes');
    /** @type {Map<number | string, Value>} */
    const values = new Map();
    /** @type {Uint8Array | undefined} */
    let previous;
    for (let i = 0; i < length; i++) {
      const start = this.at;
      const key = this.item(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') throw damaged('a key that is neither a number nor text');
      const written = this.bytes.subarray(start, this.at);
      if (previous && compare(previous, written) >= 0) throw damaged('keys out of order, or twice');
      previous = written;
      values.set(key, this.item(depth + 1));
    }
    return values;
  }

  byte() {
    return this.take(1)[0];
  }

  /** @param {number} length */
  take(length) {
    if (length > this.left()) throw damaged('the bytes end too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  left() {
    return this.bytes.length - this.at;
  }
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

/** @param {string} what */
function damaged(what) {
  return new Unreadable('malformed', what);
}
