// Responders without a registry: the operator invites an ambulance service, its
// administrator a medic, the medic opens a card, and the badge is taken away.

import assert from 'node:assert/strict';
import { join as joined } from 'node:path';
import { after, before, test } from 'node:test';
import { decode } from '../foreign/decoders.mjs';
import { Visitor, accessibility, addAuthenticator, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture, must } from '../harness/house.mjs';
import { directory } from '../harness/locket.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, heading, verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
const ORGANIZATION = 'Ambulance North';
let browser, house, patient, card, admin, medic, found;

before(async () => {
  browser = await launch();
  house = await House.open();
  found = [];
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

/** Everything that keeps somebody from using the page as it stands; and a picture of it. */
async function look(page, name) {
  const barriers = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
  barriers.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  found.push(...barriers.map((line) => `${name}: ${line}`));
  await picture(page, `badge-${name}`);
}

/** Takes up an invitation in a browser of its own, with a new passkey. */
async function join(link, name, options = {}) {
  const visitor = await Visitor.arrive(browser, house.base, options);
  const page = await visitor.page();
  await addAuthenticator(page);
  await page.goto(link);
  await page.locator('form[data-invite]').waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the secret does not stay in the address');
  await look(page, `invite-${name.split(' ')[0]}`);
  await page.locator('form[data-invite] [name=name]').fill(name);
  await page.locator('button[value=signup]').click();
  await page.waitForURL(/\/org\/[\w-]{22}$/);
  return { visitor, page, link };
}

test('the operator invites an organization, and its administrator invites the crew', async () => {
  const said = await must(['org', 'invite', '--data', house.data, '--url', house.base, '--name', ORGANIZATION, '--kind', 'ems', '--country', 'SE']);
  const [link] = said.match(/http:\/\/localhost:\d+\/invite#[\w-]{43}/);
  admin = await join(link, 'Ada Admin', { viewport: narrow, colorScheme: 'dark' });
  const { page } = admin;
  await page.getByRole('heading', { name: ORGANIZATION }).waitFor();
  await look(page, 'crew-alone');

  const second = await Visitor.arrive(browser, house.base);
  const late = await second.page();
  await late.goto(link);
  await late.getByRole('heading', { name: t('org.invite.gone') }).waitFor();
  await second.leave();

  await page.locator('[name=name]').fill('Kim Medic');
  await page.locator('form[action$="/invite"] button').click();
  await page.getByRole('heading', { name: t('org.invited.title') }).waitFor();
  await look(page, 'invited');
  const passed = (await page.locator('.code.link').innerText()).trim();
  medic = await join(passed, 'Kim', { locale: 'ar' });
  await look(medic.page, 'responder');
  assert.equal(await medic.page.getByText('Ada Admin').count(), 0, 'a responder sees the crew');
});

test('a badge opens more than a stranger, and the patient sees whose it was', async () => {
  const stranger = await opened(await Visitor.arrive(browser, house.base), 'sensitive');
  const page = await medic.visitor.page();
  await page.goto(`${card.address.replace('#', '?lang=en#')}`);
  const crew = await openedOn(page, 'sensitive');
  assert.ok(crew.length > stranger.length && stranger.every((section) => crew.includes(section)), `${crew} and ${stranger}`);
  await page.close();
  const [entry] = await patient.whoLooked();
  assert.match(entry.text, /Kim Medic/);
  assert.match(entry.text, new RegExp(ORGANIZATION));
});

test('a third telephone reads the badge from the screen', async () => {
  const { page } = medic;
  await page.goto('/home');
  await look(page, 'home');
  await page.goto('/badge');
  const address = await readCode(page);
  await look(page, 'shown');
  const visitor = await Visitor.arrive(browser, house.base, { colorScheme: 'dark', viewport: narrow });
  const other = await visitor.page();
  await other.goto(address);
  await other.getByRole('heading', { name: t('badge.found') }).waitFor();
  assert.equal(new URL(other.url()).hash, '', 'the badge does not stay in the address');
  await look(other, 'kept');
  await other.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!await caches.match('/b')) await new Promise((resolve) => setTimeout(resolve, 20)); // it is kept last
  });
  await visitor.context.setOffline(true);
  await other.goto('about:blank');
  await other.goto(address);
  await other.getByText(t('badge.unheard')).waitFor();
  await visitor.context.setOffline(false);
  await other.goto(card.address);
  const sections = await openedOn(other, 'sensitive');
  assert.ok(sections.includes('procedures'), sections.join());
  await other.goto(`/b#${address.split('#')[1].slice(0, -4)}AAAA`);
  await other.getByRole('heading', { name: t('badge.bad') }).waitFor();
  await look(other, 'bad');
  await other.goto('about:blank');
  await other.goto('/b'); // shows what is kept
  await other.getByText(ORGANIZATION).waitFor();
  await other.getByRole('button', { name: t('badge.forget') }).click();
  await other.getByRole('heading', { name: t('badge.none') }).waitFor();
  assert.equal(await other.evaluate(() => localStorage.getItem('locket-badge')), null);
  await visitor.leave();
});

