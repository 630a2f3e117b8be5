// @ts-check
// The badge that a responder opens with: one that this device has read from another telephone, or that of whoever is signed in here.

const KEPT = 'locket-badge';

/** @typedef {{token: string, organization: string, kind: string, name: string}} Badge  token is "" for that of whoever is signed in */

/** What the open request says when somebody who has a badge opens without it. */
export const WITHOUT = 'none';

/**
 * The badge that was read from another telephone, while it lasts.
 * @param {number} now milliseconds since 1970
 * @returns {Badge | null}
 */
export function keptBadge(now) {
  try {
    const { token, organization, kind = '', name = '', until } = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    const lasts = typeof token === 'string' && token !== '' && typeof organization === 'string' && new Date(until).getTime() > now;
    return lasts ? { token, organization, kind: String(kind), name: String(name) } : null;
  } catch {
    return null; // nothing can be kept here, or it makes no sense
  }
}

/**
 * The badge of whoever is signed in.
 * @returns {Promise<Badge | null>}
 */
export async function ownBadge() {
  try {
    const response = await fetch('/v1/badge/mine', { credentials: 'same-origin', cache: 'no-store', headers: { accept: 'application/json' } });
    const { organization, kind = '', name = '' } = response.ok ? await response.json() : {};
    return organization ? { token: '', organization: String(organization), kind: String(kind), name: String(name) } : null;
  } catch {
    return null;
  }
}
