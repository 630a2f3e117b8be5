// Everything that is printed or shown on a screen: Chromium's PDF with the dots of a card printer, the pictures and the lock screens, read by two
// decoders to the exact text.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { launch } from '../harness/browser.mjs';
import { fixture } from '../harness/house.mjs';
import { directory } from '../harness/locket.mjs';
import { pages, print, raster, words } from '../harness/paper.mjs';
import { decode } from './decoders.mjs';
import { issue } from './issued.mjs';
import { issuer } from './issuer.mjs';

const card = { width: 85.6, height: 54, pages: 2 };
const a4 = { width: 210, height: 297, pages: 1 };
const family = ['mother', 'father', 'daughter', 'grandfather'];
const dpi = 300;

const shortCode = ({ report }) => [report.short_code];
const tag = (issued) => [issued.text('card.url').split('#')[0], `${issued.report.tag.message} / ${issued.report.tag.room}`];

/** The pages of each carrier: on what, how many codes there are, and words that have to be readable. */
const printed = [
  ['wallet', 'card.html', card, 1, shortCode],
  ['wallet', 'card-contrast.html', card, 1, shortCode],
  ['wallet', 'card-large.html', { ...a4, pages: 2 }, 1, shortCode],
  ['sheet', 'sheet.html', a4, 1, shortCode],
  ['sticker', 'stickers.html', a4, 12, shortCode],
  ['sticker', 'labels.html', a4, 6, shortCode],
  ['bracelet', 'bracelet.html', a4, 4, shortCode],
  ['vcard', 'card.html', a4, 1, (issued) => [...issued.text('card.vcf').matchAll(/^TEL:(.*)\r$/gm)].map(([, number]) => number)],
  ['ntag213', 'tag.html', a4, 0, tag],
  ['ntag215', 'tag.html', a4, 0, tag],
  ['ntag216', 'tag.html', a4, 0, tag],
  ['ntag424', 'settings.html', a4, 0, (issued) => {
    const { url, file, change_file_settings: settings, keys } = issued.json('settings.json');
    return [url, file, settings, ...Object.values(keys)];
  }],
];

/** What the code of a carrier says. */
function said(issued) {
  const [name] = issued.names.filter((each) => ['card.url', 'card.vcf', 'card.shlink'].includes(each));
  return issued.text(name);
}

/** A text without the spaces and line breaks that paper needs. */
const squeezed = (text) => text.replace(/\s/g, '');

/** Both decoders find these texts and no others. */
async function assertReads(picture, texts) {
  for (const [decoder, found] of Object.entries(await decode(picture))) assert.deepEqual(found, [...texts].sort(), decoder);
}

describe('paper and screens', () => {
  let browser, page, data;

  before(async () => {
    browser = await launch([], { whole: true });
    page = await (await browser.newContext({ deviceScaleFactor: dpi / 96 })).newPage();
    data = await issuer();
  });

  after(() => browser?.close());

  /** Prints a page; returns the PDF after a look at its paper. */
  async function onPaper(path, { width, height, pages: count }) {
    await page.goto(pathToFileURL(path).href);
    const pdf = await print(page);
    const sizes = await pages(pdf);
    assert.equal(sizes.length, count, 'pages');
    for (const size of sizes) {
      assert.ok(Math.abs(size.width - width) < 0.3 && Math.abs(size.height - height) < 0.3, `${size.width} x ${size.height} mm`);
    }
    return pdf;
  }

  /** The texts of all pages of a PDF, by each decoder. */
  async function read(pdf, count) {
    const found = {};
    for (let number = 1; number <= count; number++) {
      for (const [decoder, texts] of Object.entries(await decode(await raster(pdf, number, dpi)))) (found[decoder] ??= []).push(...texts);
    }
    return Object.entries(found);
  }

  for (const [carrier, file, paper, codes, readable] of printed) {
    test(`${carrier}: ${file} fits ${paper.width} x ${paper.height} mm, and all codes on it (${codes}) are read`, async () => {
      const issued = await issue(data, carrier, fixture('adult'));
      const pdf = await onPaper(issued.path(file), paper);
      assert.equal(await page.locator('svg[role=img]').count(), codes, 'another number of codes');
      for (const [decoder, texts] of await read(pdf, paper.pages)) {
        assert.deepEqual(texts, Array(codes).fill(codes > 0 && said(issued)), decoder);
      }
      const text = squeezed(await words(pdf));
      for (const word of readable(issued)) assert.ok(text.includes(squeezed(word)), `${word} is not on the paper`);
    });
  }

  test('sheet: a household has one page, with the code of each of them', async () => {
    const household = directory();
    for (const name of family) copyFileSync(fixture(`family-ar-${name}`), join(household, `${name}.json`));
    const sheet = await issue(data, 'sheet', household);
    const pdf = await onPaper(sheet.path('sheet.html'), a4);
    const addresses = family.map((name) => sheet.text(`${name}/card.url`)).sort();
    for (const [decoder, texts] of await read(pdf, 1)) assert.deepEqual(texts.sort(), addresses, decoder);
  });

  for (const carrier of ['wallet', 'sheet', 'sticker', 'bracelet', 'vcard', 'shl']) {
    test(`${carrier}: the pictures say the same`, async () => {
      const issued = await issue(data, carrier, fixture('adult'));
      await assertReads(issued.path('card.png'), [said(issued)]);
      await page.goto(pathToFileURL(issued.path('card.svg')).href);
      const drawn = join(directory(), 'drawn.png');
      await page.screenshot({ path: drawn });
      await assertReads(drawn, [said(issued)]);
    });
  }

  for (const person of ['traveller-ja', 'family-ar-mother']) {
    test(`vcard: the words of ${person} arrive as they were written`, async () => {
      const contact = await issue(data, 'vcard', fixture(person));
      await assertReads(contact.path('card.png'), [contact.text('card.vcf')]);
      assert.match(contact.text('card.vcf'), /[\u0600-\u06ff\u3040-\u9fff]/);
    });
  }

  test('wallpaper: the code of every lock screen is read', async () => {
    const issued = await issue(data, 'wallpaper', fixture('adult'));
    const screens = issued.names.filter((name) => name.endsWith('.png'));
    assert.ok(screens.length >= 3, screens.join());
    for (const screen of screens) await assertReads(issued.path(screen), [issued.text('card.url')]);
  });
});
