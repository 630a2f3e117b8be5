// Breaking the glass: what opens, for how long, what is refused, and what the
// patient sees of it afterwards.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Chip } from '../foreign/chip.mjs';
import { decode } from '../foreign/decoders.mjs';
import { Visitor, accessibility, artifacts, launch, picture } from '../harness/browser.mjs';
import { House, fixture, must, secretsOf } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { breakGlass, heading, verdict } from '../harness/reader.mjs';
import { beginning, words } from '../harness/words.mjs';

const t = words('en');
let browser, house, patient, card;

before(async () => {
  browser = await launch();
  house = await House.open();
  patient = await Patient.signUp(browser, house.base);
  await patient.addPerson();
  await patient.importDocument(fixture('adult'));
  await patient.write('mental_health', { concept: 'A sensitive line' });
  await patient.write('private_notes', { concept: 'A line of the floor' });
  await patient.makeRecovery();
  card = await patient.issueCard();
});

after(async () => {
  await patient?.leave();
  await browser?.close();
  await house?.close();
});

async function scanned(address = card.address) {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(address);
  await verdict(page);
  return { visitor, page };
}

/** The tag of the patient's card that proves itself at every tap, written as the page of that card says. */
async function tagOf() {
  const { page } = patient;
  await page.goto(`${patient.person}/cards/new?carrier=ntag424`);
  await page.locator('[name=label]').fill('Tag');
  await patient.press('form[action$="/cards/preview"] button');
  await patient.press('form[action$="/cards"] button');
  await page.waitForURL(/\/cards\/[\w-]{22}/);
  return new Chip(await page.evaluate(async (path) => (await fetch(`${path}/files/settings.json`)).json(), new URL(page.url()).pathname));
}

/** Approves the preset Open, changed so that whoever has no badge must tap the card. */
async function askForTap() {
  const { page } = patient;
  await page.goto(`${patient.person}/rules`);
  await page.locator('input[name=preset][value=open]').check();
  await patient.press('form[action$="/simulate"] button');
  await page.locator('form[data-approve]').evaluate((form) => {
    const policy = JSON.parse(form.dataset.body);
    policy.rules.find(({ id }) => id === 'anyone').proof.push('tap');
    form.dataset.body = JSON.stringify(policy);
  });
  await patient.press('form[data-approve] button');
  await page.waitForURL(/\/rules/);
}

test('who and why, then what the rules grant, for a time that is shown', async () => {
  house.wire.clear();
  const { visitor, page } = await scanned();
  assert.equal(await breakGlass(page, { name: 'Robin Rescue', role: 'paramedic', reason: 'unconscious' }), t('glass.opened.title'));
  assert.match(await page.locator('#time-left').innerText(), new RegExp(`^${beginning(t('glass.opened.left'))}`));
  await page.getByText(beginning(t('glass.opened.entry'))).waitFor();
  await page.getByRole('heading', { name: t('section.medications'), exact: true }).waitFor();
  await picture(page, 'glass-opened');
  const body = await page.locator('main').innerText();
  assert.ok(!body.includes('A sensitive line') && !body.includes('A line of the floor'));

  // The secret left the phone for this request and for no other.
  const { secret, fragment } = secretsOf(card.address);
  assert.equal(house.wire.sent.split(secret[0]).length - 1, 1);
  for (const needle of fragment) assert.ok(!house.wire.sent.includes(needle));
  for (const needle of secret) assert.ok(!house.program.output.includes(needle));

  // A reload within the time costs one tap and no new reasons.
  await page.reload();
  await verdict(page);
  await page.getByRole('button', { name: t('reader.glass.resume') }).click();
  await heading(page, t('glass.opened.title'));
  await page.getByRole('button', { name: t('glass.opened.close') }).click();
  await heading(page, t('glass.ended.title'));
  assert.ok(!(await page.locator('main').innerText()).includes(t('section.medications')));
  await visitor.leave();
});

