// @ts-check
// The two signed lists as this browser keeps them: whom to trust, and which cards were withdrawn. They are followed when there is a network and used,
// with their age, when there is none.

import { loadKeys } from '../reader/keys.js';
import { ageOf, BadList } from './jws.js';
import { followRevocations, isWithdrawn, readHead } from './revocations.js';
import { followTrust } from './trustlist.js';

/** @typedef {import('../reader/cose.js').Key} Key */
/** @typedef {import('./jws.js').Age} Age */

const TRUST = 'trust-list';
const REVOCATIONS = 'revocations';

export class Lists {
  /**
   * The lists of the last visit.
   * @param {import('./store.js').Store} store
   * @param {string} house  host of the service whose page this is
   */
  static async open(store, house) {
    const lists = new Lists(store, house);
    lists.trust = await store.get(TRUST) ?? null;
    lists.revocations = await store.get(REVOCATIONS) ?? null;
    return lists;
  }

  /**
   * @param {import('./store.js').Store} store
   * @param {string} house
   */
  constructor(store, house) {
    this.store = store;
    this.house = house;
    this.trust = /** @type {import('./trustlist.js').TrustList | null} */ (null);
    this.revocations = /** @type {import('./revocations.js').Revocations | null} */ (null);
  }

  /**
   * Follows both lists as far as the network goes. What cannot be had, or does not hold, leaves the list of before.
   * @param {{published?: Key[], mostBytes?: number, now?: number}} [options]  the house's keys if they were fetched already; how much may be fetched;
   * milliseconds since 1970
   */
  async refresh({ published, mostBytes = Infinity, now = Date.now() } = {}) {
    const keys = published ?? (await loadKeys())?.keys ?? [];
    const trust = await textOf('/v1/trust-list');
    if (trust !== null) await this.keep(TRUST, 'trust', await followTrust(this.trust, trust, keys, this.house, now));
    const head = await textOf('/v1/revocations');
    if (head !== null) await this.keep(REVOCATIONS, 'revocations', await this.follow(head, this.keysBeside(keys), mostBytes, now));
  }

  /**
   * @param {string} text of the head
   * @param {Key[]} keys
   * @param {number} mostBytes
   * @param {number} now
   */
  async follow(text, keys, mostBytes, now) {
    try {
      const head = await readHead(text, keys, this.house);
      return await followRevocations(this.revocations, head, (after) => entriesFrom(after, head.count, mostBytes), now);
    } catch (error) {
      if (!(error instanceof BadList)) throw error;
      return this.revocations;
    }
  }

  /**
   * @param {string} name
   * @param {'trust'|'revocations'} list
   * @param {any} value
   */
  async keep(name, list, value) {
    if (value === this[list]) return;
    this[list] = value;
    await this.store.put(name, value).catch(() => {}); // without room on this phone it holds as long as the page is open
  }

  /**
   * The keys of every trusted issuer.
   * @param {Key[]} published  those that the house publishes at its own address
   */
  keysBeside(published) {
    return mergeKeys(published, this.trust?.issuers.flatMap((issuer) => issuer.keys) ?? []);
  }

  /**
   * @param {string} host
   * @returns {import('./trustlist.js').Issuer | undefined}
   */
  issuer(host) {
    return this.trust?.issuers.find((issuer) => issuer.iss === host);
  }

  /**
   * Whether the house has withdrawn one of its cards, as far as is known here.
   * @param {string} id
   */
  async isWithdrawn(id) {
    return this.revocations !== null && isWithdrawn(this.revocations, id);
  }

  /** Whether there may be withdrawals on this device that could not be read, and nothing newer has come since. */
  get areUnread() {
    return !this.store.remembers && this.revocations === null;
  }

  /**
   * How old the lists are; null for one that is not here.
   * @param {number} now milliseconds since 1970
   * @returns {{trust: Age | null, revocations: Age | null}}
   */
  ages(now) {
    return { trust: this.trust && ageOf(this.trust, now), revocations: this.revocations && ageOf(this.revocations.head, now) };
  }
}

/**
 * Two sets of keys in one. A key that was withdrawn or retired in either is so in both.
 * @param {Key[]} some
 * @param {Key[]} others
 * @returns {Key[]}
 */
export function mergeKeys(some, others) {
  /** @type {Map<string, Key>} */
  const merged = new Map();
  for (const key of [...some, ...others]) {
    const name = [key.iss, key.x, key.y].join(' ');
    const before = merged.get(name);
    const exp = Math.min(key.exp ?? Infinity, before?.exp ?? Infinity);
    merged.set(name, { ...key, revoked: key.revoked ?? before?.revoked, exp: exp === Infinity ? undefined : exp });
  }
  return [...merged.values()];
}

/** @param {string} path */
async function textOf(path) {
  try {
    const response = await fetch(path, { credentials: 'omit' });
    return response.ok ? (await response.text()).trim() : null;
  } catch {
    return null;
  }
}

/**
 * @param {number} after
 * @param {number} count
 * @param {number} mostBytes
 */
async function entriesFrom(after, count, mostBytes) {
  if ((count - after) * 8 > mostBytes) return null;
  try {
    const response = await fetch(`/v1/revocations/entries?after=${after}`, { credentials: 'omit' });
    // Cards that were withdrawn since the head was signed stand behind those that it counts; the next head has them.
    return response.ok ? new Uint8Array(await response.arrayBuffer()).slice(0, (count - after) * 8) : null;
  } catch {
    return null;
  }
}
