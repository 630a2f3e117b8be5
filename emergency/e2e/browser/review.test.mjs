// Afterwards: the patient says that an opening was not right, the organization
// answers, and the privacy officer sees it, searches and saves a list.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, addAuthenticator, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture, must, secretsOf } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
const ORGANIZATION = 'Ambulance North';
let browser, house, patient, admin, medic, officer, found;

before(async () => {
  browser = await launch();
  house = await House.open();
  found = [];
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.makeRecovery();
  const card = await patient.issueCard();
  admin = await join(await invited('org', 'invite', '--name', ORGANIZATION, '--kind', 'ems'), 'Ada Admin', { locale: 'ar', viewport: narrow });
  await admin.page.locator('[name=name]').fill('Kim Medic');
  await admin.page.locator('form[action$="/invite"] button').click();
  medic = await join((await admin.page.locator('.code.link').innerText()).trim(), 'Kim');
  officer = await join(await invited('officer', 'invite', '--name', 'Olga Officer'), 'Olga', { colorScheme: 'dark', viewport: narrow });
  const [, id] = /\/c\/([\w-]{22})/.exec(card.address);
  const [secret] = secretsOf(card.address).secret;
  const body = { secret, step: 'critical', reason: 'unconscious', role: 'paramedic' };
  for (const { page } of [medic, await guest()]) {
    assert.equal(await page.evaluate(async ([path, asked]) => {
      const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) });
      return answer.status;
    }, [`/v1/cards/${id}/open`, body]), 200);
  }
});

