// The pictures of the README, drawn by the program itself; deploy/pictures.sh
// puts them where the README shows them.

import assert from 'node:assert/strict';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Visitor, artifacts, launch, phone } from '../harness/browser.mjs';
import { House, fixture, must } from '../harness/house.mjs';
import { directory } from '../harness/locket.mjs';
import { verdict } from '../harness/reader.mjs';

let browser, house;

before(async () => {
  browser = await launch();
  house = await House.open();
});

after(async () => {
  await browser?.close();
  await house?.close();
});

test('the reader page on a phone', async () => {
  const { url } = await house.issue(fixture('adult'));
  const visitor = await Visitor.arrive(browser, house.base, { viewport: phone, deviceScaleFactor: 1.5, colorScheme: 'light' });
  const page = await visitor.page();
  await page.goto(url);
  await verdict(page);
  await keep(page, 'readme-reader');
  await visitor.leave();
});

test('both sides of a printed card', async () => {
  const data = join(directory(), 'data');
  await must(['keys', 'init', '--data', data, '--url', 'https://locket.example']);
  const { folder } = await house.issue(fixture('adult'), data);
  const visitor = await Visitor.arrive(browser, house.base, { viewport: { width: 370, height: 500 }, deviceScaleFactor: 2, colorScheme: 'light' });
  const page = await visitor.page();
  await page.goto(`file://${join(folder, 'card.html')}`);
  await keep(page.locator('main'), 'readme-card');
  await visitor.leave();
});

test('the evacuation sheet of a family', async () => {
  const data = join(directory(), 'data');
  const people = directory();
  await must(['keys', 'init', '--data', data, '--url', 'https://locket.example']);
  for (const name of ['family-ar-daughter', 'family-ar-mother', 'family-ar-grandfather']) copyFileSync(fixture(name), join(people, `${name}.json`));
  const out = directory();
  await must(['issue', '--data', data, '--in', people, '--carrier', 'sheet', '--lang', 'en', '--out', out]);
  const visitor = await Visitor.arrive(browser, house.base, { viewport: { width: 760, height: 900 }, deviceScaleFactor: 1.1, colorScheme: 'light' });
  const page = await visitor.page();
  await page.goto(`file://${join(out, 'sheet.html')}`);
  await keep(page.locator('main'), 'readme-sheet');
  await visitor.leave();
});

/** Keeps a picture, and sees that a README can carry it. */
async function keep(what, name) {
  const path = join(artifacts, `${name}.png`);
  await what.screenshot({ path });
  assert.ok(statSync(path).size < 150_000, `${name} has ${statSync(path).size} bytes`);
}
