// Contacts: named by the patient, told by mail, asked to end a wait, heard while
// the record is open, and asking from afar. Three people at once, each with a
// browser of their own, and the mails as they would get them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { Mail } from '../harness/mail.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, heading, verdict } from '../harness/reader.mjs';
import { beginning, words } from '../harness/words.mjs';

const t = words('en');
const BEN = 'ben@example.org';
const ADA = 'ada@example.org';
let browser, mail, house, patient, card, ben, code, own, found;

before(async () => {
  browser = await launch();
  mail = await Mail.start();
  house = await House.open({ mail });
  found = [];
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.makeRecovery();
  card = await patient.issueCard();
  await patient.choose('private');
});

after(async () => {
  await ben?.visitor.leave();
  await patient?.leave();
  await browser?.close();
  await house?.close();
  await mail?.stop();
});

/** Everything that keeps somebody from using the page as it stands; and a picture of it. */
async function look(page, name) {
  const barriers = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
  barriers.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  found.push(...barriers.map((line) => `${name}: ${line}`));
  await picture(page, `contacts-${name}`);
}

/** Opens the link of the last mail of a kind, and proves to be Ben. */
async function told(kind) {
  const parts = t(`notice.${kind}.subject`).split(/\{\w+\}/);
  const { link } = await mail.waitFor(BEN, ({ subject }) => parts.every((part) => subject.includes(part)));
  const { page } = ben;
  await page.goto('about:blank');
  await page.goto(link);
  await page.locator('form[data-event-code]').waitFor();
  return page;
}

async function prove(page) {
  await page.locator('#code').fill(code.toLowerCase());
  await page.locator('form[data-event-code] button').click();
  await page.locator('[data-event-proven]').waitFor();
}

/** Approves the preset Balanced, changed so that a contact need not wait. */
async function letContactsIn() {
  const { page } = patient;
  await page.goto(`${patient.person}/rules`);
  await page.locator('input[name=preset][value=balanced]').check();
  await patient.press('form[action$="/simulate"] button');
  await page.locator('form[data-approve]').evaluate((form) => {
    const policy = JSON.parse(form.dataset.body);
    for (const rule of policy.rules.filter(({ who }) => who.kind === 'contact')) delete rule.how_soon;
    form.dataset.body = JSON.stringify(policy);
  });
  await patient.press('form[data-approve] button');
  await page.waitForURL(/\/rules/);
}

async function scanned() {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  await verdict(page);
  return { visitor, page };
}