after(async () => {
  for (const who of [admin, medic, officer]) await who?.visitor.leave();
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

/** The link that a command prints. */
async function invited(...args) {
  const said = await must([...args.slice(0, 2), '--data', house.data, '--url', house.base, ...args.slice(2)]);
  return /http:\/\/localhost:\d+\/invite#[\w-]{43}/.exec(said)[0];
}

/** Somebody without an account, on a page of the house. */
async function guest() {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto('/');
  return { visitor, page };
}

/** Takes up an invitation in a browser of its own, with a new passkey. */
async function join(link, name, options = {}) {
  const visitor = await Visitor.arrive(browser, house.base, options);
  const page = await visitor.page();
  await addAuthenticator(page);
  await page.goto(link);
  await page.locator('form[data-invite]').waitFor();
  await page.locator('form[data-invite] [name=name]').fill(name);
  await page.locator('button[value=signup]').click();
  await page.waitForURL(/\/(org\/[\w-]{22}|officer)$/);
  return { visitor, page };
}

/** Everything that keeps somebody from using the page as it stands; and a picture of it. */
async function look(page, name) {
  const barriers = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
  barriers.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  found.push(...barriers.map((line) => `${name}: ${line}`));
  await picture(page, `review-${name}`);
}

test('the patient says that it was not right', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/log`);
  const opening = page.locator('ol.log > li', { hasText: ORGANIZATION });
  await opening.getByRole('link', { name: t('review.ask') }).click();
  await page.getByRole('heading', { name: t('review.ask') }).waitFor();
  await look(page, 'ask');
  await page.locator('input[value=wrong]').check();
  await page.locator('[name=words]').fill('I was at home');
  await patient.press('main form button');
  await opening.getByText('I was at home').waitFor();
  await look(page, 'log');
});

test('the organization answers, and the patient reads it', async () => {
  const { page } = admin;
  await page.goto(page.url().replace(/\/invite$/, ''));
  await page.getByText('I was at home').waitFor();
  await look(page, 'organization');
  await page.locator('[name=answer]').fill('She was called to you by mistake.');
  await Promise.all([page.waitForNavigation(), page.locator('form[action*="/reviews/"] button').click()]);
  assert.equal(await page.locator('[name=answer]').count(), 0, 'it waits for an answer still');
  await patient.page.reload();
  await patient.page.getByText('She was called to you by mistake.').waitFor();
  await patient.page.waitForFunction(() => [...document.querySelectorAll('[data-seq]')].every((item) => /\bproof-/.test(item.className)));
  assert.equal(await patient.page.locator('.proof-failed').count(), 0, 'what stands beside an entry breaks its proof');
});

test('the officer sees what was opened without a badge, searches, and saves a list', async () => {
  const { page } = officer;
  await page.goto('/officer');
  await page.getByText(t('officer.unbadged')).waitFor();
  await look(page, 'officer');
  assert.equal(await page.getByText('Hartwell').count(), 0, 'the officer reads the name of the patient');
  await page.getByRole('link', { name: t('officer.search') }).click();
  await look(page, 'search');
  await page.locator('select[name=organization]').selectOption({ label: ORGANIZATION });
  await page.locator('select[name=reason]').selectOption('unconscious');
  await Promise.all([page.waitForNavigation(), page.locator('form[action="/officer/search"] button').click()]);
  await page.getByText('She was called to you by mistake.').waitFor();
  await look(page, 'found');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: t('officer.export.csv') }).click()]);
  assert.equal(download.suggestedFilename(), 'openings.csv');
  const rows = readFileSync(await download.path(), 'utf8').trim().split('\n');
  assert.equal(rows.length, 2, rows.join('\n'));
  assert.match(rows[1], /,badge,Ambulance North,ems,Kim Medic,/);
  const [proofs] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: t('officer.export.zip') }).click()]);
  assert.equal(proofs.suggestedFilename(), 'disclosures.zip');
  assert.ok(readFileSync(await proofs.path()).includes('events.ndjson'));
  await page.goto('/officer/abuse');
  await look(page, 'abuse');
});

test('the officer erases what was said of the opening with a fresh passkey, and the patient reads that it was erased', async () => {
  await patient.page.goto(`${patient.person}/log`);
  await patient.page.locator('ol.log > li.glass', { hasText: ORGANIZATION }).getByRole('link', { name: t('grant.see') }).click();
  await patient.press('form[action$="/end"] button'); // while it runs its words are needed
  const { page } = officer;
  await page.goto('/officer/search');
  await page.locator('select[name=organization]').selectOption({ label: ORGANIZATION });
  await Promise.all([page.waitForNavigation(), page.locator('form[action="/officer/search"] button').click()]);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: t('erase.ask') }).click()]);
  await look(page, 'erase');
  const confirm = page.locator('form[action="/officer/erase/confirm"]');
  await Promise.all([page.waitForNavigation(), confirm.locator('button').click()]);
  await page.locator('.faults').getByText(t('erase.why.fault')).waitFor();
  await look(page, 'erase-fault');
  await page.locator('input[name=ground][value=request]').check();
  await page.locator('[name=reference]').fill('letter 7');
  await confirm.evaluate((form) => { form.dataset.fresh = '0'; }); // as after some minutes
  const [touched] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/v1/approve/finish')), page.waitForNavigation(), confirm.locator('button').click()]);
  assert.equal(touched.status(), 200, 'no passkey was asked for');
  await page.getByText(t('erase.done', { erased: 4, kept: 0 })).waitFor(); // opened, called wrong, answered, ended
  await look(page, 'erased');
  await patient.page.goto(`${patient.person}/log`);
  const because = patient.page.locator('ol.log > li.fresh', { hasText: t('log.entry.erased') }); // it is news to whoever had not read the opening yet
  assert.equal(await because.count(), 4);
  await because.first().getByText(t('ground.request')).waitFor();
  await because.first().getByText(t('erased_by.officer')).waitFor();
  assert.equal(await patient.page.getByText('Kim Medic').count(), 0, 'the words are there still');
  await patient.page.waitForFunction(() => [...document.querySelectorAll('[data-seq]')].every((item) => /\bproof-/.test(item.className)));
  assert.equal(await patient.page.locator('.proof-failed').count(), 0, 'an erased entry breaks the proof');
  const erased = patient.page.locator('ol.log > li', { hasText: t('log.erased') });
  assert.equal(await erased.count(), 4);
  await erased.getByText(t('log.glass.opened')).waitFor(); // of which kind it was, and when, stays
  assert.equal(await erased.getByText(t('erased_by.officer')).count(), 4);
  assert.equal(await patient.page.getByText(t('console.log.differs')).count(), 0, 'the server says otherwise than the entry');
  await look(patient.page, 'log-erased');
});

test('the patient takes the log along, and reads that the officer did', async () => {
  const { page } = patient;
  await page.setViewportSize(narrow);
  await page.goto(`${patient.person}/log`);
  await page.locator('ol.log > li', { hasText: t('log.officer.exported') }).first().waitFor();
  await page.getByRole('link', { name: t('logexport.title') }).click();
  await page.getByRole('heading', { name: t('logexport.title') }).waitFor();
  await look(page, 'log-export');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('main form button').click()]);
  assert.equal(download.suggestedFilename(), 'locket-log.zip');
  assert.ok(readFileSync(await download.path()).includes('disclosures.csv'));
  await page.goto(`${patient.person}/log`);
  await page.locator('ol.log > li', { hasText: t('log.data.exported.log_file.begun') }).first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('[data-seq]')].every((item) => /\bproof-/.test(item.className)));
  assert.equal(await page.locator('.proof-failed, ol.log .fault').count(), 0, 'the browser says something else of an export than the page');
});

test('every page of it can be used by everybody', () => assert.deepEqual(found, []));
