// @ts-check
// A badge: a JSON Web Token (RFC 7519) by which a house vouches that its bearer belongs to an organization. cards/badge.go has its format, and this reader
// passes the same vectors.

import { signatureHolds, thumbprint } from '../reader/cose.js';
import { BadList, headerOf, objectOf, splitJWS } from '../offline/jws.js';
import { cleanName } from '../offline/trustlist.js';
import { parseAddress } from '../reader/address.js';

/** @typedef {import('../reader/cose.js').Key} Key */

/**
 * @typedef {object} Badge
 * @property {string} issuer        host of the house that vouches
 * @property {string} organization  name
 * @property {string} id            of the organization, within its house
 * @property {string} kind
 * @property {string} country
 * @property {string} name          of the bearer
 * @property {string} jti
 * @property {number} iat           seconds since 1970
 * @property {number} exp
 */

/** @typedef {'verified'|'expired'|'not_yet_valid'|'unknown_issuer'|'tampered'|'revoked'|'unreadable'} Status */

const TYP = 'locket-badge+jwt';
const MAX = 2048; // characters
const MAX_LIFE = 12 * 3600; // seconds
const SKEW = 120; // seconds
const MAX_TIME = 253_402_300_799;
const CLAIMS = ['v', 'iss', 'org', 'org_name', 'kind', 'country', 'name', 'jti', 'iat', 'exp'];
const ADDRESS = /^https?:\/\/[^/?#@\\]+\/b#(.+)$/;

/**
 * The badge in the address of one, or a badge alone.
 * @param {string} text
 * @returns {string | null}
 */
export function badgeIn(text) {
  if (text.length > MAX + 300) return null;
  const [, badge] = ADDRESS.exec(text) ?? ['', text];
  try {
    return headerOf(splitJWS(badge).head).typ === TYP ? badge : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} text
 * @param {Key[]} keys that are trusted
 * @param {number} now milliseconds since 1970
 * @returns {Promise<{status: Status, badge: Badge | null}>} the badge is null unless its signature holds
 */
export async function readBadge(text, keys, now) {
  let parts;
  let kid = '';
  try {
    if (text.length > MAX) throw new BadList('too long');
    parts = splitJWS(text);
    const header = headerOf(parts.head);
    if (header.typ !== TYP) throw new BadList('another kind');
    ({ kid } = header);
  } catch {
    return { status: 'unreadable', badge: null };
  }
  const named = [];
  for (const key of keys) if (await thumbprint(key) === kid) named.push(key);
  if (named.length === 0) return { status: 'unknown_issuer', badge: null };
  const sound = named.filter((key) => !key.revoked);
  if (sound.length === 0) return { status: 'revoked', badge: null };
  const signers = [];
  for (const key of sound) if (await signatureHolds(key, parts.signature, parts.signed)) signers.push(key);
  if (signers.length === 0) return { status: 'tampered', badge: null };
  let badge;
  try {
    badge = claimsOf(parts.payload);
  } catch {
    return { status: 'unreadable', badge: null };
  }
  const own = signers.find((key) => key.iss === badge.issuer);
  if (!own) return { status: 'tampered', badge: null };
  return { status: statusOf(badge, own, now / 1000), badge };
}

/**
 * @param {Badge} badge
 * @param {Key} key
 * @param {number} now seconds since 1970
 * @returns {Status}
 */
function statusOf({ iat, exp }, key, now) {
  if (iat > (key.exp ?? Infinity)) return 'unknown_issuer';
  if (iat > now + SKEW) return 'not_yet_valid';
  return now < exp ? 'verified' : 'expired';
}

/**
 * @param {Uint8Array} payload
 * @returns {Badge}
 * @throws {BadList}
 */
function claimsOf(payload) {
  const claims = objectOf(payload);
  const { v, iss, org, org_name: organization, kind, country, name, jti, iat, exp } = claims;
  const texts = [iss, org, organization, kind, country, name, jti];
  const whole = Object.keys(claims).length === CLAIMS.length && CLAIMS.every((claim) => claim in claims);
  if (!whole || v !== 1 || texts.some((text) => typeof text !== 'string')) throw new BadList('claims');
  if (parseAddress(`https://${iss}`)?.host !== iss) throw new BadList('issuer');
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(org) || !/^[a-z_]{1,32}$/.test(kind) || !/^([A-Z]{2})?$/.test(country) || !/^[A-Za-z0-9_-]{21}[AQgw]$/.test(jti)) {
    throw new BadList('words');
  }
  if ([organization, name].some((text) => text === '' || cleanName(text) !== text)) throw new BadList('names');
  const times = Number.isSafeInteger(iat) && Number.isSafeInteger(exp) && iat > 0 && exp > iat && exp <= MAX_TIME && exp - iat <= MAX_LIFE;
  if (!times) throw new BadList('times');
  return { issuer: iss, organization, id: org, kind, country, name, jti, iat, exp };
}