test('what was opened is gone from the screen when the time is over', async () => {
  const { visitor, page } = await scanned();
  await page.clock.install();
  await page.reload();
  await verdict(page);
  assert.equal(await breakGlass(page, { role: 'bystander' }), t('glass.opened.title'));
  await page.clock.fastForward('40:00:00:00'.slice(0, 8));
  await heading(page, t('glass.ended.title'));
  await visitor.leave();
});

test('a reason is asked for, and says which one is missing', async () => {
  const { visitor, page } = await scanned();
  await page.getByRole('button', { name: t('reader.glass.open'), exact: true }).click();
  await page.getByRole('button', { name: t('glass.stop.continue'), exact: true }).click();
  await page.getByRole('button', { name: t('glass.next'), exact: true }).click();
  await heading(page, t('glass.why.title'));
  await page.getByRole('button', { name: t('glass.next'), exact: true }).click();
  await page.getByRole('alert').getByText(t('glass.error.reason')).waitFor();
  await page.goBack();
  await heading(page, t('glass.who.title'));
  await visitor.leave();
});

test('the second step is offered to everybody and never opens the floor', async () => {
  const { visitor, page } = await scanned();
  await breakGlass(page, { role: 'doctor' });
  await breakGlass(page, { step: 'sensitive', reason: 'threat_to_life' });
  await picture(page, 'glass-second-step');
  assert.ok(!(await page.locator('main').innerText()).includes('A line of the floor'));
  await visitor.leave();
});

test('without a connection nothing opens, and the front stays readable', async () => {
  const { visitor, page } = await scanned();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await visitor.context.setOffline(true);
  assert.equal(await breakGlass(page), t('glass.refused.offline.title'));
  await page.getByText(t('glass.refused.front')).waitFor();
  await page.getByRole('button', { name: t('glass.to_card') }).click();
  await heading(page, t('reader.state.verified.title'), t('reader.state.no_keys.title'));
  await visitor.leave();
});

for (const [status, kind, headers] of [[403, 'refused'], [404, 'no_card'], [429, 'slow_down', { 'retry-after': '30' }], [503, 'unavailable'], [500, 'failed']]) {
  test(`an answer ${status} says what the responder can do now`, async () => {
    const { visitor, page } = await scanned();
    const now = 'Call the number on the back of the card.';
    await page.route('**/v1/cards/*/open*', (route) => route.fulfill({
      status, headers, contentType: 'application/problem+json', body: JSON.stringify({ status, code: kind, actions: [{ key: 'x', text: now }] }),
    }));
    assert.equal(await breakGlass(page), t(`glass.refused.${kind}.title`));
    await page.getByText(t('glass.refused.front')).waitFor();
    if (status === 403) await page.getByText(now).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await picture(page, `glass-${status}`);
    await page.getByRole('button', { name: t('glass.to_card') }).click();
    await heading(page, t('reader.state.verified.title'));
    await visitor.leave();
  });
}

for (const preset of ['open', 'private', 'balanced']) {
  test(`the preset ${preset} is chosen with a fresh passkey, after seeing what it means`, async () => {
    await patient.choose(preset);
    await patient.page.getByText(t(`preset.${preset}`)).first().waitFor();
    await picture(patient.page, `rules-${preset}`);
  });
}

