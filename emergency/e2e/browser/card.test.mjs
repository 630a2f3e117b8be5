// A card from the console: asked for, printed, scanned, found by its code, revoked.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Visitor, artifacts, launch, picture } from '../harness/browser.mjs';
import { House, fixture, must } from '../harness/house.mjs';
import { directory, locket } from '../harness/locket.mjs';
import { pages, print, raster, scan, words as wordsOf } from '../harness/paper.mjs';
import { Patient } from '../harness/patient.mjs';
import { verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
let browser, house, patient, card;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

test('no card before there is a second way in', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/cards/new`);
  await page.locator('[name=label]').fill('Too early');
  await patient.press('form[action$="/cards/preview"] button');
  await patient.press('form[action$="/cards"] button');
  await page.getByRole('heading', { name: t('error.no_recovery') }).waitFor();
  await page.goto(`${patient.person}/cards`);
  assert.equal(await page.locator('ul.cards li').count(), 0);
});

test('what a finder will see is shown before the card is issued', async () => {
  await patient.makeRecovery();
  const { page } = patient;
  await page.goto(`${patient.person}/cards/new`);
  await patient.press('form[action$="/cards/preview"] button');
  await page.getByText(t('console.check.exactly')).waitFor();
  const promised = (await page.locator('.front .item-title').allInnerTexts()).length;
  await picture(page, 'card-check');
  card = await patient.issueCard();
  assert.equal((await page.locator('.front .item-title').allInnerTexts()).length, promised);
  await picture(page, 'card-issued');
});

for (const [paper, width, height] of [['card', 85.6, 54], ['a4', 210, 297], ['letter', 215.9, 279.4]]) {
  test(`printed on ${paper}, the code is decoded by a foreign scanner`, async () => {
    const { page } = patient;
    await page.goto(`${card.page}/print?paper=${paper}`);
    const pdf = await print(page);
    const sizes = await pages(pdf);
    assert.equal(sizes.length, paper === 'card' ? 2 : 1, 'both sides of a card, or one sheet');
    for (const size of sizes) {
      assert.ok(Math.abs(size.width - width) < 0.3 && Math.abs(size.height - height) < 0.3, `${size.width} x ${size.height} mm`);
    }
    const drawn = await raster(pdf, 1, 300);
    assert.deepEqual(await scan(drawn), [card.address]);
    const text = (await wordsOf(pdf)).replace(/\s+/g, ' ');
    assert.ok(text.includes(card.code), 'the short code is on the paper');
    await page.screenshot({ path: join(artifacts, `print-${paper}.png`), fullPage: true });
  });
}

test('the address opens verified on another phone and in the command line', async () => {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  await visitor.leave();

  const trust = join(directory(), 'trust.json');
  writeFileSync(trust, await must(['keys', 'show', '--data', house.data]));
  const verified = await locket(['verify', '--trust', trust, card.address]);
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal(JSON.parse(verified.stdout).status, 'verified');
  assert.equal((await locket(['verify', '--trust', trust, card.address.slice(0, -3)])).code, 1);
});

test('the short code reaches the same page, and a wrong one says so', async () => {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto('/code');
  await page.locator('main input').fill('2222-2222-2222');
  await page.locator('main form button').click();
  await page.getByRole('alert').waitFor();
  await page.locator('main input').fill(card.code.toLowerCase().replaceAll('-', ' '));
  await page.locator('main form button').click();
  await page.waitForURL(/\/c\//);
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  assert.equal(page.url(), card.address);
  await visitor.leave();
});

test('the patient sees every scan, proven in the browser', async () => {
  const entries = await patient.whoLooked();
  await picture(patient.page, 'who-looked');
  const titles = entries.map(({ title }) => title);
  assert.ok(titles.length >= 4, titles.join(', '));
});

test('a revoked card says so, opens nothing, and is no longer found by its code', async () => {
  await patient.revoke(card);
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  await page.getByRole('heading', { name: t('reader.state.revoked.title') }).waitFor();
  await picture(page, 'reader-revoked');
  await page.goto('/code');
  await page.locator('main input').fill(card.code);
  await page.locator('main form button').click();
  await page.getByRole('alert').waitFor();
  await visitor.leave();

  const verified = await locket(['verify', '--data', house.data, card.address]);
  assert.equal(verified.code, 1);
  assert.equal(JSON.parse(verified.stdout).status, 'revoked');
});
