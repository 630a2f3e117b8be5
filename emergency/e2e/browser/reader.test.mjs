// What a stranger sees who scans a card: verified on their device, in their
// language, without a network, and in words when something is wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, desk, launch, picture } from '../harness/browser.mjs';
import { House, fixture, fragmentBytes, secretsOf, withFragment } from '../harness/house.mjs';
import { verdict } from '../harness/reader.mjs';
import { languages, rightToLeft, words } from '../harness/words.mjs';

const t = words('en');
let browser, house, adult, traveller;

before(async () => {
  browser = await launch();
  house = await House.open();
  adult = await house.issue(fixture('adult'));
  traveller = await house.issue(fixture('traveller-ja'));
});

after(async () => {
  await browser?.close();
  await house?.close();
});

async function visit(url, options) {
  const visitor = await Visitor.arrive(browser, house.base, options);
  const page = await visitor.page();
  await page.goto(url);
  return { visitor, page };
}

/** The same card with one bit of its signature changed. */
function tampered(url) {
  const bytes = fragmentBytes(url);
  bytes[bytes.length - 1] ^= 1;
  return withFragment(url, bytes);
}

for (const lang of languages) {
  test(`the front is verified and speaks ${lang}`, async () => {
    const { visitor, page } = await visit(adult.url, { locale: lang });
    const say = words(lang);
    assert.equal(await verdict(page), say('reader.state.verified.title'));
    assert.equal(await page.locator('html').getAttribute('lang'), lang);
    assert.equal(await page.locator('html').getAttribute('dir'), rightToLeft.has(lang) ? 'rtl' : 'ltr');
    await page.getByText(say('reader.signature.good'), { exact: true }).waitFor();
    await page.getByRole('heading', { name: say('section.allergies'), exact: true }).waitFor();
    await picture(page, `reader-${lang}`);
    await visitor.leave();
  });
}

test('another language is one tap away and keeps the card', async () => {
  const { visitor, page } = await visit(traveller.url);
  await verdict(page);
  const { hash } = new URL(page.url());
  await page.locator('.languages a[lang=ja]').click();
  await page.getByRole('heading', { name: words('ja')('reader.state.verified.title') }).waitFor();
  assert.equal(new URL(page.url()).hash, hash);
  await page.reload();
  assert.equal(await verdict(page), words('ja')('reader.state.verified.title'));
  await visitor.leave();
});

test('a changed card says so, and shows what it says only when asked to', async () => {
  const { visitor, page } = await visit(tampered(adult.url));
  assert.equal(await verdict(page), t('reader.state.tampered.title'));
  assert.equal(await page.getByRole('heading', { name: t('section.allergies'), exact: true }).count(), 0);
  await page.getByRole('button', { name: t('reader.reveal') }).click();
  await page.getByText(t('reader.not_verified'), { exact: true }).first().waitFor();
  await picture(page, 'reader-tampered');
  await visitor.leave();
});

test('a card of another issuer is not called verified', async () => {
  const { url } = await house.foreignCard(fixture('adult'));
  const { visitor, page } = await visit(url);
  assert.equal(await verdict(page), t('reader.state.unknown_issuer.title'));
  await picture(page, 'reader-unknown-issuer');
  await visitor.leave();
});

for (const [name, years, state] of [['expired', 4, 'expired'], ['issued in the future', -2, 'not_yet_valid']]) {
  test(`a card that is ${name} says so`, async () => {
    const visitor = await Visitor.arrive(browser, house.base);
    const page = await visitor.page();
    await page.clock.install({ time: Date.now() + years * 366 * 86_400_000 });
    await page.goto(adult.url);
    assert.equal(await verdict(page), t(`reader.state.${state}.title`));
    await picture(page, `reader-${state}`);
    await visitor.leave();
  });
}

