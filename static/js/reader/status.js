// @ts-check
// Whether a card still holds, by the one who issued it: the signature cannot say that.

import { toBase64url } from './fragment.js';

/**
 * "foreign" is a card of another issuer, whom this page cannot ask. Tap is what the issuer knows of a tag that was just tapped: "" when there was no
 * such tap, "live" when it was the card itself; all else proves nothing.
 * @typedef {{status: 'active'|'revoked'|'unknown'|'offline'|'asking'|'foreign', at: Date, tap?: string}} Online
 */

const TAPS = ['', 'live', 'stale', 'wrong', 'cloned', 'unsupported'];

/**
 * Asks the issuer whether the card still holds. All it is shown is a hash of the front, never the card's secret, and the cookie of a tap.
 * @param {string} id
 * @param {Uint8Array} tag
 * @returns {Promise<Online>}
 */
export async function askStatus(id, tag) {
  try {
    const response = await fetch(`/v1/cards/${id}/status`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tag: toBase64url(tag) }),
    });
    const { status, checked_at: at, tap = '' } = await response.json();
    if (response.ok && ['active', 'revoked', 'unknown'].includes(status)) return { status, at: new Date(at), tap: TAPS.includes(tap) ? tap : 'wrong' };
  } catch {
    // No network, or no sense in the answer: either way nothing was checked.
  }
  return { status: 'offline', at: new Date() };
}
