// The rules as sentences: made with the keyboard, tried on somebody, approved by a passkey.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, desk, launch, narrow, phone, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
let browser, house, patient, page;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  page = patient.page;
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

/** Goes to an element with Tab alone. */
async function tabTo(selector) {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

/** Presses a button from the keyboard and waits for the page that follows. */
async function press(selector) {
  await tabTo(selector);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

const button = (step) => `button[name=do][value="${step}"]`;

/** Answers the question of the page: ticks what is named, and goes on. */
async function answer(...values) {
  for (const value of values) {
    const box = `main .choice input[value="${value}"]`;
    if (!(await page.locator(box).isChecked())) {
      await tabTo(`${box}, input[type=radio][name="${await page.locator(box).getAttribute('name')}"]`);
      if (await page.locator(box).getAttribute('type') === 'radio') await page.locator(box).focus();
      await page.keyboard.press('Space');
    }
  }
  await press(button('answer'));
}

const looks = { narrow: [narrow, 'light'], phone: [phone, 'light'], dark: [desk, 'dark'] };

/** Finds nothing that keeps somebody from using the page, in some looks of it. */
async function looksWell(name, ...chosen) {
  for (const look of chosen) {
    const [size, colorScheme] = looks[look];
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const found = [...await accessibility(page), ...await smallTargets(page)];
    if (await scrollsSideways(page)) found.push('the page scrolls sideways');
    await picture(page, `rules-${name}-${look}`);
    assert.deepEqual(found, [], `${name}, ${look}`);
  }
}

const sentences = () => page.locator('main .reads p').allInnerTexts();

test('a rule is made with the keyboard, read as sentences, tried on somebody and approved by a passkey', async () => {
  await page.goto(`${patient.person}/rules`);
  await looksWell('rules', 'narrow', 'dark');
  await press(button('add'));
  await looksWell('who', 'narrow');
  await press(button('answer'));
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'faults', 'what is wrong is said first');
  await answer('kind:fire');
  await looksWell('sections', 'dark');
  await answer('insurance');
  await answer('86400');
  await answer('1');
  await answer();
  await looksWell('rule', 'phone', 'dark');
  const read = await sentences();
  assert.ok(read[0].startsWith(t('rules.who.fire').split('{')[0]), read[0]);
  assert.ok(read.includes(t('rules.soon.days', { count: 1 })) && read.includes(t('rules.for.hours', { count: 4 })), read.join('\n'));

  await press(button('ask:where'));
  await looksWell('where', 'narrow');
  await page.locator('#where').fill('Portugal; ES');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.ok((await sentences()).some((said) => said.includes('Portugal') && said.includes('Spain')));
  await press(button('keep'));
  await looksWell('draft', 'narrow');
  await press('form[action$="/simulate"] button');
  await looksWell('simulate', 'narrow');

  await page.locator('#person').selectOption({ label: t('editor.who.fire') });
  await page.locator('#country').fill('Portugal');
  await press(button('somebody'));
  const thought = page.locator('#somebody + .person');
  assert.equal(await thought.locator('h3').innerText(), t('editor.who.fire'));
  assert.ok((await thought.locator('.change').innerText()).includes(t('section.insurance')), 'the new rule gives what it says');
  await looksWell('somebody', 'dark');
  await press('form[data-approve] button');
  await page.waitForURL(/\/rules\?changed/);
  assert.ok((await page.locator('main').innerText()).includes(t('editor.own')));
  const entries = await patient.whoLooked();
  assert.equal(entries[0].title, t('log.rules.changed'));
});

test('rules are taken along as a file and read again', async () => {
  await page.goto(`${patient.person}/rules`);
  const file = await page.evaluate(async (path) => (await fetch(`${path}/consent.json`)).text(), patient.person);
  assert.equal(JSON.parse(file).resourceType, 'Consent');
  await page.goto(`${patient.person}/rules/import`);
  await looksWell('import', 'narrow');
  await page.locator('#file').setInputFiles({ name: 'consent.json', mimeType: 'application/fhir+json', buffer: Buffer.from(file) });
  await patient.press('form[enctype] button');
  await looksWell('imported', 'dark');
  assert.ok((await page.locator('main').innerText()).includes(t('rules.who.fire').split('{')[0]));
  await patient.press('form[action$="/simulate"] button');
  assert.equal(await page.locator('form[data-approve]').count(), 0, 'the same rules need no new approval');
});

test('rules that open more wait where that is wished, and are stopped by one press', async () => {
  await page.goto(`${patient.person}/rules`);
  await press(button('wait'));
  await looksWell('delay', 'narrow');
  await page.locator('input[name=delay][value="86400"]').check();
  await press(button('set-wait'));
  await press('form[action$="/simulate"] button');
  await press('form[data-approve] button');
  await page.waitForURL(/\/rules\?changed/);
  await patient.choose('open');
  const stop = 'form[action$="/rules/stop"] button';
  await looksWell('pending', 'dark');
  await page.goto(patient.person);
  await page.locator(stop).waitFor();
  await looksWell('overview', 'narrow');
  await patient.press(stop);
  await page.getByText(t('editor.stopped')).waitFor();
  assert.equal(await page.locator(stop).count(), 0);
});

test('the editor reads from right to left', async () => {
  await page.goto(`${patient.person}/rules/draft?lang=ar`);
  await patient.press(button('change:fire'));
  assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
  await looksWell('arabic-rule', 'phone');
  await patient.press(button('ask:sections'));
  await looksWell('arabic-sections', 'narrow');
});
