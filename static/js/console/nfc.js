// @ts-check
// Writes a tag with the device itself, where its browser has Web NFC. What was written is read back and compared before anything is said to have gone
// well, and only then may the tag be locked.

import { sameRecords, tagRecords } from './tagrecords.js';

const PATIENCE = 60_000; // milliseconds that somebody has to find the tag

const place = document.querySelector('[data-nfc]');
if (place instanceof HTMLElement && 'NDEFReader' in globalThis) {
  place.hidden = false;
  document.querySelector('[data-nfc-else]')?.remove();
  onPress(place, '[data-nfc-write]', write);
  onPress(place, '[data-nfc-lock]', lock);
}

/**
 * @param {HTMLElement} place
 * @param {string} selector
 * @param {(place: HTMLElement, signal: AbortSignal) => Promise<void>} work
 */
function onPress(place, selector, work) {
  place.querySelector(selector)?.addEventListener('click', async () => {
    if (place.dataset.busy !== undefined) return;
    place.dataset.busy = '';
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), PATIENCE);
    try {
      await work(place, control.signal);
    } catch (error) {
      say(place, explain(error), true);
    } finally {
      clearTimeout(timer);
      control.abort(); // or the reader goes on listening
      delete place.dataset.busy;
    }
  });
}

/**
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 */
async function write(place, signal) {
  tested(place, false);
  const records = tagRecords(place.dataset);
  const reader = newReader();
  say(place, 'hold');
  await reader.write({ records }, { overwrite: true, signal });
  say(place, 'again');
  const same = sameRecords(await nextTag(reader, signal), records);
  say(place, same ? 'done' : 'differs', !same);
  tested(place, same);
}

/**
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 */
async function lock(place, signal) {
  say(place, 'hold');
  await newReader().makeReadOnly({ signal });
  say(place, 'locked');
  tested(place, false);
}

/**
 * What is on the next tag that is held to the device.
 * @param {any} reader
 * @param {AbortSignal} signal
 */
async function nextTag(reader, signal) {
  const tag = new Promise((resolve, reject) => {
    reader.addEventListener('reading', (/** @type {any} */ event) => resolve(event.message.records), { once: true });
    reader.addEventListener('readingerror', () => reject(new DOMException('', 'NetworkError')), { once: true });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const [records] = await Promise.all([tag, reader.scan({ signal })]);
  return records;
}

/** Web NFC has no types of its own in TypeScript yet. @returns {any} */
function newReader() {
  return new (/** @type {any} */ (globalThis).NDEFReader)();
}

/** The word for what went wrong (Web NFC, "Writing a NDEF message"). @param {unknown} error */
function explain(error) {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError': return 'refused';
    case 'NotSupportedError': return 'locked_already';
    case 'NotReadableError': return 'off';
    default: return 'failed';
  }
}

/**
 * @param {HTMLElement} place
 * @param {string} word
 */
function say(place, word, bad = false) {
  const status = place.querySelector('[data-status]');
  if (!status) return;
  status.textContent = place.dataset[word] ?? '';
  status.classList.toggle('fault', bad);
}

/**
 * Offers to lock the tag only after what is on it was compared.
 * @param {HTMLElement} place
 * @param {boolean} good
 */
function tested(place, good) {
  const part = place.querySelector('[data-nfc-tested]');
  if (part instanceof HTMLElement) part.hidden = !good;
}
