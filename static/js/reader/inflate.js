// @ts-check
// Raw DEFLATE (RFC 1951) with a preset dictionary and a limit on what comes out. Browsers have DecompressionStream, but none takes a
// dictionary, and the oldest phones have none at all.

import { Unreadable } from './unreadable.js';

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
const END_OF_BLOCK = 256;

/**
 * @param {Uint8Array} packed one raw DEFLATE stream and nothing after it
 * @param {Uint8Array} dictionary what the stream may refer back to before its own first byte
 * @param {number} limit the most bytes that may come out
 * @returns {Uint8Array}
 * @throws {Unreadable}
 */
export function inflate(packed, dictionary, limit) {
  const bits = new Bits(packed);
  const out = new Window(dictionary, limit);
  for (let last = false; !last;) {
    last = bits.take(1) === 1;
    switch (bits.take(2)) {
      case 0: stored(bits, out); break;
      case 1: compressed(bits, out, fixedLiterals(), new Huffman(new Array(30).fill(5))); break;
      case 2: compressed(bits, out, ...dynamicCodes(bits)); break;
      default: throw damaged('an unknown kind of block');
    }
  }
  if (!bits.atEnd()) throw damaged('bytes after the compressed data');
  return out.written();
}

/** Bits of a stream, the least significant of each byte first. */
class Bits {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.held = 0;
    this.count = 0;
  }

  /** @param {number} n at most 16 */
  take(n) {
    while (this.count < n) {
      if (this.at >= this.bytes.length) throw damaged('the compressed data end too early');
      this.held |= this.bytes[this.at++] << this.count;
      this.count += 8;
    }
    const value = this.held & ((1 << n) - 1);
    this.held >>>= n;
    this.count -= n;
    return value;
  }

  align() {
    this.held = 0;
    this.count = 0;
  }

  atEnd() {
    return this.at === this.bytes.length;
  }
}

/** What came out so far, behind the dictionary that it may repeat. */
class Window {
  /**
   * @param {Uint8Array} dictionary
   * @param {number} limit
   */
  constructor(dictionary, limit) {
    this.start = dictionary.length;
    this.bytes = new Uint8Array(dictionary.length + limit);
    this.bytes.set(dictionary);
    this.at = this.start;
  }

  /** @param {number} byte */
  put(byte) {
    if (this.at >= this.bytes.length) throw damaged('more comes out than a card may hold');
    this.bytes[this.at++] = byte;
  }

  /**
   * @param {number} length
   * @param {number} distance
   */
  repeat(length, distance) {
    if (distance > this.at) throw damaged('a repetition of what was never written');
    for (let i = 0; i < length; i++) this.put(this.bytes[this.at - distance]);
  }

  written() {
    return this.bytes.slice(this.start, this.at);
  }
}

/** A canonical Huffman code, decoded one bit at a time: short data need no tables. */
class Huffman {
  /** @param {number[]} lengths of the code of each symbol, 0 for none */
  constructor(lengths) {
    this.counts = new Array(MAX_BITS + 1).fill(0);
    for (const length of lengths) this.counts[length]++;
    this.counts[0] = 0;
    let free = 1;
    for (let length = 1; length <= MAX_BITS; length++) {
      free = 2 * free - this.counts[length];
      if (free < 0) throw damaged('more codes than there is room for');
    }
    const offsets = [0, 0];
    for (let length = 1; length < MAX_BITS; length++) offsets.push(offsets[length] + this.counts[length]);
    /** @type {number[]} */
    this.symbols = [];
    lengths.forEach((length, symbol) => {
      if (length > 0) this.symbols[offsets[length]++] = symbol;
    });
  }

  /** @param {Bits} bits */
  next(bits) {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      code |= bits.take(1);
      const count = this.counts[length];
      if (code - first < count) return this.symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw damaged('a code that stands for nothing');
  }
}

/**
 * @param {Bits} bits
 * @param {Window} out
 */
function stored(bits, out) {
  bits.align();
  const length = bits.take(16);
  if (bits.take(16) !== (~length & 0xffff)) throw damaged('a stored block of two lengths');
  for (let i = 0; i < length; i++) out.put(bits.take(8));
}

/**
 * @param {Bits} bits
 * @param {Window} out
 * @param {Huffman} literals
 * @param {Huffman} distances
 */
function compressed(bits, out, literals, distances) {
  for (;;) {
    const symbol = literals.next(bits);
    if (symbol === END_OF_BLOCK) return;
    if (symbol < END_OF_BLOCK) {
      out.put(symbol);
      continue;
    }
    const kind = symbol - END_OF_BLOCK - 1;
    if (kind >= LENGTH_BASE.length) throw damaged('an unknown length');
    const length = LENGTH_BASE[kind] + bits.take(LENGTH_EXTRA[kind]);
    const far = distances.next(bits);
    if (far >= DISTANCE_BASE.length) throw damaged('an unknown distance');
    out.repeat(length, DISTANCE_BASE[far] + bits.take(DISTANCE_EXTRA[far]));
  }
}

function fixedLiterals() {
  return new Huffman([...new Array(144).fill(8), ...new Array(112).fill(9), ...new Array(24).fill(7), ...new Array(8).fill(8)]);
}

/**
 * @param {Bits} bits
 * @returns {[Huffman, Huffman]}
 */
function dynamicCodes(bits) {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const codes = bits.take(4) + 4;
  const order = new Array(19).fill(0);
  for (let i = 0; i < codes; i++) order[CODE_LENGTH_ORDER[i]] = bits.take(3);
  const meta = new Huffman(order);
  /** @type {number[]} */
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = meta.next(bits);
    if (symbol < 16) {
      lengths.push(symbol);
    } else if (symbol === 16) {
      if (lengths.length === 0) throw damaged('a repetition of nothing');
      repeat(lengths, lengths[lengths.length - 1], 3 + bits.take(2));
    } else {
      repeat(lengths, 0, symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7));
    }
  }
  if (lengths.length > literals + distances) throw damaged('more code lengths than announced');
  return [new Huffman(lengths.slice(0, literals)), new Huffman(lengths.slice(literals))];
}

/**
 * @param {number[]} list
 * @param {number} value
 * @param {number} times
 */
function repeat(list, value, times) {
  for (let i = 0; i < times; i++) list.push(value);
}

/** @param {string} what */
function damaged(what) {
  return new Unreadable('malformed', what);
}
