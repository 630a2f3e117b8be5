// @ts-check
// Whom to call where one is: the emergency numbers of the country that the phone seems to be in, and another country when that is wrong.

import { el } from '../reader/dom.js';
import { COUNTRIES, emergencyIn } from './numbers.js';
import { countryOf } from './zones.js';

/** @typedef {import('../reader/words.js').Words} Words */

/** The country that this phone seems to be in, "" when there is nothing to go by. */
export function hereAbouts() {
  return countryOf(Intl.DateTimeFormat().resolvedOptions().timeZone, navigator.languages ?? []);
}

/**
 * @param {string} country ISO 3166-1, or ""
 * @param {Words} words
 * @param {(country: string) => void} change
 */
export function helpPart(country, words, change) {
  const { ambulance, general } = emergencyIn(country);
  const known = COUNTRIES.includes(country);
  return el('section', { class: 'place', 'aria-labelledby': 'place' },
    el('h2', { id: 'place' }, words.t('reader.place.title')),
    el('p', { class: 'calls' }, call(words.t(known ? 'reader.place.ambulance' : 'reader.place.anywhere'), ambulance), general && [' ', call(words.t('reader.place.general'), general)]),
    !known && el('p', {}, words.t('reader.place.unknown')),
    el('p', { class: 'field' },
      el('label', { for: 'country' }, words.t('reader.place.country')),
      el('select', { id: 'country', change: (/** @type {any} */ event) => change(event.target.value) },
        el('option', { value: '', selected: !known }, words.t('reader.place.other')),
        named(words).map(([code, name]) => el('option', { value: code, selected: code === country }, name)))));
}

/**
 * @param {string} what
 * @param {string} number
 */
function call(what, number) {
  return el('a', { class: 'call', href: `tel:${number}` }, what, ' ', el('bdi', { dir: 'ltr' }, number));
}

/**
 * The countries by their names in the reader's language, in the order of that language.
 * @param {Words} words
 */
function named(words) {
  const order = new Intl.Collator(words.lang);
  return COUNTRIES.map((code) => /** @type {[string, string]} */ ([code, words.country(code)])).sort(([, a], [, b]) => order.compare(a, b));
}
