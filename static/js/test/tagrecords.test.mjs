// What a tag holds is compared with what was written, record by record.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sameRecords, tagRecords } from '../console/tagrecords.js';

const address = 'https://locket.example/c/AAAAAAAAAAAAAAAAAAAAAA#AQID';
const wanted = tagRecords({ url: address, lang: 'en', text: 'ICE 2345-6789-ABCD' });
const encoder = new TextEncoder();
const bytes = (text) => new DataView(encoder.encode(text).buffer);
const read = () => [
  { recordType: 'url', data: bytes(address) },
  { recordType: 'text', lang: 'en', encoding: 'utf-8', data: bytes('ICE 2345-6789-ABCD') },
];

test('the address comes first, a text only where there is one', () => {
  assert.deepEqual(wanted.map(({ recordType }) => recordType), ['url', 'text']);
  assert.deepEqual(tagRecords({ url: address }), [{ recordType: 'url', data: address }]);
});

test('what was written is recognised', () => {
  assert.equal(sameRecords(read(), wanted), true);
});

for (const [name, change] of Object.entries({
  'nothing': () => [],
  'the address alone': (records) => records.slice(0, 1),
  'one record more': (records) => [...records, records[1]],
  'another order': (records) => records.reverse(),
  'another address': ([, text]) => [{ recordType: 'url', data: bytes(`${address}A`) }, text],
  'the address as a text': ([url, text]) => [{ ...url, recordType: 'text', lang: 'en' }, text],
  'another language': ([url, text]) => [url, { ...text, lang: 'fr' }],
  'an empty record': ([url]) => [url, { recordType: 'empty', data: null }],
  'bytes that are no text': ([, text]) => [{ recordType: 'url', data: new DataView(new Uint8Array([0xff, 0xfe]).buffer) }, text],
  'an encoding that there is not': ([url, text]) => [url, { ...text, encoding: 'utf-99' }],
})) {
  test(`${name} is something else`, () => {
    assert.equal(sameRecords(change(read()), wanted), false);
  });
}
