// Writing a record, importing one, and two tabs that edit the same line.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, picture } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
let browser, house, patient;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

test('a term is found while typing, by keyboard, and kept with its code', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/record/allergies/new`);
  const input = page.getByRole('combobox').first();
  await input.pressSequentially('penic');
  const list = page.getByRole('listbox');
  await list.getByRole('option').first().waitFor();
  await picture(page, 'type-ahead');
  await input.press('ArrowDown');
  await input.press('Enter');
  const chosen = await input.inputValue();
  assert.match(chosen, /penicillin/i);
  assert.notEqual(await page.locator('main [data-term]').first().inputValue(), '', 'the term is kept, not only its words');
  await patient.press('main form button[value=save]');
  await page.getByText(chosen, { exact: false }).first().waitFor();
});

test('words that no catalogue knows are kept as they are written', async () => {
  await patient.write('conditions', { concept: 'Fainted twice at Grandmother\'s, nobody knows why' });
  await patient.page.locator('.item-title').getByText('Fainted twice at Grandmother\'s, nobody knows why').waitFor();
});

test('an import shows three lists before anything is saved', async () => {
  await patient.readDocument(fixture('adult'));
  const { page } = patient;
  const titles = await page.locator('main h2').allInnerTexts();
  assert.equal(titles.length, 3);
  await picture(page, 'import-lists');
  const understood = await page.locator('main ul.items').first().locator('li').count();
  assert.ok(understood >= 5, `${understood} lines understood`);
  await page.goto(`${patient.person}/record/medications`);
  assert.equal(await page.locator('ul.items li').count(), 0, 'nothing was saved');

  await patient.importDocument(fixture('adult'));
  await page.goto(`${patient.person}/record/medications`);
  assert.ok(await page.locator('ul.items li').count() > 0);
});

test('what is not a summary is refused in words', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/import`);
  await page.locator('main textarea').fill('{"resourceType": "Bundle", ');
  await patient.press('form[enctype] button');
  await page.getByRole('alert').waitFor();
});

test('two tabs editing one line lose nothing in silence', async () => {
  await patient.write('needs', { concept: 'Wheelchair' });
  const { page } = patient;
  const edit = await page.locator('.actions a').first().getAttribute('href');
  const other = await patient.visitor.page();
  await Promise.all([page.goto(edit), other.goto(edit)]);
  await page.locator('main [name=note]').fill('Said in the first tab');
  await patient.press('main form button[value=save]');
  await other.locator('main [name=note]').fill('Said in the second tab');
  await Promise.all([other.waitForNavigation(), other.locator('main form button[value=save]').click()]);
  await other.getByText('Said in the first tab').waitFor();
  await other.getByText('Said in the second tab').waitFor();
  await picture(other, 'conflict');
  await Promise.all([other.waitForNavigation(), other.getByRole('button', { name: t('console.conflict.save_mine') }).click()]);
  await other.goto(`${patient.person}/record/needs`);
  await other.getByText('Said in the second tab').waitFor();
  await other.close();
});
