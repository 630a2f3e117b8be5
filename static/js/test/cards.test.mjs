// The published vectors of package cards, read by the browser's own modules under node's test runner.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { decode } from '../reader/cbor.js';
import { frontTag, open, verify } from '../reader/cose.js';
import { readFragment } from '../reader/fragment.js';
import { Unreadable } from '../reader/unreadable.js';

const folder = new URL('../../../cards/testdata/vectors/', import.meta.url);
const hex = (bytes) => Buffer.from(bytes).toString('hex');

// What a browser does with an address: host and path are its own business, the fragment is ours.
function take(url) {
  const [address, fragment = ''] = url.split('#');
  const { secret, envelope } = readFragment(fragment);
  const opened = open(envelope);
  if (new URL(address).pathname !== `/c/${opened.card.id}`) throw new Unreadable('mismatch', 'the path names another card');
  return { secret, opened };
}

const vectors = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

// An address with another scheme or host never reaches our page, so these vectors are for other readers; revocation of single cards is
// asked of the issuer and tested in status.test.mjs.
const ours = vectors.filter((vector) => vector.error !== 'address' && vector.reason !== 'card_revoked');

test('the vectors are there', () => assert.ok(ours.length > 40, `only ${ours.length}`));

for (const vector of ours) {
  test(vector.name, async () => {
    if (vector.status === 'unreadable') {
      assert.throws(() => take(vector.url), (error) => error instanceof Unreadable && error.code === vector.error);
      return;
    }
    const { secret, opened } = take(vector.url);
    const { status, reason } = await verify(opened, vector.jwks.keys, vector.now);
    assert.equal(status, vector.status);
    assert.equal(reason, vector.reason ?? '');
    assert.equal(secret.length, 16);
    assert.equal(opened.card.id, vector.id);
    assert.equal(opened.card.issuer, vector.issuer);
    assert.equal(opened.card.issued, vector.issued);
    assert.equal(opened.card.expires, vector.expires);
    assert.deepEqual(opened.card.summary, decode(Uint8Array.from(Buffer.from(vector.summary_hex, 'hex'))));
    assert.equal(hex(await frontTag(opened)), vector.front_tag_hex);
  });
}
