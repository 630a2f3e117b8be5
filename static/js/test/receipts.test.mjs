// Receipts of readings without a network: what they say, and that none is lost or sent again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Receipts } from '../offline/receipts.js';
import { Memory } from '../offline/store.js';
import { withNetwork } from './network.mjs';

const CARD = 'AAECAwQFBgcICQoLDA0ODw';
const TAG = new Uint8Array(16).fill(7);
const now = 1_800_000_000_000;
const part = (jws, i) => JSON.parse(Buffer.from(jws.split('.')[i], 'base64url').toString());
const id = (i) => `${CARD.slice(0, 18)}${String(i).padStart(4, '0')}`;

async function queue(count) {
  const receipts = new Receipts(new Memory());
  for (let i = 0; i < count; i++) await receipts.add(id(i), TAG, now);
  return receipts;
}

const accepted = (url, { body }) => Response.json({ results: JSON.parse(body).receipts.map(() => 'accepted') });

test('a receipt is a JWS that verifies by the key it carries', async () => {
  const receipts = await queue(1);
  const [[, { jws }]] = await receipts.kept();
  const { alg, typ, jwk, ...rest } = part(jws, 0);
  assert.deepEqual({ alg, typ, rest }, { alg: 'ES256', typ: 'locket-receipt+jws', rest: {} });
  assert.deepEqual(Object.keys(jwk).sort(), ['crv', 'kty', 'x', 'y']);
  const { nonce, ...said } = part(jws, 1);
  assert.deepEqual(said, { v: 1, card: id(0), tag: Buffer.from(TAG).toString('base64url'), read_at: now / 1000 });
  assert.equal(Buffer.from(nonce, 'base64url').length, 16);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  const [head, payload, signature] = jws.split('.');
  assert.equal(await crypto.subtle.verify(algorithm, key, Buffer.from(signature, 'base64url'), Buffer.from(`${head}.${payload}`)), true);
});

test('one device signs with one key, which does not leave it', async () => {
  const receipts = await queue(2);
  const [[, one], [, other]] = await receipts.kept();
  assert.deepEqual(part(one.jws, 0).jwk, part(other.jws, 0).jwk);
  assert.notEqual(part(one.jws, 1).nonce, part(other.jws, 1).nonce);
  await assert.rejects(crypto.subtle.exportKey('jwk', (await receipts.deviceKey()).privateKey));
});

test('a reload is not another reading', async () => {
  const receipts = new Receipts(new Memory());
  await receipts.add(CARD, TAG, now);
  await receipts.add(CARD, TAG, now + 60_000);
  await receipts.add(id(1), TAG, now + 60_000);
  await receipts.add(CARD, TAG, now + 3_600_000);
  assert.equal((await receipts.kept()).length, 3);
});

test('what got an answer is forgotten, in batches of fifty, and not sent again', async () => {
  const receipts = await queue(120);
  const { asked } = await withNetwork(accepted, () => receipts.send());
  assert.deepEqual(asked.map(({ body }) => JSON.parse(body).receipts.length), [50, 50, 20]);
  assert.ok(asked.every(({ url, credentials, method }) => url === '/v1/receipts' && credentials === 'omit' && method === 'POST'));
  assert.equal(new Set(asked.flatMap(({ body }) => JSON.parse(body).receipts)).size, 120);
  const again = await withNetwork(accepted, () => receipts.send());
  assert.deepEqual(again.asked, []);
});

test('a refusal is an answer', async () => {
  const receipts = await queue(3);
  await withNetwork(() => Response.json({ results: ['refused', 'known', 'accepted'] }), () => receipts.send());
  assert.deepEqual(await receipts.kept(), []);
});

test('what is to come later is kept, and not sent again at once', async () => {
  const receipts = await queue(3);
  const kept = (await receipts.kept())[1];
  const { asked } = await withNetwork(() => Response.json({ results: ['accepted', 'later', 'refused'] }), () => receipts.send());
  assert.equal(asked.length, 1);
  assert.deepEqual(await receipts.kept(), [kept]);
});

for (const [name, answer] of [
  ['there is no network', () => Promise.reject(new TypeError('no network'))],
  ['the server is down', () => new Response('', { status: 503 })],
  ['the server fails', () => Response.json({ results: ['accepted'] }, { status: 500 })],
  ['there were too many requests', () => new Response('', { status: 429 })],
  ['the service takes no receipts', () => new Response('', { status: 404 })],
  ['a portal answers instead', () => new Response('<html>log in</html>')],
  ['the answer has no results', () => Response.json({})],
  ['the answer is of another length', () => Response.json({ results: ['accepted'] })],
  ['the answer says something else', () => Response.json({ results: ['accepted', 'perhaps'] })],
]) {
  test(`everything is kept when ${name}`, async () => {
    const receipts = await queue(2);
    const before = await receipts.kept();
    const { asked } = await withNetwork(answer, () => receipts.send());
    assert.equal(asked.length, 1);
    assert.deepEqual(await receipts.kept(), before);
  });
}

test('what was answered before the network went is not sent again', async () => {
  const receipts = await queue(60);
  let requests = 0;
  const once = (...args) => (++requests === 1 ? accepted(...args) : Promise.reject(new TypeError('no network')));
  await withNetwork(once, () => receipts.send());
  assert.equal((await receipts.kept()).length, 10);
});
