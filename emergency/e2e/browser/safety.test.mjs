// Script in every field is text: on paper, on every page, in the log.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { Visitor, launch, picture } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');

/** Each calls the dialog that a visitor is watched for, in another way. */
const corpus = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  '\'"></style></title></textarea><svg onload=alert(3)>',
  'javascript:alert(4)',
  '{{constructor.constructor("alert(5)")()}}',
  '<a href="javascript:alert(6)" autofocus onfocus=alert(6)>x</a>',
  '&lt;script&gt;alert(7)&lt;/script&gt;',
];

let browser, house, patient, card;

before(async () => {
  browser = await launch();
  house = await House.open();
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** A document with script in every text that a person can write, codes and structure left as they are. */
function poisoned() {
  const bundle = JSON.parse(readFileSync(fixture('adult'), 'utf8'));
  let next = 0;
  const poison = () => corpus[next++ % corpus.length];
  const walk = (value) => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (!value || typeof value !== 'object') return undefined;
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'string' && ['text', 'display', 'family', 'title', 'description', 'patientInstruction'].includes(key)) value[key] = poison();
      else if (Array.isArray(item) && ['given', 'line'].includes(key)) value[key] = [poison()];
      else if (key !== 'meta') walk(item);
    }
    return undefined;
  };
  for (const entry of bundle.entry) walk(entry.resource);
  return bundle;
}

test('script in an imported document is text in all lists and pages', async () => {
  patient = await Patient.signUp(browser, house.base, { name: corpus[0] });
  const { page } = patient;
  await patient.addPerson(corpus[1]);
  assert.ok((await page.locator('h1').innerText()).includes(corpus[1]), 'the name is shown as it is written');
  await page.goto(`${patient.person}/import`);
  await page.locator('main textarea').fill(JSON.stringify(poisoned()));
  await patient.press('form[enctype] button');
  await picture(page, 'safety-import');
  const lists = await page.locator('main').innerText();
  assert.ok(lists.includes('alert('), 'the words of the document are shown');
  await patient.press('form[action$="/import/confirm"] button');
  for (const [index, attack] of corpus.entries()) {
    await patient.write('needs', { concept: `${attack} ${index}`, note: attack });
    await page.getByText(`${attack} ${index}`).first().waitFor();
  }
  patient.visitor.clean();
});

test('script on the card is text on the reader page, in the opened record and on paper', async () => {
  await patient.makeRecovery();
  card = await patient.issueCard(corpus[2]);
  for (const paper of ['card', 'a4']) {
    await patient.page.goto(`${card.page}/print?paper=${paper}`);
    assert.ok((await patient.page.locator('body').innerText()).includes('alert('));
  }
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  assert.ok((await page.locator('main').innerText()).includes('alert('));
  assert.equal(await breakGlass(page, { name: corpus[1], reason: 'other', reasonText: corpus[5] }), t('glass.opened.title'));
  assert.ok((await page.locator('main').innerText()).includes(corpus[0]));
  await picture(page, 'safety-opened');
  await visitor.leave();
});

test('script in what a responder states is text in the patient\'s log', async () => {
  const entries = await patient.whoLooked();
  const all = entries.map(({ text }) => text).join('\n');
  assert.ok(all.includes(corpus[1]) && all.includes(corpus[5]));
  await patient.leave();
});
