// Ways in: a passkey, a second one, a recovery code.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, addAuthenticator, launch, picture } from '../harness/browser.mjs';
import { House } from '../harness/house.mjs';
import { Patient } from '../harness/patient.mjs';
import { words } from '../harness/words.mjs';

const t = words('en');
let browser, house;

before(async () => {
  browser = await launch([], { whole: true });
  house = await House.open();
});

after(async () => {
  await browser?.close();
  await house?.close();
});

test('an account is made with a passkey, left, and entered again without typing a name', async () => {
  const patient = await Patient.signUp(browser, house.base, { name: 'Ada Example' });
  const { page } = patient;
  const [passkey] = await patient.authenticator.credentials();
  assert.equal(passkey.isResidentCredential, true, 'the passkey is discoverable');
  assert.equal(passkey.rpId, 'localhost');
  const [session, ...others] = (await patient.visitor.context.cookies()).filter(({ name }) => name.startsWith('__Host-'));
  assert.deepEqual(others, []);
  assert.equal(session.httpOnly && session.secure && session.path === '/', true);
  assert.ok(['Lax', 'Strict'].includes(session.sameSite));

  await patient.press('form[action="/signout"] button');
  await page.goto('/home');
  assert.equal(new URL(page.url()).pathname, '/signin', 'the session is over');
  await page.locator('form[data-signin] button').click();
  await page.waitForURL('**/home');
  await patient.leave();
});

test('a browser that offers passkeys in the field needs no button', async () => {
  const patient = await Patient.signUp(browser, house.base, { name: 'One Tap', offers: true });
  await patient.press('form[action="/signout"] button');
  await patient.page.goto('/signin');
  await patient.page.waitForURL('**/home');
  await patient.leave();
});

test('signing in needs no mouse', async () => {
  const patient = await Patient.signUp(browser, house.base, { name: 'Kay Board' });
  const { page } = patient;
  await patient.press('form[action="/signout"] button');
  await page.goto('/');
  await tabTo(page, 'a[href="/signin"]');
  await Promise.all([page.waitForURL('**/signin'), page.keyboard.press('Enter')]);
  await tabTo(page, 'form[data-signin] button');
  await Promise.all([page.waitForURL('**/home'), page.keyboard.press('Enter')]);
  await patient.leave();
});

/** Presses Tab until the element has the focus, as somebody without a mouse does. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test('a second passkey opens the same account', async () => {
  const patient = await Patient.signUp(browser, house.base, { name: 'Two Keys' });
  const { page } = patient;
  const [first] = await patient.authenticator.credentials();
  await patient.authenticator.remove(); // another device
  const other = await addAuthenticator(page, { transport: 'usb' });
  const again = await addAuthenticator(page);
  await again.add(first);
  await page.goto('/account/passkeys/new');
  await page.locator('form[data-newpasskey] input[type=text]').fill('Key on the shelf');
  await page.locator('form[data-newpasskey] button').click();
  await page.waitForURL('**/account');
  await page.getByText('Key on the shelf').first().waitFor();
  await picture(page, 'account');
  assert.equal((await other.credentials()).length, 1);

  await again.remove();
  await patient.press('form[action="/signout"] button');
  await page.goto('/signin');
  await page.locator('form[data-signin] button').click();
  await page.waitForURL('**/home');
  await patient.leave();
});

test('a recovery code lets in once, and only to add a passkey', async () => {
  const patient = await Patient.signUp(browser, house.base, { name: 'Lost Phone' });
  const code = await patient.makeRecovery();
  await picture(patient.page, 'recovery-code');
  await patient.addPerson();
  await patient.leave();

  const visitor = await Visitor.arrive(browser, house.base);
  const page = await visitor.page();
  await addAuthenticator(page);
  await page.goto('/recover');
  await page.locator('main input.code').fill(code);
  await page.locator('main form button').click();
  await page.waitForURL('**/account/passkeys/new');
  await page.goto(patient.person);
  assert.equal(new URL(page.url()).pathname, '/signin', 'a recovered session sees no patient');
  await page.goto('/account/passkeys/new');
  await page.locator('form[data-newpasskey] input[type=text]').fill('New phone');
  await page.locator('form[data-newpasskey] button').click();
  await page.waitForURL((url) => url.pathname !== '/account/passkeys/new');
  await page.goto('/signin');
  if (new URL(page.url()).pathname === '/signin') {
    await page.locator('form[data-signin] button').click();
    await page.waitForURL('**/home');
  }
  await page.goto(patient.person);
  await page.getByRole('heading', { name: 'Lost Phone' }).first().waitFor();
  await visitor.leave();

  const thief = await Visitor.arrive(browser, house.base);
  const elsewhere = await thief.page();
  await elsewhere.goto('/recover');
  await elsewhere.locator('main input.code').fill(code);
  await elsewhere.locator('main form button').click();
  await elsewhere.getByRole('alert').waitFor();
  assert.match(await elsewhere.title(), new RegExp(`^${t('console.error_prefix')}`));
  await thief.leave();
});
