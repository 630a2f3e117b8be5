// @ts-check
// The list of issuers whose fronts this reader trusts, signed by the house whose page this is. It is believed by the keys of the list before and by those
// that the house publishes at its own address, from where this very script came: a house whose key was stolen signs with another at once, and readers
// must learn of it within minutes. So a list cannot make itself trusted.

import { parseAddress } from '../reader/address.js';
import { thumbprint } from '../reader/cose.js';
import { BadList, mayFollow, verifyList } from './jws.js';

/** @typedef {import('../reader/cose.js').Key} Key */
/** @typedef {{iss: string, name: string, url: string, keys: Key[]}} Issuer */
/** @typedef {{iss: string, iat: number, exp: number, issuers: Issuer[]}} TrustList */

const TYP = 'locket-trust+jws';
const MAX_ISSUERS = 1024;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']; // this very machine may do with http
const MAX_NAME = 200; // bytes

/**
 * The list to use from now on: the new one, or the one that is kept when the new one is older, of the future or not signed by a key that is trusted
 * already.
 * @param {TrustList | null} kept
 * @param {string} text  the list that was fetched
 * @param {Key[]} published  the house's keys from its own address, from where its pages come
 * @param {string} house
 * @param {number} now milliseconds since 1970
 * @returns {Promise<TrustList | null>}
 */
export async function followTrust(kept, text, published, house, now) {
  const before = kept?.issuers.find((issuer) => issuer.iss === house)?.keys ?? [];
  const withdrawn = before.filter((key) => key.revoked).map((key) => key.kid);
  const own = published.filter((key) => key.iss === house && !withdrawn.includes(key.kid));
  try {
    const list = await readTrust(text, [...own, ...before], house);
    return mayFollow(list, kept, now) ? list : kept;
  } catch (error) {
    if (!(error instanceof BadList)) throw error;
    return kept;
  }
}

/**
 * @param {string} text
 * @param {Key[]} keys
 * @param {string} house
 * @returns {Promise<TrustList>}
 * @throws {BadList}
 */
export async function readTrust(text, keys, house) {
  const { iss, iat, exp, issuers } = await verifyList(text, TYP, keys, house);
  if (!Array.isArray(issuers) || issuers.length > MAX_ISSUERS) throw new BadList('issuers');
  const named = await Promise.all(issuers.map(readIssuer));
  if (new Set(named.map((issuer) => issuer.iss)).size !== named.length) throw new BadList('an issuer twice');
  if (named[0]?.iss !== house) throw new BadList('a list that does not begin with its house');
  return { iss, iat, exp, issuers: named };
}

/**
 * @param {any} issuer
 * @returns {Promise<Issuer>}
 */
async function readIssuer(issuer) {
  const { iss, name = '', url, keys } = issuer ?? {};
  if (typeof iss !== 'string' || typeof name !== 'string' || !isAddressOf(iss, url) || !Array.isArray(keys)) throw new BadList('an issuer');
  for (const key of keys) {
    if (key?.iss !== iss || 'd' in key || 'k' in key || (isOurs(key) && key.kid !== await thumbprint(key))) throw new BadList('a key');
  }
  return { iss, name: cleanName(name) || iss, url, keys: keys.filter(isOurs) };
}

/**
 * Whether a key is of the kind that signs cards. Others are passed over (RFC 7517 section 5).
 * @param {any} key
 */
function isOurs({ kty, crv, use = 'sig', alg = 'ES256' }) {
  return kty === 'EC' && crv === 'P-256' && use === 'sig' && alg === 'ES256';
}

/**
 * A name may not turn the words around it, nor hide anything. Persian and Hindi are misspelt without the two joiners.
 * @param {string} name
 */
export function cleanName(name) {
  let clean = name.replace(/\s+/gu, ' ').replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}]/gu, '').replace(/ +/g, ' ').trim();
  while (new TextEncoder().encode(clean).length > MAX_NAME) clean = [...clean].slice(0, -1).join('').trim();
  return clean;
}

/**
 * @param {string} host
 * @param {any} url
 */
function isAddressOf(host, url) {
  const address = parseAddress(url);
  return address !== null && url === address.origin && address.host === host && (address.protocol === 'https:' || LOOPBACK.includes(address.hostname));
}
