// Reading without a network after one visit: cards of this house and of those it trusts, what was withdrawn, how old that knowledge is, and the
// receipt that tells the patient later. What is signed by nobody trusted takes the place of nothing.

import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { issue } from '../foreign/issued.mjs';
import { again, issuer, trust } from '../foreign/issuer.mjs';
import { Visitor, launch, picture } from '../harness/browser.mjs';
import { House, fixture, fragmentBytes, must, secretsOf, withFragment } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { heading, verdict } from '../harness/reader.mjs';
import { beginning, words } from '../harness/words.mjs';

const t = words('en');
const day = 86_400_000;
const clinic = { name: 'Riverside Clinic', url: 'https://card.clinic.example' };
let browser, house, card, lost, theirs, clinicData;
/** The signed lists before the clinic was trusted and a card was lost. */
let early;

before(async () => {
  browser = await launch();
  house = await House.open();
  early = await published();
  clinicData = await issuer(clinic.url);
  card = await issue(house.data, 'wallet', fixture('adult'));
  lost = await issue(house.data, 'wallet', fixture('traveller-ja'));
  theirs = await issue(clinicData, 'wallet', fixture('family-ar-mother'));
  await must(['revoke', '--data', house.data, '--patient', lost.report.patient, '--card', lost.report.id]);
  await trust(house, clinicData, clinic);
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** Where the page of this house shows a card, whoever issued it. */
function here(issued) {
  const { pathname, hash } = new URL(issued.text('card.url'));
  return house.base + pathname + hash;
}

/** The lists as the house signs them now. */
async function published() {
  const text = async (path) => (await fetch(house.base + path)).text();
  return { trust: await text('/v1/trust-list'), revocations: await text('/v1/revocations') };
}

/** What a browser keeps of this house, by name. */
function kept(page) {
  return page.evaluate(async () => {
    const done = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await done(indexedDB.open('locket'));
    const store = database.transaction('kept').objectStore('kept');
    const [names, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    database.close();
    return Object.fromEntries(names.map((name, i) => [name, values[i] instanceof CryptoKey || values[i].privateKey ? 'a key' : values[i]]));
  });
}

/** Names of the receipts that wait for a network. */
const receipts = async (page) => Object.keys(await kept(page)).filter((name) => name.startsWith('receipt-'));

/** One visit with a network, to any card: page, lists and keys are kept when it returns. */
async function visit() {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(here(card));
  assert.equal(await verdict(page), t('reader.state.verified.title'));
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.getByText(beginning(t('reader.list.revocations.fresh'))).first().waitFor();
  await page.getByText(beginning(t('reader.list.trust.fresh'))).first().waitFor();
  return { visitor, page };
}

/** Does something while neither this browser nor anybody else reaches the house. */
async function withoutNetwork(visitor, act) {
  assert.equal(await house.program.stop(), 0);
  await visitor.context.setOffline(true);
  try {
    await act();
  } finally {
    await house.serve();
    await visitor.context.setOffline(false);
  }
}

const about = (page) => page.locator('section.about').innerText();

test('without a network a card of this house is verified, with the age of what that rests on', async () => {
  const { visitor, page } = await visit();
  await withoutNetwork(visitor, async () => {
    await page.goto(here(card));
    await page.reload();
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    await page.getByText(t('reader.online.offline')).waitFor();
    await page.locator('.banner').getByText(beginning(t('reader.list.revocations.fresh'))).waitFor();
    assert.ok((await about(page)).includes(beginning(t('reader.list.trust.fresh'))));
  });
  await visitor.leave();
});

test('a card of a trusted issuer is verified by the list, under the name it has there', async () => {
  const { visitor, page } = await visit();
  await withoutNetwork(visitor, async () => {
    await page.goto(here(theirs));
    assert.equal(await heading(page, t('reader.state.verified.title')), t('reader.state.verified.title'));
    const said = await about(page);
    assert.ok(said.includes(clinic.name) && said.includes('card.clinic.example'), said);
    const onward = page.getByRole('link', { name: t('reader.glass.go', { host: 'card.clinic.example' }) });
    assert.ok((await onward.getAttribute('href')).startsWith(`${clinic.url}/c/`));
    await picture(page, 'offline-trusted');
  });
  await visitor.leave();
});

/** Keeps every heading that the page shows, however briefly, under `headings`. */
function watchHeadings() {
  globalThis.headings = [];
  new MutationObserver(() => {
    const shown = document.querySelector('main h1')?.textContent;
    if (shown && shown !== globalThis.headings.at(-1)) globalThis.headings.push(shown);
  }).observe(document, { childList: true, subtree: true });
}

test('a revoked card is red without a network, and never green before', async () => {
  const { visitor, page } = await visit();
  await page.addInitScript(watchHeadings);
  await withoutNetwork(visitor, async () => {
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000); // no patience ends, however slow this machine is
    await page.goto(here(lost));
    await page.reload();
    await heading(page, t('reader.state.revoked.title'));
    const headings = await page.evaluate(() => globalThis.headings);
    assert.ok(headings.includes(t('reader.state.checking.title')), headings.join(', '));
    assert.ok(!headings.includes(t('reader.state.verified.title')), headings.join(', '));
    await page.getByText(beginning(t('reader.list.revocations.fresh'))).first().waitFor();
    await page.getByRole('heading', { name: t('section.allergies'), exact: true }).waitFor(); // marked, and readable
    await picture(page, 'offline-revoked');
  });
  await visitor.leave();
});

test('a list that has become too old is still used, and said to be too old', async () => {
  const { visitor, page } = await visit();
  await withoutNetwork(visitor, async () => {
    await page.clock.install({ time: Date.now() + 40 * day });
    await page.goto(here(card));
    assert.equal(await verdict(page), t('reader.state.verified.title'));
    for (const list of ['revocations', 'trust']) {
      await page.getByText(beginning(t(`reader.list.${list}.too_old`))).first().waitFor();
    }
    await page.goto(here(theirs));
    await heading(page, t('reader.state.verified.title'));
    await page.goto(here(lost));
    await heading(page, t('reader.state.revoked.title'));
    await picture(page, 'offline-too-old');
  });
  await visitor.leave();
});

test('an issuer that is taken off the list is not believed any more, once there is a network', async () => {
  const { visitor, page } = await visit();
  await must(['trust', 'remove', '--data', house.data, 'card.clinic.example']);
  await again(house);
  try {
    await page.goto(here(theirs));
    await heading(page, t('reader.state.verified.title')); // by the list of before, which a browser keeps for five minutes
    const { visitor: next, page: later } = await visit();
    await later.goto(here(theirs));
    await heading(later, t('reader.state.unknown_issuer.title'));
    await next.leave();
  } finally {
    await trust(house, clinicData, clinic);
  }
  await visitor.leave();
});

test('a reading without a network is told to the patient later, once', async () => {
  const patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.makeRecovery();
  const { address } = await patient.issueCard();

  const { visitor, page } = await visit();
  let lostAnswer;
  await withoutNetwork(visitor, async () => {
    await page.goto(address);
    await heading(page, t('reader.state.verified.title'));
    await page.getByText(t('reader.receipt.kept')).waitFor();
    await page.reload();
    await heading(page, t('reader.state.verified.title'));
    await page.getByText(t('reader.online.offline')).waitFor();
    assert.equal((await receipts(page)).length, 1, 'a page that is loaded again is no other reading');
    await picture(page, 'offline-receipt');
    house.wire.clear();
    lostAnswer = new Promise((resolve) => {
      page.route('**/v1/receipts', async (route) => {
        resolve(await (await route.fetch()).json());
        await route.abort();
      }, { times: 1 });
    });
  });
  assert.deepEqual(await lostAnswer, { results: ['accepted'] });
  assert.equal((await receipts(page)).length, 1, 'without an answer it is kept');
  const known = page.waitForResponse('**/v1/receipts');
  await page.reload();
  assert.deepEqual(await (await known).json(), { results: ['known'] });
  await verdict(page);
  for (const needle of Object.values(secretsOf(address)).flat()) assert.ok(!house.wire.sent.includes(needle), 'the secret or the card was sent');
  await visitor.leave();

  const said = (await patient.whoLooked()).filter(({ title }) => title === t('log.card.read_offline'));
  assert.equal(said.length, 1);
  assert.ok(said[0].text.includes(t('fact.read_at')), said[0].text);
  await picture(patient.page, 'offline-reported');
  await patient.leave();
});

test('nothing is reported of cards that nobody here has issued', async () => {
  const { visitor, page } = await visit();
  const changed = fragmentBytes(here(card));
  changed[changed.length - 1] ^= 1;
  await withoutNetwork(visitor, async () => {
    await page.goto(withFragment(here(card), changed));
    await heading(page, t('reader.state.tampered.title'));
    await page.goto(here(theirs));
    await heading(page, t('reader.state.verified.title'));
    await page.getByText(beginning(t('reader.online.foreign'))).waitFor();
    assert.deepEqual(await receipts(page), []);
  });
  await visitor.leave();
});

/** A compact JWS. */
function jws(header, payload, signature) {
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${signature(Buffer.from(signed)).toString('base64url')}`;
}

/** Header and payload of a compact JWS. */
const parts = (text) => text.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));

test('a list that nobody trusted has signed, or an old one, never takes the place of a good one', async () => {
  const evil = await issuer('https://evil.example');
  const forged = await issue(evil, 'wallet', fixture('adult'));
  const evilKeys = JSON.parse(await must(['keys', 'show', '--data', evil])).keys;
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const byStranger = (signed) => sign('sha256', signed, { key: stranger, dsaEncoding: 'ieee-p1363' });

  const good = await published();
  const [trustHeader, trusted] = parts(good.trust);
  const more = { ...trusted, issuers: [...trusted.issuers, { iss: 'evil.example', name: 'Evil', url: 'https://evil.example', keys: evilKeys }] };
  const own = trusted.issuers[0].keys[0];
  const [revokedHeader, revoked] = parts(good.revocations);
  const none = { ...revoked, count: 0, sha256: createHash('sha256').digest('base64url') };
  const keptSignature = (text) => () => Buffer.from(text.split('.')[2], 'base64url');
  const both = (how) => [how(trustHeader, more, good.trust), how(revokedHeader, none, good.revocations)];
  const bad = {
    'of a stranger': both((header, list) => jws(header, list, byStranger)),
    'changed after it was signed': both((header, list, text) => jws(header, list, keptSignature(text))),
    'without a signature': both((header, list) => jws({ ...header, alg: 'none' }, list, () => Buffer.alloc(0))),
    'under the public key as if it were a secret': both((header, list) =>
      jws({ ...header, alg: 'HS256' }, list, (signed) => createHmac('sha256', JSON.stringify(own)).update(signed).digest())),
    'with a key of its own in the header': both((header, list) => jws({ ...header, jwk: evilKeys[0] }, list, byStranger)),
    'with a header that must be understood': both((header, list) => jws({ ...header, crit: ['b64'], b64: true }, list, byStranger)),
    'of a day before': [early.trust, early.revocations],
    'of the other kind': [good.revocations, good.trust],
    'without end': ['A'.repeat(3 << 20), 'A'.repeat(3 << 20)],
    'that is a page': ['<!doctype html><title>Sign in to this network</title>', '<!doctype html>'],
  };

  const { visitor, page } = await visit();
  let now;
  await page.route('**/v1/trust-list', (route) => route.fulfill({ contentType: 'application/jose', body: now[0] }));
  await page.route('**/v1/revocations', (route) => route.fulfill({ contentType: 'application/jose', body: now[1] }));
  for (const [name, lists] of Object.entries(bad)) {
    now = lists;
    const asked = page.waitForResponse('**/v1/revocations');
    await page.goto(here(forged));
    await page.reload();
    await asked;
    await heading(page, t('reader.state.unknown_issuer.title'));
    assert.ok((await about(page)).includes(beginning(t('reader.list.trust.fresh'))), name);
    const { 'trust-list': followed, revocations } = await kept(page);
    assert.deepEqual(followed.issuers.map(({ iss }) => iss), ['localhost', 'card.clinic.example'], name);
    assert.equal(revocations.head.count, 1, name);
  }
  await withoutNetwork(visitor, async () => {
    await page.goto(here(lost));
    await heading(page, t('reader.state.revoked.title'));
    await page.goto(here(theirs));
    await heading(page, t('reader.state.verified.title'));
  });
  await visitor.leave();
});

test('a fragment of a million digits is a damaged card', async () => {
  const { visitor, page } = await visit();
  await page.goto(`${here(card)}${'7'.repeat(1_000_000)}`);
  await heading(page, t('reader.state.damaged.title'));
  await visitor.leave();
});