for (const [name, change, ...states] of [
  ['cut short', (url) => url.slice(0, -40), 'damaged', 'newer'], // what is left of a number may begin with any byte
  ['with a leading zero', (url) => url.replace('#', '#0'), 'damaged'],
  ['endless', (url) => `${url}${'7'.repeat(100_000)}`, 'damaged'],
  ['of another card', (url) => url.replace(/\/c\/[\w-]+/, `/c/${'A'.repeat(22)}`), 'damaged'],
  ['without the card', (url) => url.split('#')[0], 'no_front'],
  ['of a newer format', (url) => withFragment(url, Buffer.concat([Buffer.from([2]), fragmentBytes(url).subarray(1)])), 'newer'],
]) {
  test(`an address ${name} is told apart in words`, async () => {
    const { visitor, page } = await visit(change(adult.url));
    const title = await verdict(page);
    assert.ok(states.some((state) => title === t(`reader.state.${state}.title`)), title);
    await page.getByRole('link', { name: t('reader.help.code') }).waitFor();
    await visitor.leave();
  });
}

for (const [tap, says] of [['live', 'live'], ['stale', 'unproven'], ['cloned', 'unproven'], ['unsupported', 'unsupported'], ['of a later day', 'unproven']]) {
  test(`a tap that is ${tap} is said, and takes nothing away`, async () => {
    const visitor = await Visitor.arrive(browser, house.base);
    const page = await visitor.page();
    const body = JSON.stringify({ status: 'active', checked_at: new Date().toISOString(), tap });
    await page.route('**/v1/cards/*/status', (route) => route.fulfill({ contentType: 'application/json', body }));
    await page.goto(adult.url);
    await page.locator('.banner').getByText(t(`reader.tap.${says}`)).waitFor();
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await page.getByRole('heading', { name: t('section.allergies'), exact: true }).waitFor();
    await visitor.leave();
  });
}

test('storage that never answers holds up the verdict for a moment only, and the page says what was not checked', async () => {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.addInitScript(() => { IDBFactory.prototype.open = () => ({}); });
  let answer;
  await page.route('**/v1/cards/*/status', async (route) => {
    await new Promise((resolve) => { answer = resolve; });
    await route.continue();
  });
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.goto(adult.url);
  await page.getByRole('heading', { name: t('section.allergies'), exact: true }).waitFor(); // what it says does not wait
  assert.equal(await page.locator('main h1').innerText(), t('reader.state.checking.title'));
  assert.equal(await page.locator('.banner').getByText(t('reader.list.revocations.unread')).count(), 0);
  await page.clock.runFor(700);
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  await page.locator('.banner').getByText(t('reader.list.revocations.unread')).waitFor();
  await picture(page, 'reader-lists-unread');
  answer(); // the issuer was asked, and says that the card still holds
  await page.locator('.banner').getByText(t('reader.list.revocations.unread')).waitFor({ state: 'detached' });
  assert.equal(await page.locator('main h1').innerText(), t('reader.state.verified.title'));
  await visitor.leave();
});

test('after one visit the page verifies another card with the server stopped', async () => {
  const { visitor, page } = await visit(adult.url);
  await verdict(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  assert.equal(await house.program.stop(), 0);
  try {
    await page.goto(traveller.url);
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await page.getByText(t('reader.online.offline')).waitFor();
    await picture(page, 'reader-offline');
    await page.reload();
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await page.goto(tampered(adult.url));
    assert.equal(await verdict(page), t('reader.state.tampered.title'));
  } finally {
    await house.serve();
  }
  await visitor.leave();
});

test('the part of the address after # reaches no server, log or history of requests', async () => {
  house.wire.clear();
  const { visitor, page } = await visit(adult.url, { viewport: desk });
  await verdict(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.reload();
  await verdict(page);
  await page.goto('/code');
  await page.goBack();
  await verdict(page);
  const { fragment, secret } = secretsOf(adult.url);
  const { sent } = house.wire;
  assert.ok(sent.includes(new URL(adult.url).pathname), 'the wire sees the requests');
  for (const needle of [...fragment, ...secret]) {
    assert.ok(!sent.includes(needle), 'the secret or the card was sent');
    assert.ok(!house.program.output.includes(needle), 'the secret or the card is in the server\'s log');
  }
  // A browser that looks for a newer service worker names the old one as referrer, and nothing else.
  assert.deepEqual((sent.match(/^referer:.*$/gim) ?? []).filter((line) => !line.trim().endsWith('/sw.js')), []);
  assert.deepEqual(visitor.requested.filter((url) => new URL(url).origin !== house.base && !url.startsWith('data:')), []);
  await visitor.leave();
});
