// @ts-check
// Whether a card still holds, by the one who issued it: the signature cannot say that.

import { toBase64url } from './fragment.js';

/**
 * Asks the issuer whether the card still holds. All it is shown is a hash of the front, never the card's secret.
 * @typedef {{status: 'active'|'revoked'|'unknown'|'offline'|'asking', at: Date}} Online
 * @param {string} id
 * @param {Uint8Array} tag
 * @returns {Promise<Online>}
 */
export async function askStatus(id, tag) {
  try {
    const response = await fetch(`/v1/cards/${id}/status`, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tag: toBase64url(tag) }),
    });
    const { status, checked_at: at } = await response.json();
    if (response.ok && ['active', 'revoked', 'unknown'].includes(status)) return { status, at: new Date(at) };
  } catch {
    // No network, or no sense in the answer: either way nothing was checked.
  }
  return { status: 'offline', at: new Date() };
}
