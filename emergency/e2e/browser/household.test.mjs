// A household: a mother and a father keep the record of their daughter together, hand it over to her, and no longer see what she keeps to herself. She tries
// out her card with a stranger.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, addAuthenticator, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
const SECRET = 'Seen at the clinic on Monday';
let browser, house, mother, father, daughter, card;
const found = [];

before(async () => {
  browser = await launch();
  house = await House.open();
  mother = await Patient.signUp(browser, house.base, { name: 'Maya Hartwell' });
  await mother.addPerson('Imogen Hartwell');
  await mother.importDocument(fixture('adult'));
  const { page } = mother;
  await page.goto(`${mother.person}/record/identity`);
  await page.locator('[name=birth]').fill(`${new Date().getFullYear() - 14}-01-01`);
  await mother.press('main form button[value=save]');
});

after(async () => {
  await Promise.all([mother, father, daughter].map((person) => person?.leave()));
  await browser?.close();
  await house?.close();
});

/** Everything that keeps somebody from using the page as it stands, on a small phone, in the dark and from right to left; and pictures of it. */
async function look(page, name) {
  const size = page.viewportSize();
  await page.setViewportSize(narrow);
  const barriers = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
  barriers.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  await page.setViewportSize(size);
  await picture(page, `household-${name}`);
  await page.emulateMedia({ colorScheme: 'dark' });
  barriers.push(...(await accessibility(page)).map((line) => `axe in the dark: ${line}`));
  await page.emulateMedia({ colorScheme: null });
  found.push(...barriers.map((line) => `${name}: ${line}`));
}

/** Makes a link to a role. */
async function invite(person, name, role) {
  const { page } = person;
  await page.goto(`${person.person}/keepers`);
  await page.locator('#name').fill(name);
  await page.locator(`input[name=role][value=${role}]`).check();
  await person.press('form[action$="/keepers/invite"] button');
  await page.locator('.code.link').waitFor();
  return (await page.locator('.code.link').innerText()).trim();
}

/** Somebody new takes a link up with a passkey of their own. */
async function takeUp(link, name) {
  const person = new Patient();
  person.name = name;
  person.visitor = await Visitor.arrive(browser, house.base);
  person.page = await person.visitor.page();
  person.authenticator = await addAuthenticator(person.page);
  const { page } = person;
  await page.goto(link);
  await page.locator('#name').fill(name);
  await look(page, `invite-${name.split(' ')[0].toLowerCase()}`);
  await page.locator('button[value=signup]').click();
  await page.waitForURL(/\/patients\/[\w-]{22}$/);
  person.person = new URL(page.url()).pathname;
  return person;
}

test('a mother invites the father, and both keep the record', async () => {
  await mother.page.goto(`${mother.person}/keepers`);
  await look(mother.page, 'keepers');
  father = await takeUp(await invite(mother, 'Milo', 'keeper'), 'Milo Hartwell');
  assert.equal(father.person, mother.person);
  await father.page.goto('/home');
  await father.page.getByRole('link', { name: 'Imogen Hartwell' }).waitFor();
  await father.page.goto(`${father.person}/keepers`);
  assert.deepEqual(await father.page.locator('.cards h2 bdi').allInnerTexts(), ['Maya Hartwell', 'Milo Hartwell']);
});

test('the record is handed over to the daughter, and her parents become guardians', async () => {
  daughter = await takeUp(await invite(mother, 'Imogen', 'self'), 'Imogen Hartwell');
  assert.equal(daughter.person, mother.person);
  const { page } = mother;
  await page.goto(`${mother.person}/keepers`);
  await page.getByText(t('keepers.guardian')).waitFor();
  assert.equal(await page.locator('form[action$="/keepers/invite"]').count(), 0, 'a guardian can invite somebody');
  await look(page, 'guardian');
});

test('what she keeps to herself her mother no longer sees', async () => {
  await daughter.write('sexual_health', { concept: SECRET });
  await mother.page.goto(`${mother.person}/record/sexual_health`);
  await mother.page.getByText(SECRET).first().waitFor();
  const { page } = daughter;
  await page.goto(daughter.person);
  await page.getByRole('link', { name: t('confidential.title') }).click();
  await page.getByLabel(t('section.sexual_health')).check();
  await look(page, 'confidential');
  await daughter.press('form[action$="/confidential"] button');
  await page.getByText(t('confidential.saved')).waitFor();
  await mother.page.reload();
  await mother.page.getByText(t('console.section.nothing')).waitFor();
  assert.doesNotMatch(await mother.page.content(), new RegExp(SECRET));
  await mother.page.goto(`${mother.person}/record/sexual_health/new`);
  await mother.page.locator('main [name=concept]').fill('Something else');
  await mother.press('main form button[value=save]');
  await mother.page.getByRole('heading', { name: t('error.confidential') }).waitFor();
  assert.equal((await mother.page.request.get(`${mother.person}/confidential`)).status(), 404);
  await page.goto(`${daughter.person}/record/sexual_health`);
  await page.getByText(SECRET).first().waitFor();
});

