// Issuers: a data directory with keys each, and houses that come to trust them.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../harness/house.mjs';
import { directory } from '../harness/locket.mjs';

/** Makes the data directory of an issuer whom nobody needs to reach; returns its path. */
export async function issuer(url = 'https://card.locket.example') {
  const data = join(directory(), 'data');
  await must(['keys', 'init', '--data', data, '--url', url]);
  return data;
}

/**
 * Puts an issuer on the trust list of a house, as its operator does who has heard the fingerprint by telephone and got the keys in a file.
 * @param {import('../harness/house.mjs').House} house
 * @param {string} data the issuer's data directory
 * @param {{ name: string, url: string }} issuer
 */
export async function trust(house, data, { name, url }) {
  const keys = join(directory(), 'keys.json');
  writeFileSync(keys, await must(['keys', 'show', '--data', data]));
  const [fingerprint] = (await must(['keys', 'show', '--data', data, '--fingerprints'])).trim().split(/\s/);
  await must(['trust', 'add', '--data', house.data, '--fingerprint', fingerprint, '--name', name, '--in', keys, url]);
  await again(house);
}

/**
 * Writes the key of somebody who is no house into a file, for `locket verify --trust`.
 * @param {import('node:crypto').KeyObject} publicKey
 * @param {string} host for which it signs
 * @returns {{ path: string, thumbprint: Buffer }}
 */
export function trustFile(publicKey, host) {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest(); // RFC 7638, section 3
  const path = join(directory(), 'trust.json');
  const key = { kty, crv, x, y, use: 'sig', alg: 'ES256', kid: thumbprint.toString('base64url'), iss: host };
  writeFileSync(path, JSON.stringify({ keys: [key] }));
  return { path, thumbprint };
}

/** Starts a house again, because a running one looks at its lists every ten seconds. */
export async function again(house) {
  await house.program.stop();
  await house.serve();
}
