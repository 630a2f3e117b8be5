// @ts-check
// What waits for this card: followed from the request on, shown again after a reload, and opened as soon as it may be.

import { forgetWait, runningWait } from '../reader/memory.js';
import { Wait } from './wait.js';
import { waitingPage, waitLeft } from './waiting.js';

/** @typedef {import('../reader/card.js').Read} Read */
/** @typedef {import('../reader/memory.js').Kept} Kept */

/** Milliseconds before a request is made again that waits and cannot be followed. */
const AGAIN = 15_000;

/** Answers after which the same request can simply be made again. */
const PASSING = ['offline', 'unavailable', 'slow_down'];

export class Waits {
  /** @param {import('./glass.js').Glass} glass */
  constructor(glass) {
    this.glass = glass;
    this.wait = /** @type {Wait | null} */ (null);
    this.asking = false;
  }

  /**
   * @param {Read} read
   * @param {Pick<Kept, 'step' | 'answers' | 'worn'>} asked
   * @param {any} answer that says that something waits
   */
  begin(read, asked, { watch, until, now, approvals, outcome }) {
    const known = this.wait?.kept ?? runningWait(read.card.id); // only the first of several requests is told what it is followed by
    const opens = outcome === 'wait' ? Date.now() + Math.max(AGAIN, Date.parse(until) - Date.parse(now)) : 0;
    this.follow(read, { ...asked, watch: watch || (known?.step === asked.step ? known.watch : ''), opens, needed: approvals ?? 0 });
  }

  /**
   * @param {Read} read
   * @param {Kept} kept
   */
  follow(read, kept) {
    this.stop();
    this.wait = new Wait(read.card.id, kept, (wait) => this.changed(wait));
    this.wait.start();
  }

  /** Follows again what was asked for before the page was loaded anew. */
  remember() {
    const { read } = this.glass.host;
    const kept = read && runningWait(read.card.id);
    if (read && kept && !this.wait) this.follow(read, kept);
  }

  resume() {
    this.remember();
    if (!this.wait) return;
    this.glass.host.go('waiting');
    if (this.wait.state === 'open') this.open(this.wait);
  }

  /** Follows nothing any more. What waits goes on waiting. */
  stop() {
    this.wait?.stop();
    this.wait = null;
  }

  tick() {
    const { wait, glass } = this;
    wait?.tick();
    const shown = document.getElementById('wait-left');
    const text = wait && shown ? waitLeft(wait, glass.host.words) : '';
    if (shown && shown.textContent !== text) shown.textContent = text;
  }

  /** @param {Wait} wait */
  changed(wait) {
    const { glass, glass: { host } } = this;
    if (wait !== this.wait) return;
    if (['waiting', 'opened', 'front'].includes(host.view)) host.render(host.view, { keepPlace: true });
    if (wait.state !== 'waiting') host.announce(host.words.t(`glass.wait.${wait.state}.title`));
    // Nothing is opened behind the back of somebody who has gone on to something else.
    if (wait.state === 'open' && (host.view === 'waiting' || glass.showsOpened())) this.open(wait);
  }

  /**
   * Asks again for what has waited, with the same answers.
   * @param {Wait} wait
   */
  async open(wait) {
    const { glass, glass: { host, host: { read } } } = this;
    if (!read || this.asking) return;
    const { step, answers, worn } = wait.kept;
    Object.assign(glass, { step, worn });
    this.asking = true;
    const outcome = await glass.ask(read, step, answers, '');
    this.asking = false;
    if (read !== host.read || wait !== this.wait) return;
    if (outcome.kind === 'granted') {
      this.stop();
      forgetWait(read.card.id);
      glass.take(read, outcome.answer);
      if (host.view === 'waiting') host.replace('opened');
      else if (host.view === 'opened') host.render('opened', { keepPlace: true });
      host.announce(host.words.t('glass.wait.opened'));
    } else if (outcome.kind === 'wait') {
      glass.outcome = outcome;
      this.begin(read, wait.kept, outcome.answer);
      if (host.view === 'waiting') host.render('waiting', { keepPlace: true });
    } else if (PASSING.includes(outcome.kind)) {
      wait.offline = true; // it stays open, and is asked for again by a tap
      if (host.view === 'waiting' || host.view === 'opened') host.render(host.view, { keepPlace: true });
    } else if (host.view === 'waiting') {
      glass.outcome = outcome;
      host.replace('refused');
    }
  }

  withdraw() {
    this.wait?.withdraw();
  }

  /** Asks again by hand: what is over, with the answers as they were. */
  again() {
    const { glass, wait } = this;
    if (!wait) return;
    if (wait.state === 'waiting' || wait.state === 'open') {
      this.open(wait);
      return;
    }
    Object.assign(glass, { step: wait.kept.step, answers: { ...glass.answers, ...wait.kept.answers } });
    this.stop();
    glass.host.go('check');
  }

  page() {
    const { host, outcome } = this.glass;
    return waitingPage(/** @type {Wait} */ (this.wait), outcome?.kind === 'wait' ? outcome.actions ?? [] : [], host.words, {
      back: () => host.go('front'), withdraw: () => this.withdraw(), again: () => this.again(),
    });
  }
}
