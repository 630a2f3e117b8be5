// Bytes from outside, changed at random: every parser either reads them or says that it cannot, and nothing else happens.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { BadList } from '../offline/jws.js';
import { readHead } from '../offline/revocations.js';
import { readTrust } from '../offline/trustlist.js';
import { settled } from '../reader/direction.js';
import { numbersIn } from '../reader/person.js';
import { shortCodeOf } from '../reader/shortcode.js';
import { classify } from '../scan/classify.js';
import { Issuer } from './issuer.mjs';

const ROUNDS = 3000;
const ORIGIN = 'https://locket.example';
const KINDS = ['card', 'code', 'health_card', 'health_link', 'contact', 'phone', 'link', 'action', 'text', 'nothing', 'too_long'];

// The same numbers on every run (mulberry32), so that a failure can be looked at.
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const SPICE = ['\u202e', '\0', '"', '\\', '{', '}', '#', '@', ':', '/', '.', '%', ' ', '\n', '\ud800', '1e999', 'null', '[]', '__proto__', 'javascript:'];

function changed(text, next) {
  const at = next(text.length + 1);
  switch (next(4)) {
    case 0: return text.slice(0, at) + SPICE[next(SPICE.length)] + text.slice(at);
    case 1: return text.slice(0, at) + String.fromCharCode(next(0x3000)) + text.slice(at + 1);
    case 2: return text.slice(0, at) + text.slice(at + next(8));
    default: return text.slice(0, at) + text.slice(next(text.length + 1));
  }
}

test('whatever is scanned is one of the things that the scanner can say', () => {
  const next = random(1);
  const seeds = [
    `${ORIGIN}/c/AAECAwQFBgcICQoLDA0ODw#123`, `${ORIGIN}/s#23456789ABCD`, 'https://user@evil.example/c/x', 'javascript:alert(1)', 'tel:+46701740605',
    'shlink:/eyJ1cmwiOiJodHRwczovL2NsaW5pYy5leGFtcGxlL3NobC9hYWFhIiwiZXhwIjoxOTAwMDAwMDAwLCJmbGFnIjoiUCJ9', 'shc:/5676',
    'BEGIN:VCARD\nFN:Ada\nTEL:+46701740605\nNOTE:a\\, b\nURL:https://locket.example/s#23456789ABCD\nEND:VCARD',
  ];
  for (let i = 0; i < ROUNDS; i++) {
    let text = seeds[i % seeds.length];
    for (let n = next(4); n >= 0; n--) text = changed(text, next);
    const found = classify(text, ORIGIN);
    assert.ok(KINDS.includes(found.kind), text);
    for (const { address } of [found, found.inside ?? {}]) {
      if (address !== undefined) assert.match(address, /^\/(c\/[A-Za-z0-9_-]{22}(\?p=[0-9A-Fa-f]{32}&c=[0-9A-Fa-f]{16})?(#.*)?|s#.+)$/s, text);
    }
    if (found.url) assert.match(found.url, /^https?:\/\/[^@]*$|^https?:\/\/[^/@]+\//, text);
    for (const { words, number } of numbersIn(text)) assert.match(number, /^(|\+[0-9]{3,15})$/, words);
    assert.match(shortCodeOf(text), /^(|[2-9A-HJKMNP-TV-Z]{12})$/);
    assert.doesNotMatch(settled(text), /[\u202d\u202e]/);
  }
});

test('a list is read, or is no list', async () => {
  const next = random(2);
  const folder = new URL('../../../cards/testdata/vectors/lists/', import.meta.url);
  const vectors = readdirSync(folder).filter((name) => name.includes('good')).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
  for (let i = 0; i < 600; i++) {
    const { list, jws, jwks } = vectors[i % vectors.length];
    const text = changed(jws, next);
    if (text === jws) continue;
    const read = list === 'trust' ? readTrust : readHead;
    await assert.rejects(read(text, jwks.keys, 'locket.example'), BadList, text);
  }
});

test('a signed list that says nonsense is no list', async () => {
  const next = random(3);
  const house = await Issuer.make('locket.example');
  const good = JSON.stringify({
    v: 1, iss: 'locket.example', iat: 1_800_000_000, exp: 1_800_086_400, count: 0, sha256: 'A'.repeat(43),
    issuers: [{ iss: 'locket.example', name: 'House', url: 'https://locket.example', keys: [house.key] }],
  });
  for (let i = 0; i < 600; i++) {
    const text = changed(good, next);
    for (const [typ, read] of [['locket-trust+jws', readTrust], ['locket-revocations+jws', readHead]]) {
      try {
        const list = await read(await house.sign(typ, text), [house.key], 'locket.example');
        assert.equal(list.iss, 'locket.example');
      } catch (error) {
        assert.ok(error instanceof BadList, `${error.stack}\n${text}`);
      }
    }
  }
});
