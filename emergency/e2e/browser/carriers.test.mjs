// Every carrier from the console: chosen, checked, issued; its pages for everybody, from the keyboard alone, and a tag that is written by the browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, launch, narrow, phone, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { print, raster, scan } from '../harness/paper.mjs';
import { Patient } from '../harness/patient.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
const carriers = ['wallet', 'sticker', 'bracelet', 'wallpaper', 'vcard', 'ntag213', 'ntag215', 'ntag216', 'ntag424', 'shc', 'shl'];
const issued = {};
let browser, house, patient;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  await patient.visitor.context.addInitScript(tagReader);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.page.goto(`${patient.person}/record/contacts/new`);
  await patient.page.locator('#name').fill('Aunt Far');
  await patient.page.locator('#phone').fill('+46701740605');
  await patient.page.locator('#out_of_area').check();
  await patient.press('main form button[value=save]');
  await patient.makeRecovery();
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

/** Everything that keeps somebody from using the page as it stands. */
async function barriers(page, view) {
  const found = (await accessibility(page)).map((line) => `axe: ${line}`);
  if (await scrollsSideways(page)) found.push('the page scrolls sideways');
  found.push(...(await smallTargets(page)).map((line) => `small target: ${line}`));
  return found.map((line) => `${view}: ${line}`);
}

/** Goes to a page that holds what opens a record: after some minutes it asks for the passkey first. */
async function visit(path) {
  const { page } = patient;
  const response = await page.goto(path);
  if (response.status() !== 403) return response;
  const [again] = await Promise.all([page.waitForResponse((each) => each.url().endsWith(path) && each.ok()), page.locator('form[data-approve] button').click()]);
  await page.waitForLoadState();
  return again;
}

/** Issues a card on a carrier by its pages; returns its path. The page of a link, which shows a passcode, is the answer to the form and has none of its own. */
async function issue(carrier) {
  const { page } = patient;
  await page.goto(`${patient.person}/cards/carriers`);
  await page.locator(`input[name=carrier][value=${carrier}]`).check();
  await patient.press('form[action$="/cards/new"] button');
  if (carrier === 'vcard') await page.locator('[name=readable]').check();
  await page.locator('[name=label]').fill(`My ${carrier}`);
  await patient.press('form[action$="/cards/preview"] button');
  await page.getByRole('heading', { level: 1, name: t('console.check.title') }).waitFor();
  await picture(page, `carrier-check-${carrier}`);
  await patient.press('form[action$="/cards"] button');
  await page.getByRole('heading', { level: 1, name: t('console.card.issued') }).waitFor();
  await picture(page, `carrier-issued-${carrier}`);
  if (carrier !== 'shl') await page.waitForURL(/\/cards\/[\w-]{22}/);
  return (await page.locator('main a[href$="/revoke"]').getAttribute('href')).replace(/\/revoke$/, '');
}

for (const carrier of carriers) {
  test(`a ${carrier} is issued`, async () => {
    issued[carrier] = await issue(carrier);
    const text = await patient.page.locator('main').innerText();
    assert.ok(text.includes(`My ${carrier}`));
    assert.ok(text.includes(t(`console.next.${carrier}`)));
  });
}

test('a code that anyone can read needs a yes', async () => {
  const { page } = patient;
  await page.goto(`${patient.person}/cards/new?carrier=vcard`);
  await patient.press('form[action$="/cards/preview"] button');
  await page.getByRole('alert').getByText(t('console.choose.fault.readable')).waitFor();
  assert.ok(await page.locator('#readable').evaluate((box) => box.getAttribute('aria-invalid') === 'true'));
});

for (const [name, lang, colorScheme] of [['light', 'en', 'light'], ['dark', 'en', 'dark'], ['right to left', 'ar', 'light']]) {
  test(`the pages of carriers are for everybody, ${name}`, async () => {
    const { page, person } = patient;
    await page.emulateMedia({ colorScheme });
    await page.goto(`/home?lang=${lang}`);
    const found = [];
    const paths = [`${person}/cards/carriers`, `${person}/cards/new?carrier=vcard`, `${person}/cards/new?carrier=shl`, `${person}/cards`, '/household/sheet',
      '/household/sheet/ready', '/scan', `${person}/record/contacts/new`, `${person}/record/medications/new`, ...carriers.map((carrier) => issued[carrier])];
    for (const [width, viewport] of [['narrow', narrow], ['phone', phone]]) {
      await page.setViewportSize(viewport);
      for (const path of paths) {
        const response = await visit(path);
        assert.equal(response.status(), 200, path);
        const carrier = carriers.find((each) => issued[each] === path);
        const view = `${carrier ?? path.replace(person, '')}-${name}-${width}`.replace(/\W+/g, '-').replace(/^-/, '');
        if (path !== '/scan') assert.equal(await page.locator('html').getAttribute('lang'), lang, path);
        found.push(...await barriers(page, view));
        if (width === 'phone') await picture(page, `carrier-page-${view}`);
      }
    }
    await page.goto('/home?lang=en');
    await page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(found, []);
  });
}