test('a drill goes from the clock to the confirmed items, and its clock needs no network', async () => {
  await daughter.makeRecovery();
  card = await daughter.issueCard();
  const { page } = daughter;
  await page.goto(`${daughter.person}/drill`);
  await look(page, 'drill-before');
  await daughter.press('form[action$="/drill"] button');
  await page.getByRole('button', { name: t('drill.start') }).waitFor();
  await look(page, 'drill-run');

  await daughter.visitor.context.setOffline(true);
  await page.getByRole('button', { name: t('drill.start') }).click();
  await page.getByRole('button', { name: t('drill.stop') }).click();
  await page.getByRole('heading', { name: t('drill.compare') }).waitFor();
  for (const answer of await page.locator('[data-drill-show] button').all()) await answer.click();
  assert.match(await page.locator('[data-drill-answer]').first().innerText(), /\p{L}/u, 'the right answer is not shown');
  assert.match(await page.locator('[name=seconds]').inputValue(), /^[1-9]\d*$/);
  await page.getByLabel(t('drill.right.yes')).check();
  await page.getByRole('button', { name: t('drill.finish') }).click();
  await page.getByText(t('drill.offline')).waitFor();
  await look(page, 'drill-compare');
  await daughter.visitor.context.setOffline(false);
  await page.locator('[name=seconds]').fill('25');
  await daughter.press('form[data-drill-result] button');

  await page.getByText(t('drill.helps.larger')).waitFor();
  const left = await page.locator('ul.items > li').count();
  await look(page, 'drill-confirm');
  await daughter.press('ul.items form button');
  assert.equal(await page.locator('ul.items > li').count(), left - 1);
  while (await page.locator('ul.items > li').count()) await daughter.press('form[action$="/confirm"] button');
  await page.getByText(t('drill.confirm.done')).waitFor();
  await page.goto(`${daughter.person}/drill`);
  assert.equal(await page.locator('.cards .when').count(), 1);
  const entries = await daughter.whoLooked();
  for (const key of ['log.drill', 'log.drill.finished.slow', 'log.keeper.added', 'log.keeper.invited', 'log.patient.confidential']) {
    assert.ok(entries.some(({ title }) => title === t(key)), `the log does not say "${t(key)}"`);
  }
});

test('of an opening her mother reads who looked, and not what was shown', async () => {
  const visitor = await Visitor.arrive(browser, house.base);
  const stranger = await visitor.page();
  await stranger.goto(card.address);
  await verdict(stranger);
  await breakGlass(stranger, { name: 'Robin Rescue' });
  await visitor.leave();
  const opening = (page) => page.locator('[data-seq]', { hasText: 'Robin Rescue' });
  await mother.whoLooked();
  const { page } = mother;
  await opening(page).getByText(t('history.withheld'), { exact: true }).waitFor();
  await opening(page).getByText(t('history.withheld.proof')).waitFor();
  assert.equal(await page.locator('[data-log-status] .proof-failed').count(), 0, 'the browser takes it for a lie');
  assert.equal(await opening(page).getByText(t('fact.sections'), { exact: true }).count(), 0);
  await look(page, 'log-guardian');
  await opening(page).getByRole('link', { name: t('grant.see') }).click();
  await page.getByText(t('history.withheld'), { exact: true }).waitFor();
  await look(page, 'opening-guardian');
  await daughter.whoLooked();
  await opening(daughter.page).getByText(t('fact.sections'), { exact: true }).waitFor();
});

test('a drill that nobody has scripts for shows everything at once', async () => {
  const { page } = daughter;
  await page.goto(`${daughter.person}/drill`);
  await daughter.press('form[action$="/drill"] button');
  const plain = await browser.newContext({ baseURL: house.base, javaScriptEnabled: false, storageState: await daughter.visitor.context.storageState() });
  const other = await plain.newPage();
  await other.goto(`${daughter.person}/drill?lang=ar`);
  assert.ok(await other.locator('[data-drill-answer]').first().isVisible());
  await picture(other, 'household-drill-plain-ar');
  await other.locator('form[data-drill-result] button').click();
  await other.getByRole('alert').waitFor();
  await plain.close();
});

test('the father leaves, and his next request finds nothing', async () => {
  const { page } = father;
  await page.goto(`${father.person}/keepers`);
  await page.getByRole('link', { name: t('keepers.leave') }).click();
  await look(page, 'leave');
  await father.press('form[action$="/remove"] button');
  await page.waitForURL(/\/home$/);
  assert.equal((await page.request.get(father.person)).status(), 404);
});

test('every page of it can be used by everybody', () => assert.deepEqual(found, []));