test('a contact is named, confirms by the link of a mail, and gets a code', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/contacts`);
  await look(page, 'none');
  await page.goto(`${patient.person}/contacts/new`);
  await page.locator('[name=name]').fill('Ben Neighbour');
  await page.locator('[name=mail]').fill('ben at home');
  await patient.press('form[data-fresh] button');
  await page.getByText(t('contacts.fault.mail')).first().waitFor();
  await look(page, 'fault');
  await page.locator('[name=mail]').fill(BEN);
  await patient.press('form[data-fresh] button');
  await page.getByRole('heading', { name: t('org.invited.title') }).waitFor();

  const { link, text } = await mail.waitFor(BEN);
  assert.equal(link, (await page.locator('.code.link').innerText()).trim());
  assert.doesNotMatch(text, /Ada Example/, 'a mail names nobody');
  const visitor = await Visitor.arrive(browser, house.base, { viewport: narrow, colorScheme: 'dark' });
  ben = { visitor, page: await visitor.page() };
  await ben.page.goto(link);
  await ben.page.locator('form[data-invite]').waitFor();
  await look(ben.page, 'invitation');
  await ben.page.locator('[data-invite-join] button').click();
  await ben.page.locator('[data-invite-go]').waitFor();
  code = (await ben.page.locator('[data-invite-code]').innerText()).trim();
  assert.match(code, /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  await look(ben.page, 'code');
  own = await ben.page.locator('[data-invite-go]').getAttribute('href');
  await page.goto(`${patient.person}/contacts`);
  await page.getByText(beginning(t('contacts.confirmed'))).waitFor();
  await look(page, 'confirmed');

  // The patient's own address, with the passkey of the account.
  await page.goto(`${patient.person}/contacts/new`);
  await page.locator('[name=name]').fill('Ada herself');
  await page.locator('[name=mail]').fill(ADA);
  await page.locator('[name=own]').check();
  await patient.press('form[data-fresh] button');
  await page.goto((await mail.waitFor(ADA)).link);
  await page.locator('#proof-1').check();
  await page.locator('[data-invite-join] button').click();
  await page.locator('[data-event-proven]').waitFor();
});

test('what waits opens by itself when the contact agrees, and both sides hear one another until the patient ends it', async () => {
  const { visitor, page: responder } = await scanned();
  await breakGlass(responder, { name: 'Robin Rescue', role: 'paramedic' });
  await breakGlass(responder, { step: 'sensitive', reason: 'threat_to_life' });
  await responder.getByRole('heading', { name: t('glass.wait.waiting.title') }).waitFor();

  const page = await told('waiting');
  assert.doesNotMatch(await page.locator('body').innerText(), /Robin|Ada Example/, 'the link alone says who');
  await look(page, 'link-alone');
  await page.locator('#code').fill('2222-2222-2222');
  await page.locator('form[data-event-code] button').click();
  await page.getByText(t('error.contact_code')).waitFor();
  await prove(page);
  await page.getByText('Robin Rescue').waitFor();
  await look(page, 'asked');
  await page.goto(page.url().replace('/event', '/event?lang=ar'));
  await page.locator('form[data-event-code]').waitFor();
  await prove(page);
  await look(page, 'asked-ar');
  await page.locator('button[value=approve]').click();
  await page.locator('form[data-event-decide]').waitFor({ state: 'visible' });
  await responder.getByRole('heading', { name: t('section.conditions'), exact: true }).waitFor();
  await picture(responder, 'contacts-opened-by-itself');
  await page.goto(page.url().replace('lang=ar', 'lang=en')); // a page speaks the language that was chosen last

  const open = await told('opened');
  await prove(open);
  await open.locator('#answer').fill('She had insulin at noon');
  await open.locator('form[data-event-answer] button').click();
  await responder.getByRole('button', { name: t('glass.talk.open'), exact: true }).click();
  await responder.locator('#talk-list').getByText('She had insulin at noon').waitFor();
  await responder.locator('#text').fill('Thank you. Does she live alone?');
  await responder.getByRole('button', { name: t('glass.talk.send'), exact: true }).click();
  await open.locator('[data-event-thread]').getByText('Does she live alone?').waitFor();
  await look(open, 'thread');

  await patient.page.goto(`${patient.person}/log`);
  const openings = await patient.page.locator('.log .glass a[href*="/grants/"]').evaluateAll((all) => all.map((link) => link.getAttribute('href')).filter((path) => !path.endsWith('/review')));
  const [newest] = openings; // of what waited; the messages stand in the first one, by whose link the contact came
  await patient.page.goto(openings.at(-1));
  await patient.page.locator('.thread').getByText('She had insulin at noon').waitFor();
  await look(patient.page, 'opening');
  await patient.page.locator('form[action$="/end"] button').click();
  await open.getByText(t('event.ended')).waitFor();
  await look(patient.page, 'opening-ended');
  await patient.page.goto(newest);
  await patient.page.locator('form[action$="/end"] button').click();
  await heading(responder, t('glass.ended.title'));
  await visitor.leave();

  // The same by a passkey: at once where one is signed in, and else after it was used.
  const { link } = await mail.waitFor(ADA, ({ subject }) => t('notice.opened.subject').split(/\{\w+\}/).every((part) => subject.includes(part)));
  await patient.page.goto(link);
  await patient.page.locator('[data-event-facts]').getByText('Robin Rescue').waitFor();
  await patient.page.goto('/home');
  await patient.press('form[action="/signout"] button');
  await patient.page.goto(link);
  await patient.page.locator('form[data-event-passkey]').waitFor();
  await look(patient.page, 'passkey');
  await patient.page.locator('form[data-event-passkey] button').click();
  await patient.page.locator('[data-event-facts]').getByText('Robin Rescue').waitFor();
});

test('a contact asks from afar, is declined, and is told no more when they do not want to be', async () => {
  const { page } = ben;
  await page.goto(`${own.replace('#', '?lang=en#')}`);
  await page.locator('form[data-event-code]').waitFor();
  await prove(page);
  await look(page, 'own');
  await page.locator('[data-event-offer] button').click();
  await look(page, 'asking');
  await page.locator('form[data-event-ask] button').click();
  await page.locator('form[data-event-withdraw] button').waitFor();
  await look(page, 'asks');
  await page.reload();
  await page.locator('form[data-event-code]').waitFor();
  await prove(page);
  await page.locator('form[data-event-withdraw] button').waitFor();

  await patient.page.goto(patient.person);
  const wait = patient.page.locator('.notice', { hasText: 'Ben Neighbour' });
  await wait.waitFor();
  await look(patient.page, 'wait');
  await wait.locator('form[action*="/requests/"] button').click();
  await page.locator('[data-event-said]').getByText(t('event.ask.vetoed')).waitFor();

  // Where the rules let a contact in at once, the record is read here, and no longer than the patient lets it.
  await letContactsIn();
  await page.locator('[data-event-offer] button').click();
  await page.locator('form[data-event-ask] button').click();
  const record = page.locator('[data-event-record]');
  await record.getByRole('heading', { name: t('section.medications'), exact: true }).waitFor();
  await look(page, 'record');
  await patient.page.goto(`${patient.person}/log`);
  await patient.page.goto(await patient.page.locator('.log .glass a[href*="/grants/"]').first().getAttribute('href'));
  await patient.page.locator('form[action$="/end"] button').click();
  await record.waitFor({ state: 'hidden' });
  assert.equal(await page.getByText(t('section.medications'), { exact: true }).count(), 0);

  await page.locator('[data-event-stop] button').click();
  await page.getByRole('heading', { name: t('event.stopped') }).waitFor();
  await look(page, 'stopped');
  await page.goto('about:blank');
  await page.goto(own);
  await page.getByRole('heading', { name: t('event.gone') }).waitFor();
  await patient.page.goto(`${patient.person}/contacts`);
  await patient.page.getByText(beginning(t('contacts.stopped'))).waitFor();
});

test('every page of it can be used by everybody', () => assert.deepEqual(found, []));
