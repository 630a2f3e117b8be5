// @ts-check
// The reader page: reads the card from the address, checks it on this device, shows it, and opens more when asked to.
//
// The fragment of the address holds the card and its secret. It is never sent anywhere, never stored and never removed: after a reload
// without a network it is all there is. Views are entries of the browser's history under the same address.

import { readCard } from './card.js';
import { frontTag, verify } from './cose.js';
import { frontPage } from './frontpage.js';
import { houseOf, loadKeys } from './keys.js';
import { languageChoices, sayPage, wantedLanguage } from './language.js';
import { chooseLanguage, runningGrant, runningWait } from './memory.js';
import { findCard, SHORT_PATH, shortCodeOf } from './shortcode.js';
import { askStatus } from './status.js';
import { Unreadable } from './unreadable.js';
import { judge } from './verdict.js';
import { keepForOffline } from './worker.js';
import { asset, json, loadWords } from './words.js';

const PATIENCE = 3000; // milliseconds that the front waits for the issuer's keys before it is shown without them
const LISTS_PATIENCE = 700; // milliseconds that the verdict waits for the lists on this device; what the card says does not wait
const FINDER_BYTES = 256 << 10; // of new withdrawals that are fetched here: who finds a person pays for the connection
const TICK = 1000; // milliseconds between looks at the time that is left

/** @typedef {'front' | import('../glass/glass.js').View} View */

class Reader {
  /** @param {HTMLElement} main */
  constructor(main) {
    this.main = main;
    this.words = /** @type {import('./words.js').Words} */ (/** @type {unknown} */ (null)); // set by start before anything is shown
    this.dictionary = new Uint8Array();
    /** @type {string[]} */
    this.keys = [];
    this.read = /** @type {import('./card.js').Read | null} */ (null);
    /** @type {import('./verdict.js').Findings} */
    this.findings = {};
    this.host = main.dataset.issuer ?? '';
    this.house = this.host; // until its keys say how cards name it
    this.published = /** @type {Promise<import('./keys.js').Trust | null>} */ (Promise.resolve(null));
    this.trust = /** @type {import('./keys.js').Trust | null} */ (null);
    this.opening = /** @type {Promise<import('../offline/offline.js').Offline | null> | null} */ (null);
    this.offline = /** @type {import('../offline/offline.js').Offline | null} */ (null);
    this.asking = true; // the lists on this device, for the first verdict
    this.receipt = /** @type {'none'|'kept'|'sent'} */ ('none');
    this.noted = false;
    this.unheard = false;
    /** @type {import('./status.js').Online} */
    this.online = { status: 'asking', at: new Date() };
    this.beside = /** @type {import('./words.js').Words | null} */ (null); // the holder's language, when both are shown
    this.place = /** @type {typeof import('../place/help.js') | null} */ (null);
    this.country = '';
    this.revealed = false;
    this.view = /** @type {View} */ ('front');
    this.glass = /** @type {import('../glass/glass.js').Glass | null} */ (null); // until it is loaded
    this.glassMissing = false;
  }

  async start() {
    this.published = this.fetchKeys();
    const wanted = wantedLanguage();
    const [words, dictionary, keys] = await Promise.all([
      loadWords(wanted.lang, wanted.dir), asset('dictionary-1.bin').then((response) => response.arrayBuffer()), json('labels/keys.json'),
    ]);
    this.dictionary = new Uint8Array(dictionary);
    this.keys = keys;
    this.words = words;
    sayPage(words, this.host);
    this.listen();
    await this.readAddress();
  }

  listen() {
    addEventListener('popstate', (event) => this.render(event.state?.view ?? 'front'));
    addEventListener('hashchange', () => this.readAddress());
    addEventListener('pagehide', () => this.glass?.leave());
    addEventListener('online', () => this.reconnect());
    document.querySelector('.skip')?.addEventListener('click', (event) => {
      event.preventDefault(); // following it would replace the card in the address
      this.main.focus();
    });
    for (const choice of languageChoices()) {
      choice.addEventListener('click', (event) => {
        event.preventDefault();
        this.changeLanguage(choice.lang, choice.dataset.dir ?? 'ltr');
      });
    }
    setInterval(() => this.glass?.tick(), TICK);
  }

