// @ts-check
// The reader page: reads the card from the address, checks it on this device, shows it, and opens more when asked to.
//
// The fragment of the address holds the card and its secret. It is never sent anywhere, never stored and never removed: after a reload
// without a network it is all there is. Views are entries of the browser's history under the same address.

import { readCard } from './card.js';
import { frontTag, verify } from './cose.js';
import { frontPage } from './frontpage.js';
import { loadKeys } from './keys.js';
import { chooseLanguage, chosenLanguage, forgetGrant, rememberGrant, runningGrant } from './memory.js';
import { ask, noAnswers, remaining, requestBody } from './open.js';
import { endedPage, openedPage, refusedPage, showTimeLeft } from './opened.js';
import { check, interruption, opening, whoAreYou, why } from './questions.js';
import { askStatus } from './status.js';
import { Unreadable } from './unreadable.js';
import { judge } from './verdict.js';
import { asset, json, loadWords } from './words.js';

const PATIENCE = 3000; // milliseconds that the front waits for the issuer's keys before it is shown without them
const TICK = 1000; // milliseconds between looks at the time that is left

/** @typedef {'front'|'stop'|'who'|'why'|'check'|'opening'|'opened'|'ended'|'refused'} View */

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
    this.trust = /** @type {import('./keys.js').Trust | null} */ (null);
    /** @type {import('./status.js').Online} */
    this.online = { status: 'asking', at: new Date() };
    this.revealed = false;
    this.view = /** @type {View} */ ('front');
    this.answers = noAnswers();
    this.step = /** @type {'critical'|'sensitive'} */ ('critical');
    this.error = '';
    this.answer = /** @type {any} */ (null); // of the running grant
    this.endsAt = 0; // by performance.now, which no change of the clock moves
    this.outcome = /** @type {import('./open.js').Outcome | null} */ (null);
  }

  async start() {
    const wanted = wantedLanguage();
    const [words, dictionary, keys] = await Promise.all([
      loadWords(wanted.lang, wanted.dir), asset('dictionary-1.bin').then((response) => response.arrayBuffer()), json('labels/keys.json'),
    ]);
    this.dictionary = new Uint8Array(dictionary);
    this.keys = keys;
    this.speak(words);
    this.listen();
    await this.readAddress();
  }

  listen() {
    addEventListener('popstate', (event) => this.render(event.state?.view ?? 'front'));
    addEventListener('hashchange', () => this.readAddress());
    addEventListener('pagehide', () => this.leave());
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
    setInterval(() => this.tick(), TICK);
  }

  // The card

  async readAddress() {
    this.wipe();
    this.read = null;
    this.revealed = false;
    this.findings = {};
    this.online = { status: 'asking', at: new Date() };
    history.replaceState({ view: 'front' }, '');
    try {
      this.read = readCard(location.pathname, location.hash.slice(1), this.dictionary, this.keys);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.findings = { problem: error.code };
    }
    this.render('front');
    if (this.read) await Promise.all([this.checkSignature(this.read), this.checkStatus(this.read)]);
  }

  /** @param {import('./card.js').Read} read */
  async checkSignature(read) {
    const late = setTimeout(() => this.found({ noKeys: true }), PATIENCE);
    const trust = await loadKeys();
    clearTimeout(late);
    const checked = trust ? await verify(read.envelope, trust.keys, Date.now() / 1000) : null;
    if (read !== this.read) return; // another card was scanned meanwhile
    this.trust = trust;
    this.found(checked ? { checked, noKeys: false } : { noKeys: true });
  }

  /** @param {import('./card.js').Read} read */
  async checkStatus(read) {
    const online = await askStatus(read.card.id, await frontTag(read.envelope));
    if (read !== this.read) return;
    this.online = online;
    this.found({ online: online.status });
  }

  /** @param {import('./verdict.js').Findings} findings */
  found(findings) {
    Object.assign(this.findings, findings);
    if (this.view !== 'front') return;
    const before = document.title;
    this.render('front', { keepPlace: true });
    // Whoever listens to the page hears that the verdict is another one now, wherever on the page they are.
    const heard = document.getElementById('heard');
    if (heard && document.title !== before) heard.textContent = document.title;
  }

  // The glass

  /** @param {'critical'|'sensitive'} step */
  breakGlass(step) {
    this.step = step;
    this.answers.reason = '';
    this.answers.reason_text = '';
    this.error = '';
    this.go(step === 'critical' ? 'stop' : 'why');
  }

  answerWhy() {
    const { reason, reason_text: text } = this.answers;
    this.error = reason === '' ? 'reader.error.reason' : reason === 'other' && text === '' ? 'reader.error.reason_text' : '';
    if (this.error) this.render('why');
    else this.go('check');
  }

  /** @param {string} grant token of a running grant, or "" */
  async open(grant) {
    const { read } = this;
    if (!read) return;
    this.render('opening');
    const step = grant ? 'critical' : this.step;
    const answers = grant ? noAnswers() : this.answers;
    const outcome = await ask(read.card.id, requestBody(read.secret, step, answers, grant), this.words.lang);
    if (read !== this.read) return;
    if (outcome.kind === 'granted') {
      this.answer = outcome.answer;
      this.endsAt = performance.now() + remaining(this.answer);
      rememberGrant(read.card.id, this.answer.grant, Date.now() + remaining(this.answer));
      this.replace('opened');
    } else {
      if (grant) forgetGrant(read.card.id);
      this.outcome = outcome;
      this.replace('refused');
    }
  }

  tick() {
    if (!this.answer) return;
    const left = this.endsAt - performance.now();
    if (left > 0) {
      showTimeLeft(left, this.words);
      return;
    }
    this.wipe();
    if (this.read) forgetGrant(this.read.card.id);
    if (this.view === 'opened') this.replace('ended');
  }

  /** Forgets what was opened. What is on the screen goes with the next view. */
  wipe() {
    this.answer = null;
  }

  /** A browser may keep a page that was left and show it again: not what was opened on it. */
  leave() {
    const opened = this.answer !== null;
    this.wipe();
    if (opened) this.render('front');
  }

  close() {
    this.wipe();
    if (this.read) forgetGrant(this.read.card.id);
    this.replace('ended');
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
    this.view = this.possible(view);
    const scroll = scrollY;
    const focused = keepPlace ? placeOf(this.main) : null;
    this.main.replaceChildren(.../** @type {HTMLElement[]} */ (this.page().filter(Boolean)));
    const heading = /** @type {HTMLElement | null} */ (this.main.querySelector('.error-summary') ?? this.main.querySelector('h1'));
    const title = this.main.querySelector('h1')?.textContent ?? '';
    document.title = this.error && this.view === 'why' ? this.words.t('reader.error.page', { title }) : title;
    if (!keepPlace) heading?.focus();
    else {
      focused?.(this.main)?.focus({ preventScroll: true });
      scrollTo(0, scroll);
    }
    this.tick();
  }

  /**
   * A view that still makes sense: answers are lost in a reload, and an opened record ends.
   * @param {View} view
   * @returns {View}
   */
  possible(view) {
    if (!this.read) return 'front';
    if (view === 'opened' && !this.answer) return 'front';
    if (view === 'refused' && !this.outcome) return 'front';
    if (view === 'check' && !this.answers.reason) return 'front';
    return view;
  }

  page() {
    const { words } = this;
    const back = () => history.back();
    switch (this.view) {
      case 'stop':
        return interruption(words, { next: () => this.go('who'), back });
      case 'who':
        return whoAreYou(words, this.answers, { next: () => this.go('why'), back });
      case 'why':
        return why(words, this.answers, this.step, this.error, { next: () => this.answerWhy(), back });
      case 'check':
        return check(words, this.answers, { next: () => this.open(''), back, change: (view) => this.go(/** @type {View} */ (view)) });
      case 'opening':
        return opening(words);
      case 'opened':
        return openedPage(this.answer, this.keys, words, { sensitive: () => this.breakGlass('sensitive'), close: () => this.close() });
      case 'ended':
        return endedPage(words, () => this.go('front'));
      case 'refused':
        return refusedPage(/** @type {import('./open.js').Outcome} */ (this.outcome), words, { back: () => this.go('front'), again: () => this.go('check') });
      default:
        return this.front();
    }
  }

  front() {
    const { read, trust, online, revealed } = this;
    const token = read ? runningGrant(read.card.id) : '';
    return frontPage({ verdict: judge(this.findings), read, trust, online, revealed, resumable: token !== '' }, this.words, {
      reveal: () => {
        this.revealed = true;
        this.render('front', { keepPlace: true });
      },
      breakGlass: () => this.breakGlass('critical'),
      resume: () => (this.answer ? this.go('opened') : this.open(token)),
      retry: () => this.readAddress(),
    });
  }

  // The language

  /**
   * @param {string} lang
   * @param {string} dir
   */
  async changeLanguage(lang, dir) {
    try {
      this.speak(await loadWords(lang, dir));
    } catch {
      return; // without a network and without these words: the page stays as it is
    }
    chooseLanguage(lang);
    history.replaceState(history.state, '', location.pathname + location.hash); // an address that asks for a language asked for the last one
    this.render(this.view, { keepPlace: true });
  }

  /** @param {import('./words.js').Words} words */
  speak(words) {
    this.words = words;
    document.documentElement.lang = words.lang;
    document.documentElement.dir = words.dir;
    for (const element of document.querySelectorAll('[data-say]')) {
      element.textContent = words.t(/** @type {HTMLElement} */ (element).dataset.say ?? '', { host: this.main.dataset.issuer ?? '' });
    }
    document.querySelector('nav')?.setAttribute('aria-label', words.t('reader.languages'));
    for (const choice of languageChoices()) {
      if (choice.lang === words.lang) choice.setAttribute('aria-current', 'true');
      else choice.removeAttribute('aria-current');
    }
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

/** @returns {HTMLElement[]} */
function languageChoices() {
  return [...document.querySelectorAll('.languages a')].map((choice) => /** @type {HTMLElement} */ (choice));
}

/**
 * The language that was chosen here before, unless the address asks for one; else the page's own. A pseudo-language of the tests has no words
 * here: it is said in the first of the menu, in its own direction.
 */
function wantedLanguage() {
  const { lang, dir } = document.documentElement;
  const choices = languageChoices();
  const chosen = new URLSearchParams(location.search).has('lang') ? null : chosenLanguage();
  const choice = choices.find((each) => each.lang === chosen);
  if (choice) return { lang: choice.lang, dir: choice.dataset.dir ?? 'ltr' };
  return { lang: choices.some((each) => each.lang === lang) ? lang : choices[0].lang, dir: dir || 'ltr' };
}

/** Keeps the page and its files for the day without a network. */
function keepForOffline() {
  if (!('serviceWorker' in navigator)) return;
  const address = '/sw.js';
  const types = /** @type {any} */ (window).trustedTypes;
  const policy = types?.createPolicy('locket', { createScriptURL: (/** @type {string} */ url) => (url === address ? url : '') });
  navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address).catch(() => {
    // A browser that keeps nothing still reads cards with a network.
  });
}

new Reader(/** @type {HTMLElement} */ (document.getElementById('main'))).start().finally(keepForOffline);
