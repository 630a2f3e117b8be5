// @ts-check
// A form that ends in a passkey: it says what happens, never sends twice, and puts what went wrong into words.

import { Problem, supported } from './passkey.js';

/**
 * Runs work when the form is sent, with its button off and its words shown.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 */
export function onSubmit(form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await attempt(form, work);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 * @returns {Promise<boolean>} whether it went well
 */
export async function attempt(form, work) {
  if (form.dataset.busy !== undefined) return false;
  form.dataset.busy = '';
  try {
    const plain = form.dataset.plain !== undefined; // it asks for no passkey this time
    if (!plain && !supported()) throw new Unsupported();
    say(form, plain ? '' : words().busy ?? '', false);
    await work();
    return true;
  } catch (error) {
    say(form, explain(error), true);
    return false;
  } finally {
    delete form.dataset.busy;
  }
}

class Unsupported extends Error {}

/** @param {unknown} error */
function explain(error) {
  const said = words();
  if (error instanceof Unsupported) return said.unsupported ?? '';
  if (error instanceof Problem) return `${error.message} ${error.detail}`;
  if (error instanceof TypeError) return said.offline ?? '';
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'InvalidStateError') return said.exists ?? '';
  if (name === 'NotAllowedError' || name === 'AbortError') return said.cancelled ?? '';
  return said.failed ?? '';
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 * @param {boolean} bad
 */
function say(form, text, bad) {
  const status = form.querySelector('[data-status]');
  if (!status) return;
  status.textContent = text;
  status.classList.toggle('fault', bad);
}

/** The sentences that the page brings along. */
function words() {
  const element = document.querySelector('[data-words]');
  return element instanceof HTMLElement ? element.dataset : /** @type {DOMStringMap} */ ({});
}