test('a card is made from the keyboard alone', async () => {
  const { page, person } = patient;
  await page.goto(`${person}/cards/carriers`);
  const reach = async (selector) => {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    assert.fail(`Tab does not reach ${selector}`);
  };
  const enter = (selector) => reach(selector).then(() => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]));
  await reach('input[value=wallet]');
  for (let presses = 0; presses < 20 && !(await page.locator('input[value=bracelet]').isChecked()); presses++) await page.keyboard.press('ArrowDown');
  await enter('form[action$="/cards/new"] button');
  await enter('form[action$="/cards/preview"] button');
  await enter('form[action$="/cards"] button');
  await page.getByRole('heading', { level: 1, name: t('console.card.issued') }).waitFor();
  assert.ok((await page.locator('main').innerText()).includes(t('carrier.bracelet')));
});

test('a household has one sheet', async () => {
  const { page } = patient;
  await page.goto('/household/sheet');
  await page.getByText('Aunt Far').waitFor();
  await page.locator('[name=meeting]').fill('At the well');
  await picture(page, 'sheet-form');
  await patient.press('form[action="/household/sheet"] button');
  await page.getByRole('heading', { level: 1, name: t('console.sheet.ready') }).waitFor();
  await picture(page, 'sheet-ready');
  await page.goto('/household/sheet/ready');
  assert.equal(await page.locator('main a[href*="/cards/"]').count(), 1);
});

for (const carrier of ['sticker', 'bracelet', 'vcard', 'sheet']) {
  test(`a printed ${carrier} is decoded by a foreign scanner`, async () => {
    const { page } = patient;
    await visit(carrier === 'sheet' ? '/household/sheet/ready' : issued[carrier]);
    const links = await page.locator('main a[href*="/print?"]').evaluateAll((found) => found.map((link) => link.getAttribute('href')));
    assert.ok(links.length >= 2, links.join(' '));
    const address = carrier === 'sheet' ? /\/c\/[\w-]{22}#\d+$/ : carrier === 'vcard' ? /^BEGIN:VCARD/ : carrier === 'bracelet' ? /\/s#[2-9A-Z]{12}$/ : /\/c\/[\w-]{22}#\d+$/;
    for (const [i, link] of links.entries()) {
      await visit(link);
      assert.equal(await page.evaluate(() => document.styleSheets.length), 1, `${link} has its style`);
      if (carrier === 'sheet') await page.getByText('At the well').waitFor();
      await picture(page, `printed-${carrier}-${i}`);
      const read = await scan(await raster(await print(page), 1, 300));
      assert.ok(read.length > 0 && (carrier === 'vcard' ? read.slice(0, 1) : read).every((text) => address.test(text)), `${link}: ${read.map((text) => text.slice(0, 60))}`);
    }
  });
}

test('a tag is written, read back, and locked only after that', async () => {
  const { page } = patient;
  await visit(issued.ntag215);
  const status = page.locator('[data-nfc] [data-status]');
  const lock = page.locator('[data-nfc-lock]');
  assert.equal(await page.locator('[data-nfc-else]').count(), 0, 'there is no word about other ways where there is this one');
  assert.equal(await lock.isVisible(), false);
  await page.locator('[data-nfc-write]').click();
  await status.getByText(t('console.nfc.done')).waitFor();
  const written = await page.evaluate(() => globalThis.tag.records.map(({ recordType, lang, data }) => ({ recordType, lang, data })));
  const wanted = await page.locator('[data-nfc]').evaluate(({ dataset }) => dataset);
  assert.deepEqual(written, [{ recordType: 'url', lang: undefined, data: wanted.url }, { recordType: 'text', lang: wanted.lang, data: wanted.text }]);
  assert.ok(new URL(wanted.url).pathname.startsWith('/c/'), 'the address comes first');
  await picture(page, 'nfc-written');
  await lock.click();
  await status.getByText(t('console.nfc.locked')).waitFor();
  assert.equal(await lock.isVisible(), false);
  await page.locator('[data-nfc-write]').click();
  await status.getByText(t('console.nfc.locked_already')).waitFor();
  assert.equal(await lock.isVisible(), false);
});

for (const [fault, word] of [['NotAllowedError', 'refused'], ['NotReadableError', 'off'], ['NetworkError', 'failed'], ['other', 'differs']]) {
  test(`a tag that cannot be written says why: ${word}`, async () => {
    const { page } = patient;
    await visit(issued.ntag213);
    await page.evaluate((name) => { globalThis.tag.fault = name; }, fault);
    await page.locator('[data-nfc-write]').click();
    await page.locator('[data-nfc] [data-status].fault').getByText(t(`console.nfc.${word}`)).waitFor();
    assert.equal(await page.locator('[data-nfc-lock]').isVisible(), false);
  });
}

/** A browser with Web NFC and a tag at hand, as far as our pages use it. */
function tagReader() {
  const encoder = new TextEncoder();
  const tag = globalThis.tag = { records: [], locked: false, fault: '' };
  globalThis.NDEFReader = class extends EventTarget {
    async write({ records }, { overwrite }) {
      if (tag.locked) throw new DOMException('', 'NotSupportedError');
      if (tag.fault && tag.fault !== 'other') throw new DOMException('', tag.fault);
      if (!overwrite && tag.records.length) throw new DOMException('', 'NotAllowedError');
      tag.records = records;
    }

    async scan() {
      const records = tag.records.map(({ data, ...record }) => ({ encoding: 'utf-8', ...record, data: new DataView(encoder.encode(data).buffer) }));
      if (tag.fault === 'other') records.pop();
      setTimeout(() => this.dispatchEvent(Object.assign(new Event('reading'), { message: { records } })));
    }

    async makeReadOnly() {
      tag.locked = true;
    }
  };
}
