// @ts-check
// The scanner page: looks for a card with the camera, in a picture or on a tag, and goes to the reader page when it has one. What is scanned stays on
// this device.

import { el } from '../reader/dom.js';
import { houseOf, loadKeys } from '../reader/keys.js';
import { languageChoices, sayPage, wantedLanguage } from '../reader/language.js';
import { chooseLanguage } from '../reader/memory.js';
import { keepForOffline } from '../reader/worker.js';
import { json, Words } from '../reader/words.js';
import { openOffline } from '../offline/offline.js';
import { Camera } from './camera.js';
import { classify } from './classify.js';
import { Decoder } from './decoder.js';
import { foundPart } from './found.js';
import { signerOf } from './healthlink.js';
import { canReadTags, readTags } from './tag.js';

const PAUSE = 100; // milliseconds between two frames: a phone stays cool
const LARGEST_FILE = 64 << 20; // bytes

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

class Scanner {
  constructor() {
    this.host = part('main').dataset.issuer ?? '';
    this.words = /** @type {Words} */ (/** @type {unknown} */ (null)); // set by start before anything is said
    this.decoder = new Decoder();
    this.camera = new Camera(/** @type {HTMLVideoElement} */ (part('view')));
    this.tags = /** @type {AbortController | null} */ (null);
    this.saying = /** @type {() => void} */ (() => {}); // says the last thing again, in another language
  }

  async start() {
    const { lang, dir } = wantedLanguage();
    await this.speak(lang, dir);
    this.listen();
    if (Camera.isThere()) part('start').hidden = false;
    if (canReadTags()) part('tag').hidden = false;
    if (await Camera.isAllowed()) await this.startCamera();
    this.keep();
  }

  listen() {
    part('start').addEventListener('click', () => (this.camera.isOn ? this.stopCamera() : this.startCamera()));
    part('torch').addEventListener('click', () => this.switchTorch());
    part('tag').addEventListener('click', () => this.readTag());
    const file = /** @type {HTMLInputElement} */ (part('file'));
    file.addEventListener('change', () => {
      if (file.files?.[0]) this.readFile(file.files[0]);
      file.value = '';
    });
    addEventListener('dragover', (event) => event.preventDefault());
    addEventListener('drop', (event) => {
      event.preventDefault();
      const dropped = event.dataTransfer?.files[0];
      if (dropped) this.readFile(dropped);
    });
    addEventListener('pagehide', () => this.stopCamera());
    document.addEventListener('visibilitychange', () => document.hidden && this.stopCamera());
    for (const choice of languageChoices()) {
      choice.addEventListener('click', (event) => {
        event.preventDefault();
        this.speak(choice.lang, choice.dataset.dir ?? 'ltr').then(() => chooseLanguage(choice.lang), () => {});
      });
    }
  }

  /**
   * @param {string} lang
   * @param {string} dir
   */
  async speak(lang, dir) {
    const tables = await Promise.all(['words', 'reader', 'scan'].map((room) => json(`locales/${lang}/${room}.json`)));
    this.words = new Words(lang, dir, Object.assign({}, ...tables), { labels: [], drafted: '' });
    sayPage(this.words, this.host);
    this.sayButtons();
    this.saying();
  }

  sayButtons() {
    part('start').textContent = this.words.t(this.camera.isOn ? 'scan.camera.stop' : 'scan.camera.start');
    part('torch').textContent = this.words.t(this.camera.lit ? 'scan.torch.off' : 'scan.torch.on');
    part('torch').hidden = !this.camera.hasTorch;
    part('view').hidden = !this.camera.isOn;
  }

  // The ways to scan

  async startCamera() {
    if (this.camera.isWanted || document.hidden) return;
    this.say('scan.starting');
    let stream = null;
    try {
      stream = await this.camera.start();
      if (stream) await this.decoder.prepare();
    } catch (error) {
      this.camera.stop();
      this.sayButtons();
      this.say(/** @type {Error} */ (error).name === 'NotAllowedError' ? 'scan.camera.refused' : 'scan.camera.failed');
      return;
    }
    if (stream) await this.watch(stream);
  }

