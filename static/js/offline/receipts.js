// @ts-check
// Receipts of readings without a network: each is signed at once by a key of this device, kept, and sent when there is a network. What got an answer
// is forgotten, whatever the answer was but "later"; without one everything is kept.

import { toBase64url } from '../reader/fragment.js';

const RECEIPT = 'receipt-';
const DEVICE_KEY = 'device-key';
const BATCH = 50; // receipts of one request
const SAME_READING = 15 * 60; // seconds within which a reload is not another reading
const LATER = 'later';
const ANSWERS = ['accepted', 'known', 'refused', LATER];
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const UTF8 = new TextEncoder();

/** @typedef {{card: string, at: number, jws: string}} Kept */

export class Receipts {
  /** @param {import('./store.js').Store} store */
  constructor(store) {
    this.store = store;
  }

  /**
   * Notes that a card was read.
   * @param {string} card  its id
   * @param {Uint8Array} tag  the hash of its front (frontTag)
   * @param {number} now milliseconds since 1970
   */
  async add(card, tag, now) {
    const at = Math.floor(now / 1000);
    if ((await this.kept()).some(([, receipt]) => receipt.card === card && Math.abs(at - receipt.at) < SAME_READING)) return;
    const nonce = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
    const jws = await sign(await this.deviceKey(), { v: 1, card, tag: toBase64url(tag), read_at: at, nonce });
    await this.store.put(RECEIPT + nonce, { card, at, jws });
  }

  /** @returns {Promise<[string, Kept][]>} */
  async kept() {
    const names = await this.store.names(RECEIPT);
    return Promise.all(names.map(async (name) => /** @type {[string, Kept]} */ ([name, await this.store.get(name)])));
  }

  /**
   * The key of this device. It cannot leave it, and says nothing of it: another browser has another one.
   * @returns {Promise<CryptoKeyPair>}
   */
  async deviceKey() {
    const kept = await this.store.get(DEVICE_KEY);
    if (kept) return kept;
    const made = await crypto.subtle.generateKey(ES256, false, ['sign', 'verify']);
    await this.store.put(DEVICE_KEY, made);
    return made;
  }

  /**
   * Sends what is kept. Only one page of this browser does so at a time: nothing is sent twice that got an answer.
   * @returns {Promise<[string, Kept][] | null>} what is still kept; null when storage does not say, and keeps it for the next time
   */
  async send() {
    const locks = globalThis.navigator?.locks;
    try {
      await (locks ? locks.request('locket-receipts', () => this.sendAll()) : this.sendAll());
      return await this.kept();
    } catch {
      return null;
    }
  }

  async sendAll() {
    for (let waiting = await this.kept(); waiting.length > 0; waiting = await this.kept()) {
      const batch = waiting.slice(0, BATCH);
      const answers = await post(batch.map(([, receipt]) => receipt.jws));
      for (const [i, answer] of answers.entries()) {
        if (answer !== LATER) await this.store.remove(batch[i][0]);
      }
      if (answers.length === 0 || answers.includes(LATER)) return;
    }
  }
}

/**
 * @param {string[]} receipts
 * @returns {Promise<string[]>} the answer to each of them, or none at all
 */
async function post(receipts) {
  try {
    const response = await fetch('/v1/receipts', {
      method: 'POST',
      credentials: 'omit',
      cache: 'no-store',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ receipts }),
    });
    if (!response.ok) return [];
    const { results } = await response.json();
    const whole = Array.isArray(results) && results.length === receipts.length && results.every((result) => ANSWERS.includes(result));
    return whole ? results : [];
  } catch {
    return [];
  }
}

/**
 * A compact JWS (RFC 7515) that carries the public key it is signed with: whose device it was is not said, only that it was one and the same.
 * @param {CryptoKeyPair} key
 * @param {object} payload
 */
async function sign({ privateKey, publicKey }, payload) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const header = { alg: 'ES256', typ: 'locket-receipt+jws', jwk: { kty, crv, x, y } };
  const signed = [header, payload].map((part) => toBase64url(UTF8.encode(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign(ES256, privateKey, UTF8.encode(signed));
  return `${signed}.${toBase64url(new Uint8Array(signature))}`;
}
