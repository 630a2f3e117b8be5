// Trees and a log of the tests' own, hashed node by node and signed by a key made for the run.

import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { commitment, leafHash } from '../log/tlog.js';

export const digest = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const below = (n) => 2 ** (Math.ceil(Math.log2(n)) - 1);
export const root = (list) => (list.length === 1 ? list[0] : digest(Buffer.of(1), root(list.slice(0, below(list.length))), root(list.slice(below(list.length)))));

export function inclusion(list, index) {
  if (list.length === 1) return [];
  const k = below(list.length);
  return index < k ? [...inclusion(list.slice(0, k), index), root(list.slice(k))] : [...inclusion(list.slice(k), index - k), root(list.slice(0, k))];
}

export function consistency(list, size, whole = true) {
  if (size === list.length) return whole ? [] : [root(list)];
  const k = below(list.length);
  return size <= k
    ? [...consistency(list.slice(0, k), size, whole), root(list.slice(k))]
    : [...consistency(list.slice(k), size - k, false), root(list.slice(0, k))];
}

const texts = (hashes) => hashes.map((hash) => hash.toString('base64'));

/** A log with a key of its own. Its leaves may be changed by a test that plays a liar. */
export class Log {
  constructor(name = 'log.example/1') {
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = Buffer.concat([Buffer.of(1), Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x, 'base64url')]);
    this.name = name;
    this.privateKey = privateKey;
    this.id = digest(Buffer.from(`${name}\n`), key).subarray(0, 4);
    this.vkey = `${name}+${this.id.toString('hex')}+${key.toString('base64')}`;
    this.leaves = [];
  }

  /** Appends an entry; returns it without its proof. */
  async append(payload) {
    const salt = digest(Buffer.from(`salt ${this.leaves.length}`));
    const text = JSON.stringify(payload);
    const leaf = Buffer.from(await leafHash(await commitment(salt, Buffer.from(text))));
    this.leaves.push(leaf);
    return { index: this.leaves.length - 1, seq: payload.seq, salt: salt.toString('base64url'), payload: text, leaf };
  }

  checkpoint(size = this.leaves.length) {
    const text = `${this.name}\n${size}\n${root(this.leaves.slice(0, size)).toString('base64')}\n`;
    const signature = Buffer.concat([this.id, sign(null, Buffer.from(text), this.privateKey)]);
    return `${text}\n\u2014 ${this.name} ${signature.toString('base64')}\n`;
  }

  inclusion(index, size = this.leaves.length) {
    return { size, hashes: texts(inclusion(this.leaves.slice(0, size), index)) };
  }

  consistency(size) {
    return { size, hashes: texts(consistency(this.leaves, size)), checkpoint: this.checkpoint() };
  }
}
