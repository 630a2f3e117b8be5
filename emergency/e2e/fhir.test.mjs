// Every document that Locket exports is judged by somebody else: the FHIR R4
// definitions as @medplum/core reads them, and the rules of the IPS guide.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { profileOf, typeOf, unknownCodes, unlikeBALP } from './harness/balp.mjs';
import { Client, linkIn } from './harness/client.mjs';
import { House, fixture, must } from './harness/house.mjs';
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

// One of everything that the log can hold, written by audit/auditevent; and the examples that stand beside the checkout.
const written = readFileSync(join(root, 'audit/auditevent/testdata/events.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const wrong = (event) => [...conformance(event), ...unlikeBALP(event), ...unknownCodes(event)];

test('every kind of entry is a valid AuditEvent, and one of its profile', () => {
  for (const event of written) assert.deepEqual(wrong(event), [], `${event.id}: ${typeOf(event)}`);
  assert.ok(new Set(written.map(typeOf)).size > 60);
  for (const path of json(join(root, '../shared/data/auditevent'))) assert.deepEqual(wrong(JSON.parse(readFileSync(path, 'utf8'))), [], path);
});

test('the judge of AuditEvents is awake', () => {
  const [disclosure, decision, read] = ['PrivacyDisclosure.Source', 'AuthZconsent', 'PatientRead'].map((profile) => written.find((event) => profileOf(event) === profile));
  const spoilt = [
    [disclosure, (event) => { event.source.observer = { display: 'somebody else' }; }],
    [disclosure, (event) => { delete event.agent[1].network; }],
    [disclosure, (event) => { event.entity.shift(); }],
    [disclosure, (event) => { event.type.display = 'Exported'; }],
    [disclosure, (event) => { delete event.agent[2].requestor; }],
    [decision, (event) => { event.subtype.push({ system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110127', display: 'Emergency Override Started' }); }],
    [decision, (event) => { event.entity.push(disclosure.entity[1]); }],
    [decision, (event) => { event.agent.pop(); }],
    [decision, (event) => { event.agent.find(({ requestor }) => requestor).network = { address: '192.0.2.7', type: '2' }; }],
    [read, (event) => { event.outcome = '8'; }],
    [read, (event) => { event.entity.push(event.entity[1]); }],
    [read, (event) => { event.outcome = 0; }],
  ];
  for (const [event, spoil] of spoilt) {
    const copy = structuredClone(event);
    spoil(copy);
    assert.ok(wrong(copy).length > 0, String(spoil));
  }
});

/** The files of a zip by name. */
function unzipped(bytes) {
  const path = join(directory(), 'log.zip');
  writeFileSync(path, bytes);
  const unzip = (...args) => execFileSync('unzip', args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  return Object.fromEntries(unzip('-Z1', path).trim().split('\n').map((name) => [name, unzip('-p', path, name)]));
}

/** Judges all that an export says; returns its AuditEvents by their type and profile. */
function judged(files) {
  const events = files['events.ndjson'].trim().split('\n').map((line) => JSON.parse(line));
  for (const event of events) assert.deepEqual(wrong(event), [], `${event.id}: ${typeOf(event)}`);
  const bundle = JSON.parse(files['bundle.json']);
  assert.deepEqual(conformance(bundle), []);
  assert.equal(new Set(bundle.entry.map(({ fullUrl }) => fullUrl)).size, events.length);
  for (const line of files['entries.ndjson'].trim().split('\n').map((text) => JSON.parse(text))) {
    assert.ok(events.some(({ meta }) => meta.source === `https://localhost/audit/log#${line.index}`), `entry ${line.index} has no AuditEvent`);
  }
  const kinds = {};
  for (const event of events) (kinds[[typeOf(event), profileOf(event)].filter(Boolean).join(' ')] ??= []).push(event);
  return kinds;
}

test('the log of a real house leaves as valid AuditEvents', async () => {
  const house = await House.open();
  try {
    const ada = await new Client(house.base).signUp('Ada Example');
    await ada.addPerson('Ada Example', fixture('adult'));
    const card = await ada.issueCard();
    const [medic, officer] = await Promise.all(['Med Ic', 'Offi Cer'].map((name) => new Client(house.base).signUp(name)));
    await medic.accept(linkIn(await must(['org', 'invite', '--data', house.data, '--name', 'Ambulance 7', '--kind', 'ems'])));
    await officer.accept(linkIn(await must(['officer', 'invite', '--data', house.data, '--name', 'Offi Cer'])));
    const ben = await ada.nameContact('Benedetta Near');
    const bystander = new Client(house.base);
    const open = (who, more, status) => who.post(`/v1/cards/${card.id}/open`, { secret: card.secret, step: 'critical', reason: 'unconscious', ...more }, status);

    const seen = await open(bystander, { name: 'Kim Example', organization: 'Neighbours' });
    await open(bystander, { reason: '', grant: seen.grant });
    await ada.form(`${ada.person}/grants/${seen.grant_id}/end`, {});
    await open(medic, { role: 'paramedic', reason: 'threat_to_life' });
    await open(bystander, { secret: 'A'.repeat(22) }, 404);
    const asked = await bystander.post('/v1/contact/open', { ...ben, step: 'critical', reason: 'unconscious' });
    assert.equal(asked.outcome, 'wait', 'a contact waits, so that the patient can say no');
    await ada.choose('private', (policy) => { policy.rules = policy.rules.filter(({ who }) => who.kind !== 'anyone'); });
    await open(bystander, { organization: 'City Hospital' }, 403);
    await open(bystander, {}, 403);

    const own = unzipped(Buffer.from(await (await ada.form(`${ada.person}/log/export`, {})).arrayBuffer()));
    const mine = judged(own);
    for (const [kind, count] of Object.entries({
      'glass.opened PrivacyDisclosure.Source': 2, 'glass.opened AuthZconsent': 2, 'glass.opened': 2, 'glass.reopened PrivacyDisclosure.Source': 1,
    })) assert.equal(mine[kind]?.length, count, `${kind} of ${Object.keys(mine)}`);
    for (const kind of ['glass.refused', 'request.waiting', 'rules.changed', 'grant.ended', 'contact.confirmed', 'card.issued']) {
      assert.ok(Object.keys(mine).some((name) => name.split(' ')[0] === kind), `no ${kind} among ${Object.keys(mine)}`);
    }
    assert.ok(mine['glass.refused AuthZconsent']?.every(({ outcome, outcomeDesc }) => outcome === '8' && outcomeDesc));
    assert.equal(own['disclosures.csv'].trim().split('\r\n').length, 4, 'a heading and three disclosures');
    assert.ok(Object.keys(own).filter((name) => name.startsWith('proofs/')).length === own['entries.ndjson'].trim().split('\n').length);

    const found = unzipped(Buffer.from(await (await officer.form('/officer/export', { format: 'zip' })).arrayBuffer()));
    assert.equal(judged(found)['glass.opened PrivacyDisclosure.Source'].length, 2);
    assert.doesNotMatch(Object.values(found).join('\n'), /Benedetta|Ada Example/, 'the officer learns of no patient and no contact');

    const out = join(directory(), 'house.zip');
    await must(['audit', 'export', '--data', house.data, '--out', out]);
    const all = judged(unzipped(readFileSync(out)));
    assert.ok(all['data.exported PatientRead'] && all['organization.made'] && all['officer.exported']);
    await must(['audit', 'verify', '--data', house.data]);
  } finally {
    await house.close();
  }
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
