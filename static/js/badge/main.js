// @ts-check
// The page that the code of a badge leads to. It checks the badge on this device, with the keys and lists that the reader keeps, asks the house whether it was
// taken back while there is a network, and keeps it until it ends: the card that is scanned next is opened with it.

import { el, mark } from '../reader/dom.js';
import { houseOf, loadKeys } from '../reader/keys.js';
import { languageChoices, sayPage, wantedLanguage } from '../reader/language.js';
import { chooseLanguage } from '../reader/memory.js';
import { keepForOffline } from '../reader/worker.js';
import { json, Words } from '../reader/words.js';
import { openOffline } from '../offline/offline.js';
import { readBadge } from './badge.js';

/** @typedef {import('./badge.js').Badge} Badge */
/** @typedef {{kind: 'found', badge: Badge, heard: boolean} | {kind: 'bad' | 'none'}} Found */

const KEPT = 'locket-badge'; // read by js/glass/badge.js

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

class BadgePage {
  constructor() {
    this.host = part('main').dataset.issuer ?? '';
    this.words = /** @type {Words} */ (/** @type {unknown} */ (null)); // set by start before anything is said
    this.found = /** @type {Found} */ ({ kind: 'none' });
  }

  async start() {
    const { lang, dir } = wantedLanguage();
    const text = location.hash.slice(1) || keptBadge();
    history.replaceState(null, '', location.pathname + location.search); // a badge does not stay in the history of this device
    await this.speak(lang, dir);
    for (const choice of languageChoices()) {
      choice.addEventListener('click', (event) => {
        event.preventDefault();
        this.speak(choice.lang, choice.dataset.dir ?? 'ltr').then(() => chooseLanguage(choice.lang), () => {});
      });
    }
    if (text) this.found = await this.check(text);
    this.show();
    part('found').querySelector('h2')?.focus();
    this.keep();
  }

  /**
   * @param {string} lang
   * @param {string} dir
   */
  async speak(lang, dir) {
    const tables = await Promise.all(['words', 'reader', 'scan', 'badge'].map((room) => json(`locales/${lang}/${room}.json`)));
    this.words = new Words(lang, dir, Object.assign({}, ...tables), { labels: [], drafted: '' });
    sayPage(this.words, this.host);
    this.show();
  }

  /**
   * @param {string} text
   * @returns {Promise<Found>}
   */
  async check(text) {
    const trust = await loadKeys();
    const { lists } = await openOffline(houseOf(trust, this.host));
    const published = trust?.keys ?? [];
    await lists.refresh({ published, mostBytes: 0 });
    const { status, badge } = await readBadge(text, lists.keysBeside(published), Date.now());
    const counts = status === 'verified' && await askHouse(text);
    if (!badge || counts === false) {
      if (keptBadge() === text) forgetBadge();
      return { kind: 'bad' };
    }
    const { organization, kind, name, exp } = badge;
    try {
      localStorage.setItem(KEPT, JSON.stringify({ token: text, organization, kind, name, until: new Date(exp * 1000).toISOString() }));
    } catch {
      return { kind: 'bad' }; // a browser that keeps nothing cannot carry it to the card
    }
    return { kind: 'found', badge, heard: counts === true };
  }

  show() {
    if (!this.words) return;
    part('found').replaceChildren(...this.parts());
  }

  /** @returns {HTMLElement[]} */
  parts() {
    const { words, found } = this;
    if (found.kind !== 'found') {
      return [el('section', { class: 'banner banner-caution' }, mark('caution'),
        el('div', {}, el('h2', { tabindex: -1 }, words.t(`badge.${found.kind}`)), el('p', {}, words.t(`badge.${found.kind}.do`))))];
    }
    const { badge } = found;
    const [date, time] = new Date(badge.exp * 1000).toISOString().split('T');
    const until = words.t('unit.moment', { date: words.date(date), time: time.slice(0, 5), zone: 'UTC' });
    return [el('section', { class: 'banner banner-good' }, mark('good'),
      el('div', {},
        el('h2', { tabindex: -1 }, words.t('badge.found')),
        el('p', {}, el('strong', {}, el('bdi', {}, badge.organization))),
        el('p', {}, el('bdi', {}, badge.name)),
        el('p', {}, words.sentence('badge.authority', 'host', el('bdi', { dir: 'ltr' }, badge.issuer))),
        el('p', {}, words.t('badge.until', { date: until })),
        !found.heard && el('p', {}, words.t('badge.unheard')),
        el('p', {}, el('button', { type: 'button', class: 'button-plain', click: () => this.forget() }, words.t('badge.forget')))))];
  }

  forget() {
    forgetBadge();
    this.found = /** @type {Found} */ ({ kind: 'none' });
    this.show();
    part('found').querySelector('h2')?.focus();
  }

  keep() {
    keepForOffline();
    navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage('keep-badge'), () => {});
  }
}

/** The badge that this device keeps, "" for none. */
function keptBadge() {
  try {
    const { token } = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    return typeof token === 'string' ? token : '';
  } catch {
    return '';
  }
}

function forgetBadge() {
  try {
    localStorage.removeItem(KEPT);
  } catch {
    // a browser that keeps nothing has nothing to forget
  }
}

/**
 * Whether the house still counts a badge: null when it cannot be asked.
 * @param {string} badge
 */
async function askHouse(badge) {
  try {
    const response = await fetch('/v1/badge', {
      method: 'POST', credentials: 'omit', cache: 'no-store', headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ badge }),
    });
    return response.ok ? true : response.status === 404 ? false : null;
  } catch {
    return null;
  }
}

addEventListener('hashchange', () => location.hash.length > 1 && location.reload());
new BadgePage().start();
