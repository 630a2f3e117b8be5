// Every document that Locket exports is judged by somebody else: the FHIR R4
// definitions as @medplum/core reads them, and the rules of the IPS guide.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { must } from './harness/house.mjs';
import { conformance, violations } from './harness/ips.mjs';
import { directory, locket } from './harness/locket.mjs';
import { unlikePCF } from './harness/pcf.mjs';

const root = join(import.meta.dirname, '../..');
const json = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => join(folder, name)) : []);

// Ours, and, where they stand beside the checkout, real ones.
const documents = [
  ...json(join(root, 'emergency/emergencytest/fixtures')),
  ...json(join(root, '../shared/data/ips')),
  ...json(join(root, '../shared/data/reference-patient')),
];

let data;

before(async () => {
  data = join(directory(), 'data');
  await must(['keys', 'init', '--data', data, '--url', 'https://locket.example']);
});

test('the validator is awake', () => {
  const bundle = JSON.parse(readFileSync(documents[0], 'utf8'));
  delete bundle.entry[0].resource.status;
  bundle.entry[1].resource.invented = true;
  assert.ok(violations(bundle).length >= 2);
});

for (const path of documents) {
  test(`${basename(path)} is exported as a valid IPS, and again the same`, async () => {
    const first = await roundTrip(path);
    assert.deepEqual(violations(JSON.parse(readFileSync(first.path, 'utf8'))), []);
    const second = await roundTrip(first.path);
    assert.deepEqual(second.report.on_front, first.report.on_front);
    assert.deepEqual(second.report.left_out, first.report.left_out);
    assert.deepEqual(second.report.not_understood, [], 'our own documents are understood whole');
  });
}

/** Issues from a document and exports the record that came of it. */
async function roundTrip(path) {
  const folder = directory();
  await must(['issue', '--data', data, '--in', path, '--carrier', 'wallet', '--out', folder]);
  const report = JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8'));
  const out = join(folder, 'export.json');
  await must(['export', '--data', data, '--patient', report.patient, '--out', out]);
  return { report, path: out };
}

test('rules of every kind are a valid Consent', () => {
  const consent = JSON.parse(readFileSync(join(root, 'emergency/consent/testdata/everything.json'), 'utf8'));
  assert.equal(consent.resourceType, 'Consent');
  assert.deepEqual(conformance(consent), []);
  assert.deepEqual([...unlikePCF(consent)], []);
  consent.provision.provision[0].type = ['permit'];
  delete consent.scope;
  assert.ok(conformance(consent).length >= 2, 'the validator is awake for a Consent too');
});

test('a folder becomes a card for each document, and a bad file stops nobody', async () => {
  const folder = directory();
  const ours = json(join(root, 'emergency/emergencytest/fixtures'));
  for (const path of ours) copyFileSync(path, join(folder, basename(path)));
  writeFileSync(join(folder, 'bad.json'), '{"resourceType": "Bundle", "type": ');
  const result = await locket(['issue', '--data', data, '--in', folder, '--out', directory(), '--json']);
  assert.equal(result.code, 1, 'one of them failed, and a script can tell');
  const lines = result.stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.filter(({ error }) => error).map(({ in: path }) => basename(path)), ['bad.json']);
  assert.equal(lines.filter(({ url }) => url).length, ours.length);
});

after(async () => {
  await must(['audit', 'verify', '--data', data]);
});
