// Whom to call where one is.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { COUNTRIES, emergencyIn } from '../place/numbers.js';
import { countryOf } from '../place/zones.js';
import { dialable } from '../reader/person.js';

test('the country of the clock goes before that of the language', () => {
  for (const [zone, languages, want] of [
    ['Europe/Lisbon', ['en-US'], 'PT'],
    ['Atlantic/Canary', ['de-DE'], 'ES'],
    ['Asia/Calcutta', ['hi-IN'], 'IN'],
    ['Asia/Kolkata', [], 'IN'],
    ['America/Argentina/Ushuaia', [], 'AR'],
    ['Europe/Kiev', [], 'UA'],
    ['Europe/Kyiv', [], 'UA'],
    ['UTC', ['en', 'fr-CH'], 'CH'],
    ['Etc/GMT+5', ['zh-Hant-TW'], 'TW'],
    ['UTC', ['en'], ''],
    ['UTC', ['not a language'], ''],
    [undefined, [], ''],
    ['', [], ''],
    ['Europe', [], ''],
  ]) {
    assert.equal(countryOf(zone, languages), want, `${zone} ${languages}`);
  }
});

test('well-known numbers', () => {
  for (const [country, ambulance, general] of [
    ['US', '911', ''], ['GB', '999', '112'], ['DE', '112', ''], ['FR', '15', '112'], ['JP', '119', ''], ['AU', '000', ''], ['NZ', '111', ''], ['CN', '120', ''],
    ['', '112', '911'], ['AQ', '112', '911'], ['<b>', '112', '911'], ['constructor', '112', '911'],
  ]) {
    assert.deepEqual(emergencyIn(country), { ambulance, general }, country);
  }
});

test('every country has a name, numbers that can be called, and a clock', () => {
  const names = new Intl.DisplayNames('en', { type: 'region' });
  const clocks = new Set(Intl.supportedValuesOf('timeZone').map((zone) => countryOf(zone, [])));
  for (const country of COUNTRIES) {
    const { ambulance, general } = emergencyIn(country);
    assert.notEqual(names.of(country), country);
    assert.ok(/^[0-9]{2,5}$/.test(ambulance) && (general === '' || dialable(general) === general), country);
    assert.notEqual(ambulance, general);
    assert.ok(clocks.has(country), `no clock of ${country}`);
  }
});
