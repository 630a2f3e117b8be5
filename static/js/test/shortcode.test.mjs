// From a short code to the card: what is a code, and which answers are gone to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findCard, shortCodeOf } from '../reader/shortcode.js';
import { judge } from '../reader/verdict.js';
import { withNetwork } from './network.mjs';

const origin = 'https://locket.example';
const id = 'AAECAwQFBgcICQoLDA0ODw';

test('a code in the ways that it is written', () => {
  const cases = [
    ['23456789ABCD', '23456789ABCD'],
    ['2345-6789-ABCD', '23456789ABCD'],
    ['2345 6789 abcd', '23456789ABCD'],
    ['23456789ABC', ''],
    ['23456789ABCDE', ''],
    ['03456789ABCD', ''],
    ['23456789ABCI', ''],
    ['23456789ABCL', ''],
    ['23456789ABCO', ''],
    ['23456789ABCU', ''],
    ['', ''],
    ['123456789012345678901234567890', ''],
  ];
  for (const [text, want] of cases) assert.equal(shortCodeOf(text), want, text);
});

test('the code is sent in the body and nowhere else', async () => {
  const answer = () => Response.json({ url: `${origin}/c/${id}#123` });
  const { result, asked } = await withNetwork(answer, () => findCard('23456789ABCD', origin));
  assert.deepEqual(result, { path: `/c/${id}`, fragment: '#123' });
  assert.equal(asked.length, 1);
  assert.equal(asked[0].url, '/v1/short-code');
  assert.equal(asked[0].credentials, 'omit');
  assert.deepEqual(JSON.parse(asked[0].body), { code: '23456789ABCD' });
});

test('only an address of this origin is gone to', async () => {
  const cases = [
    [{ url: `https://evil.example/c/${id}#123` }, 'another host'],
    [{ url: `http://locket.example/c/${id}#123` }, 'without TLS'],
    [{ url: `https://locket.example:8443/c/${id}#123` }, 'another port'],
    [{ url: `https://locket.example@evil.example/c/${id}#123` }, 'a host that looks like it'],
    [{ url: `${origin}/c/short#123` }, 'no card'],
    [{ url: `${origin}/c/${id}` }, 'without the card'],
    [{ url: `${origin}/signout#123` }, 'another page'],
    [{ url: 'javascript:alert(1)' }, 'no address'],
    [{ url: 7 }, 'a number'],
    [{}, 'nothing'],
    [[], 'a list'],
  ];
  for (const [answer, name] of cases) {
    const { result } = await withNetwork(() => Response.json(answer), () => findCard('23456789ABCD', origin));
    assert.deepEqual(result, { problem: 'code_failed' }, name);
  }
});

test('every failure is said in its own words', async () => {
  const offline = () => {
    throw new TypeError('no network');
  };
  const cases = [
    [() => new Response('{}', { status: 404 }), 'code_wrong'],
    [() => new Response('{}', { status: 400 }), 'code_wrong'],
    [() => new Response('{}', { status: 429 }), 'code_slow'],
    [() => new Response('{}', { status: 503 }), 'code_failed'],
    [() => new Response('<html>', { status: 200 }), 'code_failed'],
    [offline, 'code_offline'],
  ];
  for (const [answer, problem] of cases) {
    const { result } = await withNetwork(answer, () => findCard('23456789ABCD', origin));
    assert.deepEqual(result, { problem });
    assert.equal(judge(result).state, problem);
    assert.equal(judge(result).shows, 'nothing');
  }
  assert.equal(judge({ finding: true }).tone, 'busy');
});