  /**
   * Looks at the pictures of a stream as long as it is that of the camera.
   * @param {MediaStream} stream
   */
  async watch(stream) {
    const isOn = () => this.camera.stream === stream;
    if (!isOn()) return;
    this.sayButtons();
    this.say('scan.looking');
    while (isOn()) {
      const [text] = await this.decoder.read(this.camera.video).catch(() => []);
      if (text && isOn() && this.take([text])) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  stopCamera() {
    if (!this.camera.isWanted) return;
    this.camera.stop();
    this.sayButtons();
    this.say('');
  }

  async switchTorch() {
    await this.camera.switchTorch().catch(() => {}); // a lamp that is too hot stays off
    this.sayButtons();
  }

  /** @param {File} file */
  async readFile(file) {
    this.stopCamera();
    this.say('scan.reading');
    try {
      if (file.size > LARGEST_FILE) throw new Error('too large');
      const picture = await createImageBitmap(file);
      await this.decoder.prepare();
      const texts = await this.decoder.read(picture, { thorough: true });
      picture.close();
      if (texts.length === 0) this.say('scan.file.nothing');
      else this.take(texts);
    } catch {
      this.say('scan.file.failed');
    }
  }

  async readTag() {
    this.tags?.abort();
    this.tags = new AbortController();
    this.say('scan.tag.hold');
    try {
      await readTags((text) => this.take([text]), this.tags.signal);
    } catch {
      this.say('scan.tag.failed');
    }
  }

  // What was found

  /**
   * Goes to the card among the texts, or says what the first of them is.
   * @param {string[]} texts
   * @returns {boolean} whether the search is over
   */
  take(texts) {
    const all = texts.map((text) => classify(text, location.origin));
    const card = all.find(({ kind }) => kind === 'card' || kind === 'code') ?? all.find(({ kind }) => kind === 'badge');
    this.stopCamera();
    this.tags?.abort();
    if (card?.address) {
      this.say('scan.found');
      location.assign(card.address); // begins with a slash and a path of ours: it leads to no other host
    } else {
      this.show(all[0]);
    }
    return true;
  }

  /** @param {import('./classify.js').Scanned} scanned */
  async show(scanned) {
    const signer = scanned.link ? await this.signerName(scanned.link) : '';
    this.saying = () => {
      part('heard').textContent = '';
      part('found').replaceChildren(foundPart(scanned, signer, this.words));
    };
    this.saying();
    part('found').querySelector('h2')?.focus();
  }

  /** @param {import('./healthlink.js').HealthLink} link */
  async signerName(link) {
    const { published, lists } = await this.trust();
    const host = await signerOf(link, lists.keysBeside(published));
    return host && (lists.issuer(host)?.name || host);
  }

  /** The keys of the house, and the lists that this browser keeps. */
  async trust() {
    const trust = await loadKeys();
    return { published: trust?.keys ?? [], ...await openOffline(houseOf(trust, this.host)) };
  }

  /**
   * Says what is going on, on the screen and aloud.
   * @param {string} key
   */
  say(key) {
    this.saying = () => {
      part('found').replaceChildren();
      part('heard').replaceChildren(key ? el('span', {}, this.words.t(key)) : '');
    };
    this.saying();
  }

  /** Keeps the scanner and the lists for the day without a network. */
  async keep() {
    keepForOffline();
    const { published, lists, receipts } = await this.trust();
    addEventListener('online', () => receipts.send());
    await Promise.all([lists.refresh({ published }), receipts.send()]);
    const registration = await navigator.serviceWorker?.ready;
    registration?.active?.postMessage('keep-scanner');
  }
}

new Scanner().start();