test('under Private a stranger gets what keeps one alive and no more; the rest waits, can be taken back, and is declined by the patient', async () => {
  await patient.choose('private');
  const { visitor, page } = await scanned();
  const askForMore = () => breakGlass(page, { step: 'sensitive', reason: 'other', reasonText: 'I would like to know more' });
  assert.equal(await breakGlass(page, { role: 'bystander' }), t('glass.opened.title'));
  assert.equal(await page.getByRole('heading', { name: t('section.medications'), exact: true }).count(), 0);
  assert.equal(await askForMore(), t('glass.opened.title'));
  assert.equal(await page.getByRole('heading', { name: t('section.medications'), exact: true }).count(), 0);
  await page.getByRole('heading', { name: t('glass.wait.waiting.title') }).waitFor();
  await page.locator('#wait-left').waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'glass-private');
  assert.ok(!(await page.locator('main').innerText()).includes('A sensitive line'));

  await page.getByRole('button', { name: t('glass.wait.withdraw') }).click();
  await page.getByRole('heading', { name: t('glass.wait.withdrawn.title') }).waitFor();
  await askForMore();

  // After a reload it is followed again, and the patient's no is heard without a touch.
  await page.reload();
  await verdict(page);
  await page.getByRole('button', { name: t('reader.glass.waits') }).click();
  await heading(page, t('glass.wait.waiting.title'));
  await page.getByText('I would like to know more').waitFor();
  await picture(page, 'glass-waiting');
  await patient.page.goto(patient.person);
  await patient.press('form[action*="/requests/"] button');
  await heading(page, t('glass.wait.vetoed.title'));
  assert.equal(await page.locator('#heard').textContent(), t('glass.wait.vetoed.title'));
  await visitor.leave();
});

test('the responder and the family talk, and the patient ends it', async () => {
  const { visitor, page } = await scanned();
  await visitor.context.grantPermissions(['geolocation']);
  await visitor.context.setGeolocation({ latitude: 51.50735, longitude: -0.12776 });
  await breakGlass(page, { name: 'Robin Rescue', reason: 'unconscious' });
  const press = (key) => page.getByRole('button', { name: t(key), exact: true }).click();
  await press('glass.talk.open');
  await heading(page, t('glass.talk.title'));
  await page.locator('#text').fill('Where are her tablets?');
  await press('glass.talk.send');
  await page.locator('#talk-list').getByText('Where are her tablets?').waitFor();
  await press('glass.talk.ask.hospital');
  await page.locator('#hospital').fill('General Hospital');
  await press('glass.talk.send');
  await heading(page, t('glass.talk.title'));
  await press('glass.talk.ask.location');
  await press('glass.talk.where.find');
  await page.getByText('51.5074, -0.1278').waitFor();
  assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/send')).length), 2, 'seen before it is sent');
  await press('glass.talk.send');
  await page.locator('#talk-list').getByText('51.5074, -0.1278').waitFor();
  assert.deepEqual(await accessibility(page), []);

  // The patient reads it, answers, and ends it. The page hears both by itself, while something is being written on it.
  await patient.page.goto(`${patient.person}/log`);
  const link = await patient.page.locator('a[href*="/grants/"]').first().getAttribute('href');
  await patient.page.goto(link.replace(/\/review$/, ''));
  await patient.page.getByText('General Hospital').waitFor();
  const answer = async (text) => {
    await patient.page.locator('form[action$="/send"] [name=text]').fill(text);
    await patient.press('form[action$="/send"] button');
  };
  await page.locator('#text').fill('Is she');
  await answer('She had insulin at noon');
  await page.locator('#talk-list').getByText('She had insulin at noon').waitFor();
  assert.equal(await page.locator('#text').inputValue(), 'Is she');
  assert.match(await page.locator('#heard').textContent(), /She had insulin at noon/);
  await picture(page, 'glass-talk');
  await press('glass.back');
  await heading(page, t('glass.opened.title'));
  await answer('Her glasses are in her bag');
  await page.getByRole('button', { name: 'Her glasses are in her bag' }).waitFor(); // at the edge of the screen, wherever one reads
  await picture(page, 'glass-news', { fullPage: false });
  await patient.page.locator('form[action$="/end"] button').first().click();
  await heading(page, t('glass.ended.title'));
  await page.getByText(t('glass.ended.closed')).waitFor();
  await picture(page, 'glass-ended-by-patient');
  await visitor.leave();
});