  // The card

  async readAddress() {
    this.glass?.wipe();
    this.read = null;
    this.revealed = false;
    this.beside = null;
    this.findings = {};
    this.online = { status: 'asking', at: new Date() };
    this.receipt = 'none';
    this.noted = false;
    this.unheard = 'unheard' in this.main.dataset; // the worker's word that the server did not hear of this visit
    delete this.main.dataset.unheard;
    history.replaceState({ view: 'front' }, '');
    if (await this.exchangeCode()) this.takeApart();
    this.loadRest();
    if (this.read) await Promise.all([this.checkSignature(this.read), this.checkStatus(this.read)]);
  }

  takeApart() {
    try {
      this.read = readCard(location.pathname, location.hash.slice(1), this.dictionary, this.keys);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.findings = { problem: error.code };
    }
    this.render('front');
  }

  /** Loads what no front waits for: lists and receipts, whom to call, and what opens more. */
  loadRest() {
    this.opening ??= this.openOffline();
    this.findPlace();
    if (!this.glass) this.loadGlass();
  }

  /**
   * Replaces an address that has a short code by that of the card.
   * @returns {Promise<boolean>} whether there is an address to read now
   */
  async exchangeCode() {
    const { pathname, hash, search, origin } = location;
    const code = shortCodeOf(hash.slice(1));
    if (!code && pathname !== SHORT_PATH) return true;
    this.findings = code ? { finding: true } : { problem: 'code_wrong' };
    this.render('front');
    if (!code) return false;
    const found = await findCard(code, origin);
    if (location.hash !== hash || location.pathname !== pathname) return false; // another card was scanned meanwhile
    const other = found.path && pathname !== SHORT_PATH && pathname !== found.path;
    this.findings = other ? { problem: 'mismatch' } : found.problem ? { problem: found.problem } : {};
    if (other || found.problem) {
      this.render('front');
      return false;
    }
    history.replaceState({ view: 'front' }, '', `${found.path}${search}${found.fragment}`);
    return true;
  }

  /**
   * Lists and receipts of this browser. No card of this house waits for them.
   * @returns {Promise<import('../offline/offline.js').Offline | null>} null in a browser that could not load them
   */
  async openOffline() {
    try {
      const [{ openOffline }] = await Promise.all([import('../offline/offline.js'), this.published]);
      this.offline = await openOffline(this.house);
      this.sendReceipts();
      return this.offline;
    } catch {
      return null;
    }
  }

  /**
   * Checks with the keys that the house publishes, then with those of the trusted issuers that are kept here, then with those of the list of today.
   * Nothing is called verified before the lists that are kept here were asked, or do not answer.
   * @param {import('./card.js').Read} read
   */
  async checkSignature(read) {
    const late = setTimeout(() => this.conclude(read, { last: true }), PATIENCE);
    const trust = await this.published;
    if (read !== this.read) return; // another card was scanned meanwhile
    await this.conclude(read);
    await Promise.race([this.opening, new Promise((resolve) => setTimeout(resolve, LISTS_PATIENCE))]);
    this.asking = false;
    await this.conclude(read);
    const offline = await this.opening;
    await this.conclude(read);
    await offline?.lists.refresh({ published: trust?.keys, mostBytes: FINDER_BYTES });
    clearTimeout(late);
    await this.conclude(read, { last: true });
  }

  /**
   * Says what the card is worth by the keys that are here; that its issuer is unknown only at last.
   * @param {import('./card.js').Read} read
   * @param {{last?: boolean}} [options]
   */
  async conclude(read, { last = false } = {}) {
    const published = this.trust?.keys ?? [];
    const lists = this.offline?.lists;
    const keys = lists?.keysBeside(published) ?? published;
    const checked = keys.length > 0 ? await verify(read.envelope, keys, Date.now() / 1000) : null;
    const withdrawn = this.isOurs(read) && await lists?.isWithdrawn(read.card.id);
    if (read !== this.read || (!last && (checked?.reason ?? 'no_key') === 'no_key')) return;
    this.found(checked ? { checked, noKeys: false, withdrawn, asking: this.asking && !last } : { noKeys: true });
  }

