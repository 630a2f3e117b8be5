// Chromium as a phone or a desk would hold it, watched for everything that must
// never happen: dialogs, script errors, refused scripts, requests to others.

import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Sizes of the windows, in CSS pixels. */
export const phone = { width: 390, height: 844 };
export const narrow = { width: 320, height: 640 };
export const desk = { width: 1280, height: 900 };

/** Where the pictures of the run are kept. */
export const artifacts = process.env.LOCKET_ARTIFACTS ?? join(import.meta.dirname, '../../../artifacts');

/**
 * Starts Chromium. Only `localhost` resolves: whoever is asked besides is seen.
 * It is the build without windows, of the same source and version, which spends
 * a third less on pages of its own; `whole` starts the one with them, where what
 * is tested is theirs: permissions, cameras, passkeys, paper.
 */
export async function launch(args = [], { whole = false } = {}) {
  process.env.PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS = '1';
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? (whole ? '/usr/bin/chromium' : '/usr/bin/chromium-headless-shell'),
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
      ...args,
    ],
  });
}

/** One visitor: a browser profile of its own, and what it must answer for. */
export class Visitor {
  /** Sentences about what went wrong; a test ends with `clean()`. */
  faults = [];
  /** URL of every request, the service worker's too. */
  requested = [];

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} base
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  static async arrive(browser, base, options = {}) {
    const visitor = new Visitor();
    visitor.base = base;
    visitor.context = await browser.newContext({
      baseURL: base,
      locale: 'en-GB',
      timezoneId: 'UTC',
      viewport: phone,
      ...options,
    });
    visitor.context.setDefaultTimeout(15_000);
    const origin = new URL(base).origin;
    visitor.context.on('request', (request) => {
      visitor.requested.push(request.url());
      const url = new URL(request.url());
      if (!['data:', 'blob:', 'about:', 'file:'].includes(url.protocol) && url.origin !== origin) {
        visitor.faults.push(`asked somebody else: ${url.origin}`);
      }
    });
    visitor.context.on('page', (page) => visitor.#watch(page));
    return visitor;
  }

  #watch(page) {
    page.on('dialog', (dialog) => {
      this.faults.push(`a dialog opened: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('pageerror', (error) => this.faults.push(`a script failed: ${error.stack}`));
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted ?(Type|HTML|Script)/i.test(message.text())) {
        this.faults.push(`a policy was broken: ${message.text()}`);
      }
    });
  }

  async page() {
    return this.context.newPage();
  }

  /** Throws when anything happened that must not. */
  clean() {
    if (this.faults.length) throw new Error(this.faults.join('\n'));
  }

  async leave() {
    await this.context.close();
    this.clean();
  }
}

/**
 * A passkey authenticator built into the visitor's device. It always verifies
 * its user and its passkeys are synced ones. It answers a passkey that is offered
 * in a field at once, as if somebody had tapped on it: without `offers` the
 * browser is one that makes no such offers, and waits for the button.
 * @param {import('playwright-core').Page} page
 */
export async function addAuthenticator(page, { offers = false, ...options } = {}) {
  if (!offers) await page.addInitScript(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false; });
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: true,
      defaultBackupState: true,
      ...options,
    },
  });
  return {
    remove: () => session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
    add: (credential) => session.send('WebAuthn.addCredential', { authenticatorId, credential }),
    credentials: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
  };
}

/** Keeps a picture of the page under a stable name. */
export async function picture(page, name, options = {}) {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true, ...options });
}

/** The rules of axe-core that colours decide; no other one looks at them. */
const colours = ['color-contrast', 'link-in-text-block'];
/** What was looked at already: the path of a page, how much is on it, its colours and direction. */
const seen = new Set();

/**
 * What axe-core finds wrong on the page: one line for each place, empty when
 * nothing is. Best practices count as well as the WCAG rules. A page that was
 * looked at already is looked at for what can have changed: in the dark for its
 * colours alone, from right to left for everything but them, in another size for
 * nothing.
 */
export async function accessibility(page) {
  const { shape, dark, leftwards } = await page.evaluate(() => ({
    shape: `${location.pathname} ${document.querySelectorAll('*').length}`,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    leftwards: document.documentElement.dir === 'rtl',
  }));
  const look = `${shape} ${dark} ${leftwards}`;
  if (seen.has(look)) return [];
  const known = seen.has(`${shape} false false`);
  seen.add(look);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, { resultTypes: ['violations'], ...options }),
    known && dark && !leftwards ? { runOnly: { type: 'rule', values: colours } }
      : known && leftwards && !dark ? { rules: Object.fromEntries(colours.map((rule) => [rule, { enabled: false }])) }
        : {});
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}: ${(node.failureSummary ?? '').split('\n').slice(1).join(' ').slice(0, 240)}`));
}

/** Whether the page has to be moved sideways to be read. */
export async function scrollsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/**
 * Things to touch that are smaller than 44 by 44 CSS pixels. Links inside a
 * sentence are exempt, as in WCAG 2.5.8; a radio or a checkbox counts with its
 * label, which takes the touch too.
 */
export async function smallTargets(page, least = 44) {
  return page.evaluate((size) => {
    const found = [];
    for (const element of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
      const style = getComputedStyle(element);
      const boxes = [element, ...(element.labels ?? [])].map((part) => part.getBoundingClientRect()).filter((box) => box.width && box.height);
      if (!boxes.length || style.visibility === 'hidden') continue;
      if (element.matches('a') && style.display === 'inline' && element.closest('p, li, dd, td, caption, span, small')) continue;
      if (element.closest('.skip, [class*="skip"]')) continue;
      const width = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
      const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
      if (Math.round(width) < size || Math.round(height) < size) {
        found.push(`${Math.round(width)}x${Math.round(height)}: ${element.outerHTML.slice(0, 140)}`);
      }
    }
    return found;
  }, least);
}
