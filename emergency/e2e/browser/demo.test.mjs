// The demonstration: what it prints works, says DEMO, and leaves nothing behind.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Visitor, launch, picture } from '../harness/browser.mjs';
import { Program, directory, freePort, locket } from '../harness/locket.mjs';
import { Patient } from '../harness/patient.mjs';
import { verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
let browser, demo, base, scratch;

before(async () => {
  browser = await launch();
  scratch = directory();
  process.env.TMPDIR = scratch;
  const port = await freePort();
  base = `http://localhost:${port}`;
  demo = await Program.start(['demo', '--listen', `127.0.0.1:${port}`], base);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

test('each printed address is a verified card that says DEMO', async () => {
  const addresses = demo.output.match(/http:\/\/localhost:\d+\/c\/\S+/g);
  assert.ok(addresses.length >= 6, 'an adult, a traveller and a family of four');
  const visitor = await Visitor.arrive(browser, base);
  const page = await visitor.page();
  for (const address of addresses) {
    await page.goto(address);
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await page.getByText(t('reader.demo')).waitFor();
  }
  await visitor.leave();
});

test('the first account keeps the fictional household', async () => {
  const patient = await Patient.signUp(browser, base, { name: 'Newcomer' });
  await patient.page.goto('/home');
  assert.ok(await patient.page.locator('ul.cards > li').count() >= 6);
  await patient.page.getByText(t('console.demo')).waitFor();
  await picture(patient.page, 'demo-home');

  await patient.page.locator('ul.cards h2 a').first().click();
  await patient.page.waitForURL(/\/patients\//);
  await patient.page.goto(`${new URL(patient.page.url()).pathname}/cards`);
  const print = await patient.page.locator('a[href*="/print"]').first().getAttribute('href');
  await patient.page.goto(print);
  assert.match(await patient.page.locator('body').innerText(), /DEMO/, 'the printed card says so too');
  await patient.leave();
});

test('it refuses an address that others can reach', async () => {
  const result = await locket(['demo', '--listen', '0.0.0.0:0']);
  assert.equal(result.code, 1);
});

test('it ends cleanly and leaves nothing behind', async () => {
  const left = () => readdirSync(scratch).filter((name) => name.startsWith('locket-demo-'));
  assert.equal(left().length, 1, 'its data while it runs');
  assert.equal(await demo.stop('SIGINT'), 0, demo.output);
  assert.deepEqual(left(), []);
});
