// Somebody who keeps their own record: a visitor with a passkey, and what they
// do in the console, one method for each errand.

import assert from 'node:assert/strict';
import { Visitor, addAuthenticator } from './browser.mjs';
import { beginning, words } from './words.mjs';

const t = words('en');

export class Patient {
  /**
   * Opens an account with a passkey.
   * @param {import('playwright-core').Browser} browser
   * @param {string} base
   * @param {{ name?: string, options?: object, offers?: boolean }} [who]
   */
  static async signUp(browser, base, { name = 'Ada Example', options = {}, offers = false } = {}) {
    const patient = new Patient();
    patient.name = name;
    patient.visitor = await Visitor.arrive(browser, base, options);
    patient.page = await patient.visitor.page();
    patient.authenticator = await addAuthenticator(patient.page, { offers });
    const { page } = patient;
    await page.goto('/signup');
    await page.getByRole('textbox').first().fill(name);
    await page.locator('form[data-signup] button').click();
    await page.waitForURL((url) => !['/signup', '/v1/signup/finish'].includes(url.pathname));
    return patient;
  }

  /** Adds a person to the household and goes to their page. */
  async addPerson(name = this.name) {
    const { page } = this;
    await page.goto('/patients/new');
    await page.getByRole('textbox').first().fill(name);
    await this.press('form[action="/patients/new"] button');
    await page.waitForURL(/\/patients\/[^/]+$/);
    this.person = new URL(page.url()).pathname;
  }

  /** Presses a button of a form and waits for the page that follows. */
  async press(selector) {
    await Promise.all([this.page.waitForNavigation(), this.page.locator(selector).first().click()]);
  }

  /** Makes a recovery code; returns it. */
  async makeRecovery() {
    await this.page.goto('/account');
    await this.press('form[action="/account/recovery"] button');
    return (await this.page.locator('.code.big').innerText()).trim();
  }

  /** Imports a document from a file, up to the three lists. */
  async readDocument(path) {
    const { page } = this;
    await page.goto(`${this.person}/import`);
    await page.locator('input[type=file]').setInputFiles(path);
    await this.press('form[enctype] button');
  }

  async importDocument(path) {
    await this.readDocument(path);
    await this.press('form[action$="/import/confirm"] button');
  }

  /** Writes one item in words. */
  async write(section, fields) {
    const { page } = this;
    await page.goto(`${this.person}/record/${section}/new`);
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`main [name="${name}"]`).first().fill(value);
    }
    await this.press('main form button[value=save]');
  }

  /**
   * Issues a wallet card with the usual choices.
   * @returns {Promise<{ page: string, address: string, code: string }>}
   */
  async issueCard(label = 'Wallet') {
    const { page } = this;
    await page.goto(`${this.person}/cards/new`);
    await page.locator('[name=label]').fill(label);
    await this.press('form[action$="/cards/preview"] button');
    await this.press('form[action$="/cards"] button');
    await page.waitForURL(/\/cards\/[\w-]{22}/);
    const address = await page.locator('main a[href*="/c/"]').first().getAttribute('href');
    const code = (await page.locator('.panel .code').innerText()).trim();
    return { page: new URL(page.url()).pathname, address, code };
  }

  async revoke(card) {
    await this.page.goto(`${card.page}/revoke`);
    await this.press('form[action$="/revoke"] button');
  }

  /** Chooses one of the presets, after seeing what it means, with a fresh passkey. */
  async choose(preset) {
    const { page } = this;
    await page.goto(`${this.person}/rules`);
    await page.locator(`input[name=preset][value=${preset}]`).check();
    await this.press('form[action$="/simulate"] button');
    await this.press('form[data-approve] button');
    await page.waitForURL(/\/rules/);
  }

  /** Reads the log until every entry on the page has its proof, as the next checkpoint brings it; returns the entries, newest first. */
  async whoLooked() {
    const { page } = this;
    const log = page.locator('ol.log > li');
    let entries = [];
    for (let round = 0; round < 20; round++) {
      await page.goto(`${this.person}/log`);
      await page.waitForFunction(() => [...document.querySelectorAll('[data-seq]')].every((item) => /\bproof-/.test(item.className)));
      entries = await log.evaluateAll((items) => items.map((item) => ({
        title: item.querySelector('h2').textContent.trim(),
        text: item.innerText,
        proof: item.querySelector('[data-proof]').textContent.trim(),
      })));
      if (entries.length && entries.every(({ proof }) => [t('console.log.proven'), t('history.withheld.proof')].includes(proof))) {
        assert.deepEqual(entries.map(({ title }) => title).filter((title) => title.startsWith(beginning(t('log.other')))), [], 'entries without words');
        return entries;
      }
    }
    return assert.fail(`not proven: ${JSON.stringify(entries.map(({ title, proof }) => [title, proof]))}`);
  }

  async leave() {
    await this.visitor.leave();
  }
}
