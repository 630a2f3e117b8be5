// SMART Health Cards: ours are verified by kill-the-clipboard with what the house publishes, and theirs are read by `locket verify`.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fixture, must } from '../harness/house.mjs';
import { directory, locket } from '../harness/locket.mjs';
import { decode } from './decoders.mjs';
import { Hospital } from './hospital.mjs';
import { issue } from './issued.mjs';
import { again, trustFile } from './issuer.mjs';
import { SecureHouse } from './secure.mjs';

const day = 86_400_000;

/** What the specification leaves out of a code: ids, narratives, and words beside codes ("Health Cards are Small"). */
function* superfluous(value, path = 'bundle') {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    const here = `${path}.${name}`;
    if (name === 'id' || (name === 'display' && value.system) || (name === 'text' && (value.coding || value.resourceType))) yield here;
    yield* superfluous(part, here);
  }
}

describe('SMART Health Card', () => {
  let house, hospital, card;

  before(async () => {
    house = await SecureHouse.open();
    hospital = Hospital.near(house.way);
    card = await issue(house.data, 'shc', fixture('adult'));
  });

  after(async () => {
    await hospital?.close();
    await house?.close();
  });

  const verify = (given, options) => hospital.ask('verify', { issuer: house.base, ...given }, options);

  test('the file is verified, and has what card.json says is on it', async () => {
    const { error, jws, bundle } = await verify({ file: card.text('card.smart-health-card') });
    assert.equal(error, undefined);
    const { on_front: said, health_card: { characters } } = card.report;
    assert.equal(jws.length, characters);
    assert.equal(bundle.type, 'collection');
    assert.deepEqual([bundle.entry.length, bundle.entry[0].resource.resourceType], [1 + said.length, 'Patient']);
  });

  test('the code that both scanners read is verified, and has nothing that has no place in a code', async () => {
    for (const [scanner, texts] of Object.entries(await decode(card.path('card.png')))) {
      assert.equal(texts.length, 1, scanner);
      assert.match(texts[0], /^shc:\/\d+$/);
      const { error, jws, bundle } = await verify({ digits: texts[0] });
      assert.equal(error, undefined);
      assert.equal(jws.length, card.report.health_card.characters_in_code);
      assert.deepEqual([...superfluous(bundle)], []);
      assert.ok(bundle.entry.length > 4, 'it still says something');
    }
  });

  test('it expires', async () => {
    const expires = Date.parse(card.report.expires);
    assert.equal((await verify({ file: card.text('card.smart-health-card') }, { at: expires - day })).error, undefined);
    assert.equal((await verify({ file: card.text('card.smart-health-card') }, { at: expires + day })).error, 'EXPIRED');
  });

  test('a changed card is refused', async () => {
    const { verifiableCredential: [jws] } = card.json('card.smart-health-card');
    const signature = Buffer.from(jws.split('.')[2], 'base64url');
    signature[40] ^= 1;
    const changed = jws.replace(/[^.]+$/, signature.toString('base64url'));
    assert.equal((await verify({ file: JSON.stringify({ verifiableCredential: [changed] }) })).error, 'BAD_SIGNATURE');
  });

  test('a revoked card is refused, by the list at its place', async () => {
    const lost = await issue(house.data, 'shc', fixture('traveller-ja'));
    assert.equal((await verify({ file: lost.text('card.smart-health-card') })).error, undefined);
    await must(['revoke', '--data', house.data, '--patient', lost.report.patient, '--card', lost.report.id]);
    await again(house);
    assert.equal((await verify({ file: lost.text('card.smart-health-card') })).error, 'SHC_REVOKED');
    assert.equal((await verify({ file: card.text('card.smart-health-card') })).error, undefined, 'and no other');
  });

  describe('made by kill-the-clipboard', () => {
    const issuer = 'https://clinic.example';
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{
        fullUrl: 'resource:0',
        resource: { resourceType: 'Patient', name: [{ family: 'Example', given: ['Noor'] }], birthDate: '1988-02-29' },
      }],
    };
    let trust;

    before(() => {
      trust = trustFile(pair.publicKey, 'clinic.example').path;
    });

    /** What `locket verify` says of a card that begins to be valid at some second. */
    async function checked(nbf, ...flags) {
      const publicKey = pair.publicKey.export({ format: 'pem', type: 'spki' });
      const privateKey = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
      const jws = await hospital.ask('issue', { issuer, bundle, nbf, publicKey, privateKey });
      assert.equal(typeof jws, 'string', jws.error);
      const file = join(directory(), 'theirs.smart-health-card');
      writeFileSync(file, JSON.stringify({ verifiableCredential: [jws] }));
      const { code, stdout } = await locket(['verify', ...flags, file]);
      return { code, ...JSON.parse(stdout) };
    }

    const now = Math.floor(Date.now() / 1000);

    test('nobody vouches for it until its issuer is trusted', async () => {
      const { code, status, issuer: said } = await checked(now);
      assert.deepEqual([code, status, said], [1, 'unknown_issuer', issuer]);
    });

    test('then it is verified and read whole', async () => {
      const { code, status, bundle: read } = await checked(now, '--trust', trust);
      assert.deepEqual([code, status], [0, 'verified']);
      assert.deepEqual(read, bundle);
    });

    test('fractions of a second do not disturb', async () => {
      assert.equal((await checked(now - 0.323, '--trust', trust)).status, 'verified');
    });

    test('nor is it valid before its time', async () => {
      assert.equal((await checked(now + 7 * 86_400, '--trust', trust)).status, 'not_yet_valid');
    });
  });
});
