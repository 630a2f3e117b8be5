// Trees and a log of the tests' own, hashed node by node and signed by a key made for the run.

import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { commitment, leafHash } from '../log/tlog.js';

export const digest = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const below = (n) => 2 ** (Math.ceil(Math.log2(n)) - 1);
export const root = (list) => (list.length < 2 ? list[0] ?? digest() : digest(Buffer.of(1), root(list.slice(0, below(list.length))), root(list.slice(below(list.length)))));

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

/**
 * What the server answers: entries of one or more epochs, the last of which is the present one.
 * @param {Log[]} epochs
 * @param {object[]} entries  as append gives them; "hash" is left out
 * @param {number[]} [published]  sizes of the checkpoints
 */
export function answerOf(epochs, entries, published = epochs.map((log) => log.leaves.length)) {
  const closed = epochs.map((log, i) => ({ epoch: log.number, vkeys: [log.vkey], checkpoint: log.checkpoint(published[i]) }));
  const proved = entries.map(({ hash, ...entry }) => {
    const i = epochs.findIndex((log) => log.number === entry.epoch);
    return { ...entry, proof: entry.index < published[i] ? epochs[i].inclusion(entry.index, published[i]) : null };
  });
  const recoveries = epochs.filter(({ first }) => first).map((log) => ({ epoch: log.number, salt: log.first.salt, payload: log.first.payload,
    proof: log.inclusion(0), checkpoint: log.checkpoint() }));
  return { ...closed.at(-1), successions: [], earlier: closed.slice(0, -1), recoveries, consistency: null, last: entries.at(-1)?.seq ?? 0, entries: proved, cards: {} };
}

/** A log with a key of its own. Its leaves may be changed by a test that plays a liar. */
export class Log {
  constructor(name = 'log.example/1') {
    const { privateKey } = generateKeyPairSync('ed25519');
    this.number = 1;
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
    return { epoch: this.number, index: this.leaves.length - 1, seq: payload.seq, withheld: false, salt: salt.toString('base64url'), payload: text, leaf: leaf.toString('base64'), hash: leaf };
  }

  /** Appends an entry about somebody that names the one before it. */
  follow(before, subject, event) {
    return this.append({ ...event, prev: before?.hash.toString('base64url'), seq: (before?.seq ?? 0) + 1, subject, v: 1 });
  }

  /** The same log under another key. */
  withKey() {
    const other = new Log(this.name);
    other.leaves = this.leaves;
    return other;
  }

  /** The log that follows this one, under a key of its own. */
  epoch(number) {
    const next = new Log(`${this.name.split('/')[0]}/1/${number}`);
    next.number = number;
    return next;
  }

  /**
   * Begins the next log as audit/recovery.go does, with a statement signed by the key of this one.
   * @param {string} known  the last checkpoint that is known
   * @param {(details: object) => void} [lie]  before it is signed
   */
  async restart(known, lie = () => {}, number = this.number + 1) {
    const next = this.epoch(number);
    const details = { epoch: String(number), vkey: next.vkey, old_vkey: this.vkey, closed_origin: this.name, closed_size: String(this.leaves.length),
      closed_root: root(this.leaves).toString('base64'), known: Buffer.from(known).toString('base64url') };
    lie(details);
    const note = digest(Buffer.from(details.known, 'base64url')).toString('base64');
    const text = ['locket-audit/epoch/v1', details.vkey, details.old_vkey, details.closed_origin, details.closed_size, details.closed_root, note, 7000, 'a disk broke', ''].join('\n');
    const signature = sign(null, Buffer.from(text), this.privateKey).toString('base64url');
    next.first = await next.append({ at: 7000, details: { ...details, signature }, reason_text: 'a disk broke', type: 'log.epoch', v: 1 });
    return next;
  }

  checkpoint(size = this.leaves.length) {
    const text = `${this.name}\n${size}\n${root(this.leaves.slice(0, size)).toString('base64')}\n`;
    const signature = Buffer.concat([this.id, sign(null, Buffer.from(text), this.privateKey)]);
    return `${text}\n\u2014 ${this.name} ${signature.toString('base64')}\n`;
  }

  /** A checkpoint that this key and another have both signed, as the server tells of one that took the place of this. */
  followedBy(other, size = this.leaves.length) {
    return { vkey: other.vkey, checkpoint: this.checkpoint(size) + other.checkpoint(size).split('\n\n')[1] };
  }

  inclusion(index, size = this.leaves.length) {
    return { size, hashes: texts(inclusion(this.leaves.slice(0, size), index)) };
  }

  consistency(size) {
    return { size, hashes: texts(consistency(this.leaves, size)), checkpoint: this.checkpoint() };
  }
}
