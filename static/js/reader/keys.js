// @ts-check
// The issuer's keys: from the network, or from the service worker with the time at which it stored them.

const ADDRESS = '/.well-known/jwks.json';
const STORED_AT = 'x-locket-stored-at'; // set by worker.js

/**
 * @typedef {object} Trust
 * @property {import('./cose.js').Key[]} keys
 * @property {Date | null} storedAt  when the keys were fetched; null when that was just now
 */

/**
 * @returns {Promise<Trust | null>} null when there are no keys on this phone and no network to get them
 */
export async function loadKeys() {
  try {
    const response = await fetch(ADDRESS, { credentials: 'omit' });
    if (!response.ok) return null;
    const stored = response.headers.get(STORED_AT);
    const { keys } = await response.json();
    return { keys: Array.isArray(keys) ? keys : [], storedAt: stored ? new Date(Number(stored)) : null };
  } catch {
    return null;
  }
}

/**
 * The house whose page this is, as its cards name it: the issuer of the keys that it publishes at its own address.
 * @param {Trust | null} trust
 * @param {string} host  of the service, for a phone that never had the keys
 */
export function houseOf(trust, host) {
  return trust?.keys[0]?.iss ?? host;
}
