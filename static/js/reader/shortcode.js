// @ts-check
// A card too small for a front carries its short code instead: https://HOST/s#CODE, or the code behind the # of a tag that is tapped. The code is
// exchanged for the full address of the card, and then the page goes on as if that had been scanned.

import { parseAddress } from './address.js';

/** Twelve characters without look-alikes, as package cards draws them (shortcode.go). */
const CODE = /^[2-9A-HJKMNP-TV-Z]{12}$/;
const FULL = /^\/c\/[A-Za-z0-9_-]{22}$/;

/** Where short addresses lead. */
export const SHORT_PATH = '/s';

/**
 * The short code of a text, "" when it is none: in capitals or not, with or without its hyphens. No front is as short as a code, so one is never
 * taken for the other.
 * @param {string} text a fragment without its "#", or what somebody typed
 */
export function shortCodeOf(text) {
  const code = text.replace(/[-\s]/g, '').toUpperCase();
  return CODE.test(code) ? code : '';
}

/**
 * @typedef {object} Found
 * @property {string} [path]      "/c/ID"
 * @property {string} [fragment]  with its "#"
 * @property {'code_wrong'|'code_slow'|'code_offline'|'code_failed'} [problem]
 */

/**
 * Asks for the card of a short code.
 * @param {string} code
 * @param {string} origin of this page: a card of another one is not gone to
 * @returns {Promise<Found>}
 */
export async function findCard(code, origin) {
  let response;
  try {
    response = await fetch('/v1/short-code', {
      method: 'POST',
      credentials: 'omit',
      cache: 'no-store',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ code }),
    });
  } catch {
    return { problem: 'code_offline' };
  }
  if (response.status === 400 || response.status === 404) return { problem: 'code_wrong' };
  if (response.status === 429) return { problem: 'code_slow' };
  const answer = response.ok ? await response.json().catch(() => ({})) : {};
  return addressOf(answer.url, origin) ?? { problem: 'code_failed' };
}

/**
 * @param {unknown} url
 * @param {string} origin
 * @returns {Found | null}
 */
function addressOf(url, origin) {
  const address = parseAddress(url);
  if (!address || address.origin !== origin || !FULL.test(address.pathname) || address.hash.length < 2) return null;
  return { path: address.pathname, fragment: address.hash };
}
