// Who looked: a patient finds entries, saves proofs, and holds the log to what the
// device remembers; a responder saves the proof of an opening and reads their own.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, addAuthenticator, launch, narrow, phone, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture, must } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, verdict } from '../harness/reader.mjs';
import { beginning, words } from '../harness/words.mjs';

const t = words('en');
let browser, house, patient, card, found;

before(async () => {
  browser = await launch();
  house = await House.open();
  found = [];
  patient = await Patient.signUp(browser, house.base, { options: { viewport: phone } });
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

/** Everything that keeps somebody from using the page as it stands; and a picture of it. */
async function look(page, name) {
  const barriers = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
  barriers.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  found.push(...barriers.map((line) => `${name}: ${line}`));
  await picture(page, `history-${name}`);
}

/** A file that a click saves: its name and its text. */
async function saved(page, locator) {
  const [download] = await Promise.all([page.waitForEvent('download'), locator.click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

/** What a proof carries. */
function carried({ name, text }) {
  assert.match(name, /^1-\d+\.tlog-proof$/);
  const [, extra] = /^c2sp\.org\/tlog-proof@v1\nextra (\S+)\nindex \d+\n/.exec(text);
  return JSON.parse(JSON.parse(Buffer.from(extra, 'base64').toString('utf8')).payload);
}

/** Waits until the browser has said what the log is worth; returns what it says in red. */
async function alarms(page) {
  await page.waitForFunction(() => document.querySelector('[data-log-status]')?.childElementCount > 0);
  await page.waitForFunction(() => [...document.querySelectorAll('[data-seq]')].every((item) => /\bproof-/.test(item.className)));
  return page.locator('[data-log-status] .proof-failed').allInnerTexts();
}

test('a responder saves the proof of an opening', async () => {
  const visitor = await Visitor.arrive(browser, house.base, { viewport: phone });
  const page = await visitor.page();
  await page.goto(card.address);
  await verdict(page);
  await breakGlass(page, { name: 'Robin Rescue' });
  await page.getByRole('button', { name: t('glass.proof.ask') }).click();
  const save = page.getByRole('link', { name: t('glass.proof.save') });
  await save.waitFor({ timeout: 45_000 }); // asked for again while it is not published
  await look(page, 'responder');
  const said = carried(await saved(page, save));
  assert.deepEqual([said.type, said.actor.name], ['glass.opened', 'Robin Rescue']);
  assert.doesNotMatch(JSON.stringify(said), /Hartwell|Imogen/);
  await visitor.leave();
});

test('the patient finds entries and saves their proofs', async () => {
  const { page } = patient;
  await patient.whoLooked();
  assert.deepEqual(await alarms(page), []);
  await look(page, 'log');
  await page.getByRole('link', { name: t('history.kind.looked'), exact: true }).click();
  await page.waitForURL(/kind=looked/);
  assert.deepEqual(await alarms(page), []);
  assert.ok(await page.locator('[data-seq]').count() >= 2);
  await page.locator('#words').fill('robin rescue');
  await patient.press('#find + form button');
  assert.deepEqual(await alarms(page), []);
  assert.doesNotMatch(page.url(), /robin/i);
  await look(page, 'found');
  const item = page.locator('[data-seq]', { hasText: t('log.glass.opened') });
  assert.equal(carried(await saved(page, item.getByRole('link', { name: t('history.proof') }))).type, 'glass.opened');
});

test('a log without its end is found out by whoever has seen it', async () => {
  const { page } = patient;
  const memory = (change) => page.evaluate((changes) => {
    const key = Object.keys(localStorage).find((name) => name.startsWith('locket.log.'));
    const kept = JSON.parse(localStorage.getItem(key));
    localStorage.setItem(key, JSON.stringify({ ...kept, ...changes }));
    return { key, ...kept };
  }, change);
  await page.goto(`${patient.person}/log`);
  assert.deepEqual(await alarms(page), []);
  const kept = await memory({});
  assert.doesNotMatch(kept.key, new RegExp(patient.person.split('/').at(-1)), 'the browser lists whose logs were read');
  await memory({ count: kept.count + 2 });
  await page.reload();
  assert.match((await alarms(page)).join(), new RegExp(beginning(t('history.alarm.cut', { count: 2 })).slice(0, 6)));
  await look(page, 'cut');
  await page.emulateMedia({ colorScheme: 'dark' });
  await look(page, 'cut-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  const evidence = await saved(page, page.getByRole('link', { name: t('history.evidence') }));
  const { format, remembered, shown } = JSON.parse(evidence.text);
  assert.deepEqual([format, remembered.checkpoint, shown.last], ['locket-log-evidence/v1', kept.checkpoint, kept.count]);
  assert.doesNotMatch(evidence.text, /Robin|Hartwell/);
  assert.equal((await memory({ count: kept.count, leaf: kept.leaf.replace(/^..../, 'AAAA') })).count, kept.count + 2, 'what contradicts the memory was remembered');
  await page.reload();
  assert.deepEqual(await alarms(page), [t('history.alarm.changed')]);
  await memory({ leaf: kept.leaf });
  await page.reload();
  assert.deepEqual(await alarms(page), []);
});

test('a responder reads what they opened', async () => {
  const said = await must(['org', 'invite', '--data', house.data, '--url', house.base, '--name', 'Ambulance North', '--kind', 'ems', '--country', 'SE']);
  const visitor = await Visitor.arrive(browser, house.base, { viewport: narrow, colorScheme: 'dark' });
  const page = await visitor.page();
  await addAuthenticator(page);
  await page.goto(/http:\/\/localhost:\d+\/invite#[\w-]{43}/.exec(said)[0]);
  await page.locator('form[data-invite] [name=name]').fill('Kim Medic');
  await page.locator('button[value=signup]').click();
  await page.waitForURL(/\/org\/[\w-]{22}$/);
  await page.goto('/badge/history');
  await page.getByText(t('history.own.none')).waitFor();
  const reader = await visitor.page();
  await reader.goto(card.address);
  await verdict(reader);
  await reader.getByRole('button', { name: t('reader.glass.open'), exact: true }).click();
  await reader.getByRole('button', { name: t('glass.stop.continue'), exact: true }).click();
  await reader.getByText('Ambulance North').waitFor();
  for (const key of ['glass.next', 'glass.next', 'glass.check.open']) {
    if (key === 'glass.next' && await reader.locator('#reason-unconscious').count()) await reader.locator('#reason-unconscious').check();
    await reader.getByRole('button', { name: t(key), exact: true }).click();
  }
  await reader.getByRole('heading', { name: t('glass.opened.title') }).waitFor();
  await reader.close();
  await patient.whoLooked(); // until it is published
  await page.goto('/badge');
  await page.getByRole('link', { name: t('history.own.title') }).click();
  await look(page, 'own');
  assert.equal(await page.getByText('Hartwell').count(), 0);
  const proof = carried(await saved(page, page.locator('form[action^="/badge/history/"] button').first()));
  assert.deepEqual([proof.actor.organization, proof.details.country], ['Ambulance North', 'SE']);
  await visitor.leave();
});

test('a log that has lost its end says so, and is gone on with once it was explained', async () => {
  const { page } = patient;
  const database = join(house.data, 'locket.db');
  await house.program.stop();
  copyFileSync(database, `${database}.before`);
  await house.serve();
  await patient.issueCard('Second');
  await patient.whoLooked();
  await house.program.stop();
  for (const beside of ['-wal', '-shm']) rmSync(database + beside, { force: true });
  renameSync(`${database}.before`, database);
  await must(['audit', 'epoch', '--data', house.data, '--reason', 'A fictional disk broke']);
  await house.serve();
  await patient.whoLooked();
  const red = await alarms(page);
  assert.equal(red.length, 2, red.join('\n'));
  assert.ok(red[0].startsWith(beginning(t('history.alarm.lost'))) && red[1].startsWith(beginning(t('history.alarm.own'))), red.join('\n'));
  await page.getByText('A fictional disk broke').waitFor();
  await look(page, 'lost');
  await page.getByRole('button', { name: t('history.accept') }).click();
  await page.waitForLoadState();
  assert.deepEqual(await alarms(page), []);
  await patient.issueCard('Third');
  const entries = await patient.whoLooked();
  assert.ok(entries.some(({ text }) => text.includes(t('history.entry', { number: 1, log: 2 }))), 'no entry of the new log');
  assert.deepEqual(await alarms(page), []);
});

test('every page of it can be used by everybody', () => assert.deepEqual(found, []));