  /** @param {import('./card.js').Read} read */
  async checkStatus(read) {
    await this.published;
    const online = this.isOurs(read) ? await askStatus(read.card.id, await frontTag(read.envelope)) : { status: /** @type {const} */ ('foreign'), at: new Date() };
    if (read !== this.read) return;
    this.online = online;
    if (online.tap) history.replaceState(history.state, '', location.pathname + location.hash); // a tap's address is a ticket that was used
    this.found({ online: online.status });
  }

  async fetchKeys() {
    this.trust = await loadKeys();
    this.house = houseOf(this.trust, this.host);
    return this.trust;
  }

  /**
   * Whether a card says that it comes from the house whose page this is.
   * @param {import('./card.js').Read} read
   */
  isOurs({ card }) {
    return card.issuer === this.house;
  }

  // Reading without a network

  /**
   * Keeps a receipt of a reading that nobody heard of, for the person whose card it is.
   * @param {import('./card.js').Read} read
   */
  async noteReading(read) {
    const { checked, noKeys, online } = this.findings;
    const settled = checked || noKeys;
    if (this.noted || !settled || !online || (online !== 'offline' && !this.unheard) || !this.isOurs(read)) return;
    if (checked && !judge({ checked }).trusted) return; // nobody issued this card, so there is nobody to tell
    this.noted = true;
    const offline = await this.opening;
    try {
      await offline?.receipts.add(read.card.id, await frontTag(read.envelope), Date.now());
    } catch {
      return; // nothing can be kept here, and nothing is promised
    }
    if (!offline || read !== this.read) return;
    this.receipt = 'kept';
    await this.sendReceipts();
  }

  async sendReceipts() {
    const kept = await this.offline?.receipts.send();
    const { read, receipt } = this;
    if (!read || !kept || receipt !== 'kept') return;
    if (!kept.some(([, each]) => each.card === read.card.id)) this.receipt = 'sent';
    this.found({});
  }

  async reconnect() {
    this.published = this.fetchKeys();
    await this.sendReceipts();
    if (this.read) await Promise.all([this.checkSignature(this.read), this.checkStatus(this.read)]);
  }

  /** @param {import('./verdict.js').Findings} findings */
  found(findings) {
    Object.assign(this.findings, findings);
    if (this.read) this.noteReading(this.read);
    if (this.view !== 'front') return;
    const before = document.title;
    this.render('front', { keepPlace: true });
    // Whoever listens to the page hears that the verdict is another one now, wherever on the page they are.
    if (document.title !== before) this.announce(document.title);
  }

  /** @param {string} text for whoever listens to the page */
  announce(text) {
    const heard = document.getElementById('heard');
    if (heard) heard.textContent = text;
  }

  // The glass

  /**
   * Loads what opens more than the front. It is asked for once the front is on the screen.
   * @returns {Promise<import('../glass/glass.js').Glass | null>}
   */
  async loadGlass() {
    const { words } = this;
    try {
      const [{ Glass }] = await Promise.all([import('../glass/glass.js'), words.add('glass')]);
      if (words !== this.words) return await this.loadGlass(); // another language was chosen meanwhile
      this.glass ??= new Glass(this);
    } catch {
      this.glass = null;
    }
    this.glassMissing = !this.glass;
    return this.glass;
  }

  /** @param {(glass: import('../glass/glass.js').Glass) => void} act */
  async withGlass(act) {
    const glass = this.glass ?? await this.loadGlass();
    if (glass) act(glass);
    else this.render('front', { keepPlace: true });
  }

  // The views

  /** @param {View} view */
  go(view) {
    history.pushState({ view }, '');
    this.render(view);
  }

  /** @param {View} view */
  replace(view) {
    history.replaceState({ view }, '');
    this.render(view);
  }

  /**
   * @param {View} view
   * @param {{keepPlace?: boolean}} [options] whether the reader stays where they are on the page
   */
  render(view, { keepPlace = false } = {}) {
    this.view = this.read && this.glass?.isPossible(view) ? view : 'front';
    const scroll = scrollY;
    const focused = keepPlace ? placeOf(this.main) : null;
    this.main.replaceChildren(.../** @type {HTMLElement[]} */ (this.page().filter(Boolean)));
    const heading = /** @type {HTMLElement | null} */ (this.main.querySelector('.error-summary') ?? this.main.querySelector('h1'));
    const title = this.main.querySelector('h1')?.textContent ?? '';
    document.title = this.glass?.error && this.view === 'why' ? this.words.t('glass.error.page', { title }) : title;
    if (!keepPlace) heading?.focus();
    else {
      focused?.(this.main)?.focus({ preventScroll: true });
      scrollTo(0, scroll);
    }
    this.glass?.tick();
  }

