// @ts-check
// Acts that a passkey approves. A form with data-approve is approved as it stands: the passkey signs for exactly that act. A form with data-fresh is
// an ordinary form that needs a passkey touched lately; the value says for how many more seconds one counts.

import { attempt, onSubmit } from './ceremony.js';
import { get, post } from './passkey.js';

/** Seconds that must be left, so that a passkey does not go stale on the way. */
const MARGIN = 20;

for (const form of document.querySelectorAll('form[data-approve]')) {
  if (form instanceof HTMLFormElement) onSubmit(form, () => approveForm(form));
}

for (const form of document.querySelectorAll('form[data-fresh][action]')) {
  if (form instanceof HTMLFormElement) form.addEventListener('submit', (event) => void sendFresh(form, event));
}

/** @param {HTMLFormElement} form */
async function approveForm(form) {
  const { approve: kind = '', target = '', body, base } = form.dataset;
  const done = await approve({ kind, target, ...(body ? { body: JSON.parse(body) } : {}), ...(base ? { base: Number(base) } : {}) });
  location.assign(done.location);
}

/**
 * @param {HTMLFormElement} form
 * @param {Event} event
 */
async function sendFresh(form, event) {
  if (isFresh(form)) return;
  event.preventDefault();
  const { submitter } = /** @type {SubmitEvent} */ (event);
  if (await attempt(form, () => verifyIfStale(form))) form.requestSubmit(submitter);
}

/**
 * Asks for a passkey unless one was touched lately.
 * @param {HTMLFormElement} form
 */
export async function verifyIfStale(form) {
  if (isFresh(form)) return;
  await approve({ kind: 'verify', target: '' });
  form.dataset.fresh = String(performance.now() / 1000 + 200);
}

/** @param {HTMLFormElement} form */
function isFresh(form) {
  return Number(form.dataset.fresh ?? 0) - performance.now() / 1000 > MARGIN;
}

/**
 * Has the passkey approve exactly this act, and the server do it.
 * @param {{kind: string, target: string, body?: object, base?: number}} act
 */
async function approve(act) {
  const begun = await post('/v1/approve/begin', act);
  return post('/v1/approve/finish', await get(begun));
}
