// @ts-check
// Opening the glass: the one request that carries a card's secret, and what its answers mean. The secret goes nowhere else.

import { toBase64url } from './fragment.js';

/** What a responder states. Everything but the reason may stay empty. */
export const ROLES = ['bystander', 'paramedic', 'doctor', 'nurse', 'firefighter', 'police', 'shelter', 'family', 'other'];
export const REASONS = ['unconscious', 'patient_consents', 'threat_to_life', 'guardian_absent', 'public_health', 'evacuation', 'other'];

/**
 * @typedef {object} Answers
 * @property {string} role
 * @property {string} name
 * @property {string} organization
 * @property {string} callback
 * @property {string} reason
 * @property {string} reason_text
 */

/** @returns {Answers} */
export function noAnswers() {
  return { role: '', name: '', organization: '', callback: '', reason: '', reason_text: '' };
}

/**
 * @param {Uint8Array} secret
 * @param {'critical'|'sensitive'} step
 * @param {Answers} answers
 * @param {string} grant token of a running grant, or ""
 * @param {string} [badge] that was read from another telephone, "none" to open without one; "" wears that of whoever is signed in
 */
export function requestBody(secret, step, answers, grant, badge = '') {
  return { secret: toBase64url(secret), step, ...answers, country: '', badge, grant };
}

/**
 * What asks for the code that a hospital's software opens the record with. It shows the card's secret once more: whoever holds the grant alone has no card.
 * @param {import('./card.js').Read} read
 * @param {string} grant
 */
export function handoverBody(read, grant) {
  return { card: read.card.id, secret: toBase64url(read.secret), grant };
}

/**
 * @typedef {object} Outcome
 * @property {'granted'|'wait'|'refused'|'no_card'|'slow_down'|'unavailable'|'offline'|'failed'} kind
 * @property {any} [answer]       the body of an answer that grants, or that says until when to wait
 * @property {string[]} [actions] what the responder can do now, in words
 * @property {number} [retryAfter] seconds
 */

/**
 * @param {string} id
 * @param {object} body of {@link requestBody}
 * @param {string} lang of the words in the answer
 * @returns {Promise<Outcome>}
 */
export async function ask(id, body, lang) {
  let response;
  try {
    response = await fetch(`/v1/cards/${id}/open?lang=${lang}`, {
      method: 'POST',
      credentials: 'same-origin', // the cookie of a tap proves that this browser stands beside the card itself
      cache: 'no-store',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    return { kind: 'offline' };
  }
  const answer = await response.json().catch(() => ({}));
  return outcome(response.status, answer, response.headers.get('retry-after'));
}

/**
 * @param {number} status
 * @param {any} answer
 * @param {string | null} retryAfter
 * @returns {Outcome}
 */
export function outcome(status, answer, retryAfter) {
  if (status === 200 && answer.outcome === 'granted' && answer.record) return { kind: 'granted', answer };
  const actions = (answer.actions ?? []).map((/** @type {any} */ action) => String(action.text));
  if (status === 200 && answer.outcome === 'wait') return { kind: 'wait', answer, actions };
  if (status === 403) return { kind: 'refused', actions };
  if (status === 404) return { kind: 'no_card' };
  if (status === 429) return { kind: 'slow_down', retryAfter: Math.max(1, Number(retryAfter) || 60) };
  if (status === 503) return { kind: 'unavailable' };
  return { kind: 'failed' };
}

/**
 * Milliseconds that a grant still runs, by the server's clock at the moment of its answer.
 * @param {{until: string, now: string}} answer
 */
export function remaining(answer) {
  return Math.max(0, Date.parse(answer.until) - Date.parse(answer.now));
}
