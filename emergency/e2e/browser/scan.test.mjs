// The scanner page: by camera, by picture, without a network. It goes to cards on its own origin, names everything else, and follows nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { issue } from '../foreign/issued.mjs';
import { issuer, trust } from '../foreign/issuer.mjs';
import { codeOf, film } from '../foreign/pictures.mjs';
import { Visitor, accessibility, launch, narrow, picture, scrollsSideways, smallTargets } from '../harness/browser.mjs';
import { House, fixture } from '../harness/house.mjs';
import { verdict } from '../harness/reader.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
const fakeCamera = '--use-fake-device-for-media-stream';
let browser, house, card;

before(async () => {
  browser = await launch([], { whole: true });
  house = await House.open();
  card = await issue(house.data, 'wallet', fixture('adult'));
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** Goes to the scanner with a browser that has no detector of its own. */
async function scanner(options, from = browser, prepare = () => {}) {
  const visitor = await Visitor.arrive(from, house.base, options);
  await visitor.context.addInitScript(() => { delete globalThis.BarcodeDetector; });
  await visitor.context.addInitScript(prepare);
  const page = await visitor.page();
  await page.goto('/scan');
  return { visitor, page };
}

/** Gives the page a picture, once it can take one. */
async function give(page, path) {
  await page.locator('#start').waitFor();
  await page.locator('#file').setInputFiles(path);
}

/** Gives the page a picture; returns what it says that it is. */
async function show(page, path) {
  await give(page, path);
  return page.locator('#found h2').innerText();
}

/** Waits until the page has kept itself and the decoder for the day without a network. */
async function kept(page) {
  await page.evaluate(async () => {
    while (!await caches.match('/scan')) await new Promise((resolve) => setTimeout(resolve, 20)); // it is kept last
  });
}

test('the policy of this page alone lets WebAssembly and the camera in', async () => {
  const headers = async (path) => {
    const answer = await fetch(house.base + path);
    return [answer.headers.get('content-security-policy') ?? '', answer.headers.get('permissions-policy') ?? ''];
  };
  const [policy, permissions] = await headers('/scan');
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(permissions, /camera=\(self\)/);
  assert.doesNotMatch(policy, /'unsafe-(eval|inline)'|\*|https?:/);
  for (const path of ['/', '/s', '/code', '/signin', new URL(card.text('card.url')).pathname, '/static/no-such-file', '/nowhere']) {
    const [other, rest] = await headers(path);
    assert.doesNotMatch(other, /wasm|unsafe/, path);
    assert.doesNotMatch(rest, /camera=\((self|\*)/, path);
  }
});

test('a card held before the camera is read', async () => {
  const seen = film(card.path('card.png'));
  const withCamera = await launch([fakeCamera, '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${seen}`], { whole: true });
  try {
    const { visitor, page } = await scanner({ permissions: ['camera'] }, withCamera);
    await page.waitForURL(/\/c\//); // the camera was allowed already, so nothing has to be pressed
    assert.equal(page.url(), card.text('card.url'));
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await visitor.leave();
  } finally {
    await withCamera.close();
  }
});

test('a camera that is not allowed is said, and the other ways stay', async () => {
  const withCamera = await launch([fakeCamera, '--deny-permission-prompts'], { whole: true });
  try {
    const { visitor, page } = await scanner({}, withCamera);
    await page.getByRole('button', { name: t('scan.camera.start') }).click();
    await page.getByText(t('scan.camera.refused')).waitFor();
    assert.equal(await show(page, await codeOf('a note')), t('scan.text.title'));
    await visitor.leave();
  } finally {
    await withCamera.close();
  }
});

/** Lets the permission of the camera wait for `allow()`, and keeps the streams that were given. */
function slowPermission() {
  const { mediaDevices } = navigator;
  if (!mediaDevices) return; // the empty page before
  globalThis.asked = 0;
  globalThis.streams = [];
  const allowed = new Promise((resolve) => { globalThis.allow = resolve; });
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wanted) => {
    globalThis.asked++;
    await allowed;
    const stream = await getUserMedia(wanted);
    globalThis.streams.push(stream);
    return stream;
  };
}

/** Says to the page that its tab was left, or that somebody is back. */
function turn(hidden) {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

test('the camera is asked for once, and runs only while somebody looks at the page', async () => {
  const withCamera = await launch([fakeCamera, '--use-fake-ui-for-media-stream'], { whole: true });
  const running = () => globalThis.streams.filter((stream) => stream.getTracks().some(({ readyState }) => readyState === 'live')).length;
  try {
    const { visitor, page } = await scanner({}, withCamera, slowPermission);
    const button = page.getByRole('button', { name: t('scan.camera.start') });
    await button.click();
    await button.click();
    await page.getByText(t('scan.starting')).waitFor();
    assert.equal(await page.evaluate(() => globalThis.asked), 1);
    await page.evaluate(turn, true);
    await page.evaluate(() => globalThis.allow());
    await page.waitForFunction(() => globalThis.streams.length === 1 && globalThis.streams[0].getTracks().every(({ readyState }) => readyState === 'ended'));
    assert.equal(await page.locator('#heard').innerText(), '');

    await page.evaluate(turn, false);
    await button.click();
    await page.getByText(t('scan.looking')).waitFor();
    assert.equal(await page.evaluate(running), 1);
    await page.getByRole('button', { name: t('scan.camera.stop') }).waitFor();
    await page.evaluate(turn, true);
    assert.equal(await page.evaluate(running), 0);
    await button.waitFor();
    await visitor.leave();
  } finally {
    await withCamera.close();
  }
});

test('a photograph of a card is read', async () => {
  const { visitor, page } = await scanner();
  await give(page, card.path('card.png'));
  await page.waitForURL(/\/c\//);
  assert.equal(page.url(), card.text('card.url'));
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  await visitor.leave();
});

test('a bracelet leads to its card by its short code', async () => {
  const bracelet = await issue(house.data, 'bracelet', fixture('adult'));
  const { visitor, page } = await scanner();
  await give(page, bracelet.path('card.png'));
  await page.waitForURL(/\/c\//);
  assert.equal(new URL(page.url()).pathname, `/c/${bracelet.report.id}`);
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  await visitor.leave();
});

test('a card of another house is read here, and not called verified', async () => {
  const stranger = await issue(await issuer('https://evil.example'), 'wallet', fixture('traveller-ja'));
  const { visitor, page } = await scanner();
  await give(page, stranger.path('card.png'));
  await page.waitForURL(/\/c\//);
  assert.equal(new URL(page.url()).origin, house.base);
  assert.equal(await verdict(page), t('reader.state.unknown_issuer.title'));
  await visitor.leave();
});

test('health cards and contacts are named for what they are', async () => {
  const { visitor, page } = await scanner();
  for (const [carrier, kind] of [['shc', 'health_card'], ['vcard', 'contact']]) {
    const other = await issue(house.data, carrier, fixture('adult'));
    assert.equal(await show(page, other.path('card.png')), t(`scan.${kind}.title`));
    await picture(page, `scan-${kind}`);
    assert.equal(new URL(page.url()).pathname, '/scan');
  }
  assert.ok((await page.locator('#found').innerText()).includes('+447700900456'), 'whom to call');
  await visitor.leave();
});

test('a health link is named, with who made it once they are trusted', async () => {
  const url = 'https://card.clinic.example';
  const clinic = await issuer(url);
  const link = await issue(clinic, 'shl', fixture('adult'));
  const said = async () => {
    const { visitor, page } = await scanner();
    await kept(page);
    assert.equal(await show(page, link.path('card.png')), t('scan.health_link.title'));
    await picture(page, 'scan-health_link');
    const text = await page.locator('#found').innerText();
    await visitor.leave();
    assert.ok(text.includes(new URL(url).host) && text.includes(t('scan.health_link.passcode')), text);
    return text;
  };
  assert.ok((await said()).includes(t('scan.health_link.unsigned')));
  await trust(house, clinic, { name: 'Riverside Clinic', url });
  assert.ok((await said()).includes(t('scan.health_link.signed', { issuer: 'Riverside Clinic' })));
});

const ID = 'A'.repeat(22);
for (const [name, text, kind, says] of [
  ['a script', 'javascript:alert(document.domain)', 'action', 'javascript'],
  ['a script in other letters', 'JaVaScRiPt:alert(1)//https://localhost/c/', 'action', 'javascript'],
  ['a document of its own', 'data:text/html,<script>alert(1)</script>', 'action', 'data'],
  ['a mail to write', 'mailto:a@example.org?body=hello', 'action', 'mailto'],
  ['a network to join', 'WIFI:T:WPA;S:free;P:12345678;;', null, ''],
  ['markup', '<img src=x onerror=alert(1)>', 'text', '<img src=x onerror=alert(1)>'],
  ['a link', 'https://evil.example/c', 'link', 'evil.example'],
  ['a link to a path that looks like ours', `https://evil.example/c/${ID}`, 'link', 'evil.example'],
  ['a link without TLS', `http://evil.example/c/${ID}#1`, 'link', t('scan.link.plain')],
  ['a host in letters of another alphabet', 'https://lосket.example/c/x', 'link', t('scan.link.letters')],
  ['a host behind a user', `https://localhost@evil.example/c/${ID}#1`, 'link', t('scan.link.user')],
  ['an address that sends on', 'https://localhost/redirect?to=https://evil.example', 'link', 'localhost'],
  ['a telephone number', 'tel:+447700900123', 'phone', '+447700900123'],
  ['a link for hospitals that is cut short', 'shlink:/eyJ1cmwiOiJodHRwcz', 'health_link', t('scan.health_link.damaged')],
]) {
  test(`${name} is named and not followed`, async () => {
    const { visitor, page } = await scanner();
    const title = await show(page, await codeOf(text));
    if (kind) assert.equal(title, t(`scan.${kind}.title`));
    const said = await page.locator('#found').innerText();
    assert.ok(said.includes(says), said);
    assert.equal(new URL(page.url()).pathname, '/scan');
    const hrefs = await page.locator('#found a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.deepEqual(hrefs.filter((href) => !/^(https?:\/\/|tel:\+?\d)/.test(href)), []);
    await visitor.leave(); // and nobody else was asked
  });
}

test('it works without a network after one visit', async () => {
  const { visitor, page } = await scanner();
  await kept(page);
  assert.equal(await house.program.stop(), 0);
  try {
    await visitor.context.setOffline(true);
    await page.goto('/scan');
    assert.equal(await show(page, await codeOf('javascript:alert(1)')), t('scan.action.title'));
    await give(page, card.path('card.png'));
    await page.waitForURL(/\/c\//);
    assert.equal(await verdict(page), t('reader.state.verified.title'));
  } finally {
    await house.serve();
  }
  await visitor.leave();
});

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['right to left', { colorScheme: 'light', locale: 'ar' }],
]) {
  test(`nothing is in anybody’s way, ${name}`, async () => {
    const { visitor, page } = await scanner({ ...options, viewport: narrow });
    await page.locator(`html[dir=${options.locale ? 'rtl' : 'ltr'}]`).waitFor();
    const found = [];
    const look = async (view) => {
      const barriers = [...await accessibility(page), ...await smallTargets(page)];
      if (await scrollsSideways(page)) barriers.push('the page scrolls sideways');
      found.push(...barriers.map((line) => `${view}: ${line}`));
      await picture(page, `scan-${view}-${name.replaceAll(' ', '-')}`);
    };
    await look('page');
    await show(page, await codeOf('https://lосket.example/somewhere'));
    await look('link');
    await show(page, (await issue(house.data, 'vcard', fixture('family-ar-mother'))).path('card.png'));
    await look('contact');
    assert.deepEqual(found, []);
    await visitor.leave();
  });
}
