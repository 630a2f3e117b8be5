// Taking everything along, and leaving.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Visitor, launch, picture } from '../harness/browser.mjs';
import { House, fixture, must } from '../harness/house.mjs';
import { conformance, violations } from '../harness/ips.mjs';
import { directory } from '../harness/locket.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const run = promisify(execFile);
const t = words('en');
const passphrase = 'four fictional words together';
let browser, house, patient, card;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.makeRecovery();
  card = await patient.issueCard();
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

/** Exports from the console; returns the path of the file that came. */
async function take(sealed) {
  const { page } = patient;
  await page.goto('/account/export');
  await page.locator(`input[name=seal][value=${sealed ? 'yes' : 'no'}]`).check();
  if (sealed) await page.locator('input[type=password]').fill(passphrase);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('form[action="/account/export"] button').click()]);
  const path = join(directory(), download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/** Names and texts in a zip. */
async function unzip(path) {
  const { stdout: names } = await run('unzip', ['-Z1', path]);
  const read = async (name) => [name, (await run('unzip', ['-p', path, name], { maxBuffer: 64 << 20 })).stdout];
  return Object.fromEntries(await Promise.all(names.split('\n').filter(Boolean).map(read)));
}

test('the plain export holds record, original document, rules and log', async () => {
  const files = await unzip(await take(false));
  assert.deepEqual(violations(JSON.parse(files['patient-1/ips.json'])), []);
  const original = readFileSync(fixture('adult'), 'utf8');
  assert.ok(Object.entries(files).some(([name, text]) => name.startsWith('patient-1/documents/') && text === original), 'the document as it came in, byte for byte');
  for (const name of ['patient-1/rules.json', 'patient-1/cards.json', 'patient-1/contacts.json', 'patient-1/openings.json',
    'patient-1/log/entries.ndjson', 'patient-1/log/disclosures.csv', 'patient-1/log/vkeys/1.txt']) {
    assert.ok(files[name], `${name} is missing: ${Object.keys(files)}`);
  }
  assert.ok(Object.keys(files).some((name) => name.endsWith('.tlog-proof')));
  for (const line of files['patient-1/log/events.ndjson'].trim().split('\n')) assert.deepEqual(conformance(JSON.parse(line)), []);
});

test('the sealed export opens with the stock age tool', async () => {
  const path = await take(true);
  assert.match(readFileSync(path, 'latin1'), /^age-encryption\.org\/v1\n-> scrypt /);
  const opened = join(directory(), 'export.zip');
  // age asks a terminal for the passphrase: script(1) is one.
  const typed = join(directory(), 'passphrase');
  writeFileSync(typed, `${passphrase}\n`);
  await run('bash', ['-c', `script -qec "age -d -o '${opened}' '${path}'" /dev/null < '${typed}'`]);
  assert.ok((await unzip(opened))['patient-1/record.json']);
});

test('deleting everything revokes the card, ends the account and leaves the log whole', async () => {
  const { page } = patient;
  await page.goto('/account/delete');
  await picture(page, 'delete-account');
  await page.locator('form[data-approve] button').click();
  await page.waitForURL((url) => url.pathname !== '/account/delete');
  await page.goto('/home');
  assert.equal(new URL(page.url()).pathname, '/signin');
  await page.locator('form[data-signin] button').click();
  await page.locator('[data-status]').filter({ hasText: /\S/ }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/signin', 'the passkey opens nothing any more');

  const visitor = await Visitor.arrive(browser, house.base);
  const stranger = await visitor.page();
  await stranger.goto(card.address);
  await verdict(stranger);
  assert.equal(await breakGlass(stranger), t('glass.refused.no_card.title'));
  await visitor.leave();
  await must(['audit', 'verify', '--data', house.data]);
});
