// @ts-check
// What a reader can do without a network, beyond showing a card of its own house: it is loaded after the card is on the screen.

import { Lists } from './lists.js';
import { Receipts } from './receipts.js';
import { Memory, openStore } from './store.js';

/** @typedef {{lists: Lists, receipts: Receipts}} Offline */

/**
 * @param {string} house  host of the service whose page this is
 * @returns {Promise<Offline>}
 */
export async function openOffline(house) {
  const store = await openStore();
  try {
    return await readFrom(store, house);
  } catch {
    return readFrom(new Memory({ remembers: false }), house); // a store that opens and then does not answer
  }
}

/**
 * @param {import('./store.js').Store} store
 * @param {string} house
 * @returns {Promise<Offline>}
 */
async function readFrom(store, house) {
  return { lists: await Lists.open(store, house), receipts: new Receipts(store) };
}
