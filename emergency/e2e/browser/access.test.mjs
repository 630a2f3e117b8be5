// Every page for everybody: in the light, in the dark, from right to left, on a
// narrow screen, with a thumb, from the keyboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture, fragmentBytes, withFragment } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, heading, verdict } from '../harness/reader.mjs';
import { beginning, words } from '../harness/words.mjs';

const appearances = {
  light: { options: { colorScheme: 'light' }, lang: 'en' },
  dark: { options: { colorScheme: 'dark' }, lang: 'en' },
  'right to left': { options: { colorScheme: 'light', locale: 'ar' }, lang: 'ar' },
};

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

/** Everything that keeps somebody from using the page as it stands. */
async function barriers(page) {
  const found = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) found.push('the page scrolls sideways');
  found.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  return found.map((line) => `${new URL(page.url()).pathname}: ${line}`);
}

for (const [name, { options, lang }] of Object.entries(appearances)) {
  const t = words(lang);

  test(`the reader page and the emergency step, ${name}`, async () => {
    const visitor = await Visitor.arrive(browser, house.base, { ...options, viewport: narrow });
    const page = await visitor.page();
    const found = [];
    const look = async (view) => {
      found.push(...(await barriers(page)).map((line) => `${view}: ${line}`));
      await picture(page, `access-${view}-${name.replaceAll(' ', '-')}`);
    };
    await page.goto(card.address);
    await verdict(page);
    await look('front');
    const press = (key) => page.getByRole('button', { name: t(key), exact: true }).click();
    await press('reader.glass.open');
    await heading(page, t('glass.stop.title'));
    await look('stop');
    await press('glass.stop.continue');
    await heading(page, t('glass.who.title'));
    await look('who');
    await press('glass.next');
    await heading(page, t('glass.why.title'));
    await press('glass.next');
    await page.getByRole('alert').waitFor();
    await look('why');
    await page.locator('#reason-unconscious').check();
    await press('glass.next');
    await heading(page, t('glass.check.title'));
    await look('check');
    await press('glass.check.open');
    await heading(page, t('glass.opened.title'));
    await look('opened');
    for (const [view, sign] of [['talk', '#talk-list'], ['handover', '.passcode']]) {
      await page.locator(`section[aria-labelledby=${view}] button`).click();
      await page.locator(sign).waitFor();
      await look(view);
      await page.goBack();
    }
    await press('glass.opened.close');
    await heading(page, t('glass.ended.title'));
    await look('ended');
    const bytes = fragmentBytes(card.address);
    bytes[bytes.length - 1] ^= 1;
    for (const [view, address] of [['tampered', withFragment(card.address, bytes)], ['no-front', card.address.split('#')[0]]]) {
      await page.goto('about:blank');
      await page.goto(address);
      await verdict(page);
      await look(view);
    }
    await visitor.leave();
    assert.deepEqual(found, []);
  });

  test(`pages for everybody, ${name}`, async () => {
    const visitor = await Visitor.arrive(browser, house.base, { ...options, viewport: narrow });
    const page = await visitor.page();
    const found = [];
    for (const path of ['/', '/audit', '/signup', '/signin', '/recover', '/code', '/nothing-here']) {
      await page.goto(path);
      assert.equal(await page.locator('html').getAttribute('lang'), lang);
      found.push(...await barriers(page));
      await picture(page, `access-${path.slice(1) || 'landing'}-${name.replaceAll(' ', '-')}`);
    }
    await visitor.leave();
    assert.deepEqual(found, []);
  });

  test(`the console, ${name}`, async () => {
    const { page } = patient;
    await page.setViewportSize(narrow);
    await page.emulateMedia({ colorScheme: options.colorScheme });
    await page.goto(`/home?lang=${lang}`);
    const { person } = patient;
    await page.goto(`${person}/record/allergies`);
    const item = await page.locator('.actions a').first().getAttribute('href');
    const found = [];
    for (const path of [
      '/home', '/patients/new', person, `${person}/record`, `${person}/record/allergies`, item, `${person}/record/medications/new`,
      `${person}/record/contacts/new`, `${person}/import`, `${person}/cards`, `${person}/cards/new`, card.page, `${card.page}/revoke`,
      `${person}/rules`, `${person}/simulate?preset=private`, `${person}/log`, `${person}/delete`,
      '/account', '/account/passkeys/new', '/account/export', '/account/delete',
    ]) {
      const response = await page.goto(path);
      assert.equal(response.status(), 200, path);
      assert.equal(await page.locator('html').getAttribute('lang'), lang, path);
      found.push(...await barriers(page));
      await picture(page, `access-${path.replace(/\/[\w-]{20,}/g, '').replace(/\W+/g, '-').replace(/^-|-$/g, '')}-${name.replaceAll(' ', '-')}`);
    }
    assert.deepEqual(found, []);
  });
}

test('the emergency step needs no mouse', async () => {
  const t = words('en');
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  await verdict(page);
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  assert.equal(page.url(), card.address, 'skipping to the card keeps it in the address');
  assert.ok(await page.evaluate(() => document.activeElement?.matches('main')));
  const press = async (label) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.textContent?.trim() === wanted, t(label))) return page.keyboard.press('Enter');
    }
    return assert.fail(`Tab does not reach ${label}`);
  };
  await press('reader.glass.open');
  await heading(page, t('glass.stop.title'));
  assert.ok(await page.evaluate(() => document.activeElement?.matches('h1')), 'a new page begins at its heading');
  await press('glass.stop.continue');
  await heading(page, t('glass.who.title'));
  await page.keyboard.press('Tab'); // from the heading to the choices
  await page.keyboard.press('ArrowDown');
  await press('glass.next');
  await heading(page, t('glass.why.title'));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await press('glass.next');
  await heading(page, t('glass.check.title'));
  await press('glass.check.open');
  await heading(page, t('glass.opened.title'));
  await visitor.leave();
});

test('what is found out later does not take the focus away', async () => {
  const t = words('en');
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  let answer;
  const asked = new Promise((resolve) => page.route('**/v1/cards/*/status', (route) => { answer = () => route.continue(); resolve(); }));
  await page.goto(card.address);
  await Promise.all([asked, verdict(page)]);
  const open = page.getByRole('button', { name: t('reader.glass.open'), exact: true });
  await open.focus();
  answer();
  await page.getByText(beginning(t('reader.online.active'))).waitFor();
  assert.ok(await open.evaluate((button) => button === document.activeElement));
  await visitor.leave();
});

test('the front reads as one plain sheet of paper', async () => {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  await verdict(page);
  await page.emulateMedia({ media: 'print' });
  await picture(page, 'reader-on-paper');
  assert.equal(await page.getByRole('button', { name: words('en')('reader.glass.open') }).isVisible(), false);
  await visitor.leave();
});
