// The published vectors of package summary: fronts that must be read as they say, and bytes that are no front.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { decode } from '../reader/cbor.js';
import { readFront } from '../reader/front.js';
import { Unreadable } from '../reader/unreadable.js';

const summary = new URL('../../../emergency/summary/', import.meta.url);
const folder = new URL('testdata/vectors/', summary);
const dictionary = readFileSync(new URL('dictionary/1.txt', summary));

// Catalogue keys by card number, as labels/keys.json has them.
const keys = [];
for (const line of readFileSync(new URL('../terms/catalogue/numbers.csv', summary), 'utf8').trim().split('\n').slice(1)) {
  const [number, key] = line.trim().split(',');
  keys[Number(number)] = key;
}

const vectors = readdirSync(folder).filter((name) => name.startsWith('front-') && name.endsWith('.json')).map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8'))]);

test('the vectors are there', () => assert.ok(vectors.length > 30));

for (const [name, vector] of vectors) {
  test(name, () => {
    const bytes = Uint8Array.from(Buffer.from(vector.cbor_hex, 'hex'));
    const read = () => readFront(decode(bytes), dictionary, keys);
    if (vector.expect) {
      const { items, ...front } = read();
      const { items: wanted, identity = {}, ...head } = vector.expect;
      assert.deepEqual(front.identity ?? {}, identity);
      assert.deepEqual({ ...front, identity: {} }, { ...head, identity: {} });
      assert.deepEqual(items, wanted);
    } else {
      assert.throws(read, Unreadable);
    }
  });
}
