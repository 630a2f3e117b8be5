// The published vectors of the signed lists (cards/testdata/vectors/lists), read by the browser's own modules.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ageOf, BadList } from '../offline/jws.js';
import { followRevocations, isWithdrawn, readHead } from '../offline/revocations.js';
import { readTrust } from '../offline/trustlist.js';

const HOUSE = 'locket.example';
const folder = new URL('../../../cards/testdata/vectors/lists/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('the vectors are there', () => assert.ok(vectors.length > 60, `only ${vectors.length}`));

for (const vector of vectors) {
  const { name, list: kind, jws, jwks, error, now } = vector;
  test(name, async () => {
    const read = () => (kind === 'trust' ? readTrust(jws, jwks.keys, HOUSE) : readHead(jws, jwks.keys, HOUSE));
    if (error === 'list' || error === 'signer') {
      await assert.rejects(read, BadList);
      return;
    }
    const list = await read();
    const entries = Uint8Array.from(Buffer.from(vector.entries_hex ?? '', 'hex'));
    const revocations = kind === 'trust' ? null : await followRevocations(null, list, async () => entries, list.iat * 1000);
    if (error === 'entries') {
      assert.equal(revocations, null);
      return;
    }
    assert.deepEqual([list.iss, list.iat, list.exp], [vector.issuer, vector.issued, vector.expires]);
    assert.equal(ageOf(list, now * 1000).state, vector.age);
    if (kind === 'trust') {
      assert.deepEqual(list.issuers.map(({ iss, name: called, url }) => [iss, called, url]), vector.issuers.map((each) => [each.iss, each.name, each.url]));
      assert.deepEqual(list.issuers.map(({ keys }) => keys.length), vector.issuers.map(({ keys }) => keys.length));
    }
    for (const [id, withdrawn] of Object.entries(vector.revoked ?? {})) assert.equal(await isWithdrawn(revocations, id), withdrawn, id);
  });
}