test('a suspended badge counts no more, at once', async () => {
  const { page } = admin;
  await page.goto(page.url().replace(/\/invite$/, ''));
  await look(page, 'crew');
  await page.getByRole('button', { name: new RegExp(t('org.crew.suspend')) }).first().click();
  await page.getByText(t('org.crew.restore')).first().waitFor();
  await medic.page.goto('/badge');
  assert.equal(await medic.page.locator('.qr').count(), 0);
  const mine = await medic.page.evaluate(async () => (await fetch('/v1/badge/mine')).json());
  assert.deepEqual(mine, {});
  const reader = await medic.visitor.page();
  await reader.goto(`${card.address.replace('#', '?lang=en#')}`);
  await openedOn(reader, 'sensitive');
  const [entry] = await patient.whoLooked();
  assert.doesNotMatch(entry.text, new RegExp(ORGANIZATION));
  await page.reload();
  await page.getByText('Kim Medic').first().waitFor();
  await look(page, 'crew-after');
  await medic.page.goto('/home');
  await look(medic.page, 'home-after');
  for (const { visitor } of [admin, medic]) await visitor.leave();
});

test('every page of it can be used by everybody', () => assert.deepEqual(found, []));

/** What a visitor's opening shows. */
async function opened(visitor, step) {
  const page = await visitor.page();
  await page.goto(card.address);
  const sections = await openedOn(page, step);
  await visitor.leave();
  return sections;
}

/** Breaks the glass twice, with the badge that the page offers if there is one, and lists the sections that are then open. */
async function openedOn(page, step) {
  const press = (key) => page.getByRole('button', { name: t(key), exact: true }).click();
  await verdict(page);
  await press('reader.glass.open');
  await heading(page, t('glass.stop.title'));
  await press('glass.stop.continue');
  if (await heading(page, t('glass.who.title'), t('glass.badge.title')) === t('glass.badge.title')) await page.getByText(ORGANIZATION).waitFor();
  else await page.locator('#role-paramedic').check();
  await press('glass.next');
  await heading(page, t('glass.why.title'));
  await page.locator('#reason-unconscious').check();
  await press('glass.next');
  await heading(page, t('glass.check.title'));
  await press('glass.check.open');
  await heading(page, t('glass.opened.title'));
  const answer = page.waitForResponse((response) => response.url().includes('/open') && response.request().method() === 'POST');
  await breakGlass(page, { step, reason: 'threat_to_life' });
  const body = await (await answer).json();
  assert.equal(body.outcome, 'granted', JSON.stringify(body).slice(0, 300));
  return body.sections;
}

/** What the code on the screen says, read from a picture of it as another telephone does. */
async function readCode(page) {
  const file = joined(directory(), 'badge.png');
  await page.locator('.qr img').screenshot({ path: file });
  const { 'zxing-wasm': [text] } = await decode(file);
  return text;
}
