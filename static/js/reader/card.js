// @ts-check
// From an address to a card: what a phone camera opened, taken apart and checked on this device.

import { open } from './cose.js';
import { readFragment } from './fragment.js';
import { readFront } from './front.js';
import { Unreadable } from './unreadable.js';

/**
 * @typedef {object} Read
 * @property {Uint8Array} secret  the card's secret: shown to nobody, sent only to open the glass
 * @property {ReturnType<typeof open>} envelope
 * @property {import('./cose.js').Card} card
 * @property {import('./front.js').Front} front
 */

/**
 * Takes an address apart, believing none of it yet.
 * @param {string} path "/c/ID"
 * @param {string} fragment what stands after the "#"
 * @param {Uint8Array} dictionary
 * @param {string[]} keys catalogue keys by card number
 * @returns {Read}
 * @throws {Unreadable}
 */
export function readCard(path, fragment, dictionary, keys) {
  const { secret, envelope: bytes } = readFragment(fragment);
  const envelope = open(bytes);
  if (idOf(path) !== envelope.card.id) throw new Unreadable('mismatch', 'the path names another card');
  return { secret, envelope, card: envelope.card, front: readFront(envelope.card.summary, dictionary, keys) };
}

/**
 * The card id of a path, as it stands there.
 * @param {string} path
 */
export function idOf(path) {
  return path.replace(/^\/c\//, '');
}

