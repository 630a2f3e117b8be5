// The published vectors of badges (cards/testdata/vectors/badges), read by the browser's own module; and which codes are badges.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { badgeIn, readBadge } from '../badge/badge.js';
import { classify } from '../scan/classify.js';

const folder = new URL('../../../cards/testdata/vectors/badges/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('the vectors are there', () => assert.ok(vectors.length > 35, `only ${vectors.length}`));

for (const { name, jws, jwks, now, status, badge: want } of vectors) {
  test(name, async () => {
    const { status: said, badge } = await readBadge(jws, jwks.keys, now * 1000);
    assert.equal(said, status);
    if (!want) assert.equal(badge, null);
    else {
      const { issuer, id, organization, kind, country, name: bearer, jti, iat, exp } = badge;
      assert.deepEqual([issuer, id, organization, kind, country, bearer, jti, iat, exp],
        [want.iss, want.org, want.org_name, want.kind, want.country, want.name, want.jti, want.iat, want.exp]);
    }
  });
}

test('a badge is known by its header, in an address of any house or alone', () => {
  const { jws } = vectors.find(({ name }) => name === 'good');
  const origin = 'https://locket.example';
  for (const text of [`${origin}/b#${jws}`, `https://other.example/b#${jws}`, jws]) {
    assert.equal(badgeIn(text), jws, text.slice(0, 40));
    assert.deepEqual(classify(text, origin), { kind: 'badge', address: `/b#${jws}` });
  }
  for (const text of ['', `${origin}/b`, `${origin}/b#x`, `${origin}/c#${jws}`, `https://user@locket.example/b#${jws}`, `${origin}/b?x#${jws}`, 'a.b.c', 'A'.repeat(5000)]) {
    assert.equal(badgeIn(text), null, text.slice(0, 40));
  }
});