  page() {
    return this.view === 'front' || !this.glass ? this.front() : this.glass.page(this.view);
  }

  front() {
    const { read, trust, online, revealed, receipt, house, beside, glassMissing } = this;
    const other = this.otherLanguage();
    const help = this.place?.helpPart(this.country, this.words, (country) => this.changeCountry(country)) ?? null;
    const lists = this.offline?.lists ?? null;
    const token = read ? runningGrant(read.card.id) : '';
    return frontPage({
      verdict: judge(this.findings), read, trust, lists, online, revealed, receipt, house, beside, help, glassMissing,
      other: other ? this.words.language(other.lang) : '',
      resumable: token !== '',
      waits: read !== null && runningWait(read.card.id) !== null,
    }, this.words, {
      reveal: () => {
        this.revealed = true;
        this.render('front', { keepPlace: true });
      },
      breakGlass: () => this.withGlass((glass) => glass.begin('critical')),
      resume: () => this.withGlass((glass) => glass.resume(token)),
      resumeWait: () => this.withGlass((glass) => glass.waits.resume()),
      retry: () => {
        this.published = this.fetchKeys();
        this.readAddress();
      },
      bothLanguages: () => this.showBoth(),
    });
  }

  // The language

  /**
   * @param {string} lang
   * @param {string} dir
   */
  async changeLanguage(lang, dir) {
    try {
      const words = await loadWords(lang, dir);
      if (this.glass) await words.add('glass');
      this.words = words;
    } catch {
      return; // without a network and without these words: the page stays as it is
    }
    if (lang === this.beside?.lang) this.beside = null;
    sayPage(this.words, this.host);
    chooseLanguage(lang);
    history.replaceState(history.state, '', location.pathname + location.hash); // an address that asks for a language asked for the last one
    this.render(this.view, { keepPlace: true });
  }

  /** The holder's language among those of the menu, when it is not the reader's. */
  otherLanguage() {
    const lang = this.read?.front.lang?.split('-')[0];
    return languageChoices().find((choice) => choice.lang.split('-')[0] === lang && choice.lang !== this.words.lang);
  }

  /** Shows what is coded in the holder's language beside the reader's, or no longer. */
  async showBoth() {
    const other = this.otherLanguage();
    try {
      this.beside = this.beside || !other ? null : await loadWords(other.lang, other.dataset.dir ?? 'ltr');
    } catch {
      return; // without a network and without these words: the page stays as it is
    }
    this.render(this.view, { keepPlace: true });
  }

  // The place

  async findPlace() {
    if (!this.place) {
      this.place = await import('../place/help.js').catch(() => null);
      this.country = this.place?.hereAbouts() ?? '';
    }
    this.found({});
  }

  /** @param {string} country */
  changeCountry(country) {
    this.country = country;
    this.render(this.view, { keepPlace: true });
    document.getElementById('country')?.focus();
  }
}

/**
 * Remembers what has the focus inside an element by what it is and says, so that it can be found again after the element was filled anew.
 * @param {HTMLElement} main
 * @returns {((again: HTMLElement) => HTMLElement | undefined) | null} null when the focus is elsewhere
 */
function placeOf(main) {
  const focused = document.activeElement;
  if (!focused || focused === main || !main.contains(focused)) return null;
  /** @param {HTMLElement} root */
  const alike = (root) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(focused.tagName)]).filter((element) => element.textContent === focused.textContent);
  const nth = alike(main).indexOf(/** @type {HTMLElement} */ (focused));
  return (again) => alike(again)[nth] ?? /** @type {HTMLElement | null} */ (again.querySelector('h1')) ?? undefined;
}

new Reader(/** @type {HTMLElement} */ (document.getElementById('main'))).start().finally(keepForOffline);