test('a handover is one tap: a text to print and copy, a note in it, and a code that can be read from the dark screen', async () => {
  const { visitor, page } = await scanned();
  await page.emulateMedia({ colorScheme: 'dark' });
  await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await breakGlass(page, { name: 'Robin Rescue', reason: 'unconscious' });
  const press = (key) => page.getByRole('button', { name: t(key), exact: true }).click();
  await press('glass.handover.open');
  await heading(page, t('glass.handover.heading'));
  await page.locator('.passcode').waitFor();
  await page.locator('#topic-last').check();
  await page.locator('#note').fill('toast at eight');
  await press('glass.note.add');
  const text = page.locator('#handover-text');
  await text.getByText('toast at eight').waitFor();
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'glass-handover-dark');
  await press('glass.handover.copy');
  await page.getByText(t('glass.handover.copied')).waitFor();
  const copied = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  assert.ok(copied.length <= 24 && copied.length === await text.locator('p, h2').count());

  // The code is read from the picture of the screen, and opens nothing without its passcode.
  const shot = join(artifacts, 'glass-handover-code.png');
  await page.locator('img.code').screenshot({ path: shot });
  for (const [reader, texts] of Object.entries(await decode(shot))) assert.match(texts.join(), /^shlink:\/[\w-]+$/, reader);
  await page.emulateMedia({ media: 'print' });
  await picture(page, 'glass-handover-on-paper');
  await visitor.leave();
});

test('a badge says who opens, can be left off, and is not called counted when it does not count', async () => {
  const { visitor, page } = await scanned();
  await page.evaluate(() => localStorage.setItem('locket-badge', JSON.stringify({
    token: 'e30.e30.AA', organization: 'Harbour Rescue', kind: 'ems', name: 'Robin Rescue', until: new Date(Date.now() + 600_000).toISOString(),
  })));
  const press = (key, values) => page.getByRole('button', { name: t(key, values), exact: true }).click();
  await press('reader.glass.open');
  await press('glass.stop.continue');
  await heading(page, t('glass.badge.title'));
  assert.deepEqual(await accessibility(page), []);
  await picture(page, 'glass-badge');
  await press('glass.badge.without');
  await heading(page, t('glass.who.title'));
  await press('glass.badge.wear', { organization: 'Harbour Rescue' });
  await heading(page, t('glass.badge.title'));
  await press('glass.next');
  await page.locator('#reason-unconscious').check();
  await press('glass.next');
  await page.getByText('Robin Rescue, Harbour Rescue').waitFor();
  await press('glass.check.open');
  await heading(page, t('glass.opened.title'));
  await page.getByText(t('glass.opened.no_badge')).waitFor();
  await visitor.leave();
});

test('where the rules ask for a tap, a tap opens and the plain address of the same card does not', async () => {
  const chip = await tagOf();
  await askForTap();
  const tapped = chip.address();
  const { visitor, page } = await scanned(tapped);
  await page.getByText(t('reader.tap.live')).waitFor();
  assert.equal(await breakGlass(page), t('glass.opened.title'));
  await page.getByRole('heading', { name: t('section.medications'), exact: true }).waitFor();
  await picture(page, 'glass-tapped');
  await visitor.leave();

  for (const [name, address] of [['without its ticket', tapped.replace(/\?[^#]*/, '')], ['with a ticket that was used', tapped]]) {
    const { visitor: other, page: plain } = await scanned(address);
    assert.equal(await breakGlass(plain), t('glass.refused.refused.title'), name);
    assert.equal(await plain.getByRole('heading', { name: t('section.medications'), exact: true }).count(), 0, name);
    await other.leave();
  }
});

test('the patient sees who looked and why, every entry proven, and so does a stranger', async () => {
  await patient.page.goto('/home');
  await patient.page.locator('.notice').first().waitFor();
  const entries = await patient.whoLooked();
  await picture(patient.page, 'who-looked-openings');
  const all = entries.map(({ text }) => text).join('\n');
  assert.ok(all.includes('Robin Rescue'), 'the name as claimed');
  assert.ok(all.includes(t('reason.unconscious')), 'the reason');

  await must(['audit', 'verify', '--data', house.data]);
  const vkey = (await (await fetch(`${house.base}/audit/log/vkey`)).text()).trim();
  await must(['audit', 'verify', '--url', house.base, '--vkey', vkey]);
});
