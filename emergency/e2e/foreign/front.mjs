// The front of a card: a signed CWT (RFC 8392) in COSE_Sign1 (RFC 9052), opened by a library for COSE that has never heard of Locket.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { COSEKey, Sign1 } from '@auth0/cose';
import { Decoder, Encoder } from 'cbor-x';
import { fixture, fragmentBytes, must, withFragment } from '../harness/house.mjs';
import { locket } from '../harness/locket.mjs';
import { issue } from './issued.mjs';
import { issuer, trustFile } from './issuer.mjs';

/** Claims of RFC 8392, section 4, and ours. */
const claims = { iss: 1, exp: 4, iat: 6, cti: 7, summary: -65537 };
/** Headers of RFC 9052, section 3.1. */
const header = { alg: 1, kid: 4 };

const cbor = new Decoder({ mapsAsObjects: false });
const encoder = new Encoder({ mapsAsObjects: false, useRecords: false, tagUint8Array: false, variableMapSize: true });

/** One format byte and 16 bytes of the card's secret stand before the envelope. */
const envelopeOf = (url) => fragmentBytes(url).subarray(17);

/** Keys that `locket keys show` prints, each with the first 8 bytes of its thumbprint. */
async function keysOf(data) {
  const { keys } = JSON.parse(await must(['keys', 'show', '--data', data]));
  return keys.map((jwk) => ({ kid: Buffer.from(jwk.kid, 'base64url').subarray(0, 8), jwk }));
}

async function publicKey(jwk) {
  return COSEKey.fromJWK(jwk).toKeyLike();
}

describe('front', () => {
  let data, card, signed, jwk;

  before(async () => {
    data = await issuer();
    card = await issue(data, 'wallet', fixture('adult'));
    signed = Sign1.decode(envelopeOf(card.text('card.url')));
    ({ jwk } = (await keysOf(data)).find(({ kid }) => kid.equals(signed.protectedHeaders.get(header.kid))));
  });

  test('the headers name ES256 and the key, and nothing is outside the signature', () => {
    assert.equal(signed.protectedHeaders.get(header.alg), -7);
    assert.deepEqual([...signed.protectedHeaders.keys()].sort(), [header.alg, header.kid]);
    assert.equal(signed.unprotectedHeaders.size, 0);
  });

  test('the published key verifies it', async () => {
    await signed.verify(await publicKey(jwk));
  });

  test('another issuer’s key does not', async () => {
    const [other] = await keysOf(await issuer());
    await assert.rejects(async () => signed.verify(await publicKey(other.jwk)), /signature verification failed/i);
  });

  test('neither payload nor headers can be changed', async () => {
    const envelope = envelopeOf(card.text('card.url'));
    const key = await publicKey(jwk);
    for (const part of ['payload', 'encodedProtectedHeaders']) {
      const at = envelope.indexOf(signed[part]);
      const changed = Buffer.from(envelope);
      changed[at + signed[part].length - 1] ^= 1;
      await assert.rejects(async () => Sign1.decode(changed).verify(key), part);
    }
  });

  test('the claims are those of a CWT', () => {
    const payload = cbor.decode(signed.payload);
    const { id, expires, url } = card.report;
    assert.deepEqual([...payload.keys()], Object.values(claims));
    assert.equal(payload.get(claims.iss), new URL(url).host);
    assert.equal(payload.get(claims.exp), Math.floor(Date.parse(expires) / 1000));
    assert.ok(Math.abs(payload.get(claims.iat) - Date.now() / 1000) < 600);
    assert.equal(Buffer.from(payload.get(claims.cti)).toString('base64url'), id);
    assert.ok(payload.get(claims.summary).length > 100);
  });

  describe('made or changed by others', () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    /** Order of the curve P-256 (SEC 2, section 2.4.2). */
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

    /** The address with another envelope, after the format and the secret that stand before it. */
    const carrying = (envelope) => {
      const address = card.text('card.url');
      return withFragment(address, Buffer.concat([fragmentBytes(address).subarray(0, 17), envelope]));
    };

    const envelope = (protectedHeaders, ...rest) => encoder.encode([encoder.encode(new Map(protectedHeaders)), new Map(), ...rest]);

    /** Signs as the library does. */
    async function signedBy({ privateKey }, protectedHeaders, payload) {
      const { signature } = await Sign1.sign(new Map(protectedHeaders), new Map(), payload, privateKey);
      return envelope(protectedHeaders, payload, Buffer.from(signature));
    }

    async function checked(address, ...flags) {
      const { code, stdout, stderr } = await locket(['verify', ...flags, address]);
      assert.ok(stdout, stderr);
      return { code, ...JSON.parse(stdout) };
    }

    const ours = (address) => checked(address, '--data', data);
    /** The headers of our own cards, and others between them. */
    const headers = (...others) => [[header.alg, -7], ...others, [header.kid, signed.protectedHeaders.get(header.kid)]];

    test('a front that the library signs is verified when its key is trusted', async () => {
      const { path, thumbprint } = trustFile(stranger.publicKey, 'card.locket.example');
      const made = carrying(await signedBy(stranger, [[header.alg, -7], [header.kid, thumbprint.subarray(0, 8)]], signed.payload));
      const { code, status, id } = await checked(made, '--trust', path);
      assert.deepEqual([code, status, id], [0, 'verified', card.report.id]);
      assert.equal((await ours(made)).status, 'unknown_issuer');
    });

    for (const [name, forge, status] of [
      ['signed by a stranger under the name of our key', () => signedBy(stranger, headers(), signed.payload), 'tampered'],
      ['with a signature of zeros', () => envelope(headers(), signed.payload, Buffer.alloc(64)), 'unreadable'],
      ['not signed', () => envelope(headers(), signed.payload, Buffer.alloc(0)), 'unreadable'],
      ['without an algorithm', () => envelope(headers().slice(1), signed.payload, signed.signature), 'unreadable'],
      ['under the public key as if it were a secret', () => {
        const secret = Buffer.from(jwk.x + jwk.y, 'base64url');
        return envelope([[header.alg, 5], headers()[1]], signed.payload, createHmac('sha256', secret).update(signed.payload).digest());
      }, 'unreadable'],
      ['with a header that must be understood', () => signedBy(stranger, headers([2, ['later']]), signed.payload), 'unreadable'],
      ['cut short', () => envelopeOf(card.text('card.url')).subarray(0, -1), 'unreadable'],
    ]) {
      test(`${name}: ${status}`, async () => {
        const { code, ...result } = await ours(carrying(await forge()));
        assert.deepEqual([code, result.status], [1, status]);
      });
    }

    test('the other spelling of its signature is the same card, and revoked with it', async () => {
      const lost = await issue(data, 'wallet', fixture('traveller-ja'));
      const address = lost.text('card.url');
      const bytes = fragmentBytes(address);
      const s = order - BigInt(`0x${bytes.subarray(-32).toString('hex')}`);
      const twin = withFragment(address, Buffer.concat([bytes.subarray(0, -32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]));
      const { status, id } = await ours(twin);
      assert.deepEqual([status, id], ['verified', lost.report.id]);
      await must(['revoke', '--data', data, '--patient', lost.report.patient, '--card', lost.report.id]);
      for (const each of [address, twin]) assert.equal((await ours(each)).status, 'revoked');
    });

    test('a million digits are no card', async () => {
      const { code, stdout } = await locket(['verify', '-'], { input: `${card.text('card.url')}${'7'.repeat(1_000_000)}` });
      assert.deepEqual([code, JSON.parse(stdout).status], [1, 'unreadable']);
    });
  });
});
