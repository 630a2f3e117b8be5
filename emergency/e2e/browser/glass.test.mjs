// Breaking the glass: what opens, for how long, what is refused, and what the
// patient sees of it afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, accessibility, launch, picture } from '../harness/browser.mjs';
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

async function scanned() {
  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await page.goto(card.address);
  await verdict(page);
  return { visitor, page };
}

test('who and why, then what the rules grant, for a time that is shown', async () => {
  house.wire.clear();
  const { visitor, page } = await scanned();
  assert.equal(await breakGlass(page, { name: 'Robin Rescue', role: 'paramedic', reason: 'unconscious' }), t('reader.opened.title'));
  assert.match(await page.locator('#time-left').innerText(), new RegExp(`^${beginning(t('reader.opened.left'))}`));
  await page.getByText(beginning(t('reader.opened.entry'))).waitFor();
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
  await heading(page, t('reader.opened.title'));
  await page.getByRole('button', { name: t('reader.opened.close') }).click();
  await heading(page, t('reader.ended.title'));
  assert.ok(!(await page.locator('main').innerText()).includes(t('section.medications')));
  await visitor.leave();
});

test('what was opened is gone from the screen when the time is over', async () => {
  const { visitor, page } = await scanned();
  await page.clock.install();
  await page.reload();
  await verdict(page);
  assert.equal(await breakGlass(page, { role: 'bystander' }), t('reader.opened.title'));
  await page.clock.fastForward('40:00:00:00'.slice(0, 8));
  await heading(page, t('reader.ended.title'));
  await visitor.leave();
});

test('a reason is asked for, and says which one is missing', async () => {
  const { visitor, page } = await scanned();
  await page.getByRole('button', { name: t('reader.glass.open'), exact: true }).click();
  await page.getByRole('button', { name: t('reader.stop.continue'), exact: true }).click();
  await page.getByRole('button', { name: t('reader.next'), exact: true }).click();
  await heading(page, t('reader.why.title'));
  await page.getByRole('button', { name: t('reader.next'), exact: true }).click();
  await page.getByRole('alert').getByText(t('reader.error.reason')).waitFor();
  await page.goBack();
  await heading(page, t('reader.who.title'));
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
  assert.equal(await breakGlass(page), t('reader.refused.offline.title'));
  await page.getByText(t('reader.refused.front')).waitFor();
  await page.getByRole('button', { name: t('reader.to_card') }).click();
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
    assert.equal(await breakGlass(page), t(`reader.refused.${kind}.title`));
    await page.getByText(t('reader.refused.front')).waitFor();
    if (status === 403) await page.getByText(now).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await picture(page, `glass-${status}`);
    await page.getByRole('button', { name: t('reader.to_card') }).click();
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

test('under Private a stranger gets what keeps one alive and no more', async () => {
  await patient.choose('private');
  const { visitor, page } = await scanned();
  assert.equal(await breakGlass(page, { role: 'bystander' }), t('reader.opened.title'));
  assert.equal(await page.getByRole('heading', { name: t('section.medications'), exact: true }).count(), 0);
  assert.equal(await breakGlass(page, { step: 'sensitive', reason: 'other', reasonText: 'I would like to know more' }), t('reader.opened.title'));
  assert.equal(await page.getByRole('heading', { name: t('section.medications'), exact: true }).count(), 0);
  await picture(page, 'glass-private');
  assert.ok(!(await page.locator('main').innerText()).includes('A sensitive line'));
  await visitor.leave();
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
