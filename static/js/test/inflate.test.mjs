// The inflater against zlib, with and without a dictionary, and on broken data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import { inflate } from '../reader/inflate.js';
import { Unreadable } from '../reader/unreadable.js';

const none = new Uint8Array(0);
const dictionary = Buffer.from('chronic kidney disease stage 3 penicillin anaphylaxis once daily in the morning');
const words = Buffer.from('penicillin: anaphylaxis. Chronic kidney disease stage 3. '.repeat(20));

for (const [name, data] of Object.entries({
  'nothing': Buffer.alloc(0),
  'one byte': Buffer.from('a'),
  'a long run': Buffer.alloc(5000, 7),
  'words': words,
  'noise': Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 31 + (i >> 3) * 17) & 255)),
})) {
  for (const level of [0, 1, 6, 9]) {
    test(`${name} at level ${level}`, () => {
      assert.deepEqual(Buffer.from(inflate(deflateRawSync(data, { level }), none, 8192)), data);
      const packed = deflateRawSync(data, { level, dictionary });
      assert.deepEqual(Buffer.from(inflate(packed, dictionary, 8192)), data);
    });
  }
}

test('the fixed codes', () => {
  const packed = deflateRawSync(words, { strategy: 4 });
  assert.deepEqual(Buffer.from(inflate(packed, none, 8192)), words);
});

test('no more comes out than allowed', () => {
  const bomb = deflateRawSync(Buffer.alloc(1 << 20));
  assert.throws(() => inflate(bomb, none, 16384), Unreadable);
});

test('every truncation is refused', () => {
  const packed = deflateRawSync(words, { dictionary });
  for (let length = 0; length < packed.length; length++) {
    assert.throws(() => inflate(packed.subarray(0, length), dictionary, 8192), Unreadable, `${length} bytes`);
  }
  assert.throws(() => inflate(Buffer.concat([packed, Buffer.from([0])]), dictionary, 8192), Unreadable, 'one byte more');
});

test('a reference to before the dictionary is refused', () => {
  const packed = deflateRawSync(words, { dictionary });
  assert.throws(() => inflate(packed, none, 8192), Unreadable);
});

test('flipped bits are refused or give other bytes, and never hang', () => {
  const packed = deflateRawSync(words, { dictionary });
  let refused = 0;
  for (let bit = 0; bit < packed.length * 8; bit++) {
    const broken = Buffer.from(packed);
    broken[bit >> 3] ^= 1 << (bit & 7);
    try {
      inflate(broken, dictionary, 8192);
    } catch (error) {
      assert.ok(error instanceof Unreadable, String(error));
      refused++;
    }
  }
  assert.ok(refused > 0);
});
