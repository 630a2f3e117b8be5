// @ts-check
// Breaking the glass: from the question whether it is needed to what was opened, and its end. The reader page shows these views in the place of the
// front, as entries of its history.

import { forgetGrant, rememberGrant } from '../reader/memory.js';
import { ask, noAnswers, remaining, requestBody } from '../reader/open.js';
import { keptBadge, ownBadge, WITHOUT } from './badge.js';
import { Conversation } from './conversation.js';
import { Handover } from './handover.js';
import { endedPage, openedPage, refusedPage, showTimeLeft } from './opened.js';
import { Proof } from './proof.js';
import { check, interruption, opening, whoAreYou, why } from './questions.js';
import { Waits } from './waits.js';

/** @typedef {'stop'|'who'|'why'|'check'|'opening'|'opened'|'ended'|'refused'|'waiting'|'talk'|'callback'|'hospital'|'location'|'handover'} View */

/** Views of what was opened. They close with it. */
const OPENED = ['opened', 'talk', 'callback', 'hospital', 'location', 'handover'];

/** Milliseconds before its time at which an end is somebody's doing: the clocks of two machines do not run alike. */
const EARLY = 5000;

/**
 * The page that the views stand on.
 * @typedef {object} Host
 * @property {import('../reader/words.js').Words} words
 * @property {import('../reader/words.js').Words | null} beside  the holder's language, when both are shown
 * @property {import('../reader/card.js').Read | null} read
 * @property {string[]} keys  catalogue keys by card number
 * @property {'front' | View} view
 * @property {(view: 'front' | View) => void} go       as a new entry of the history
 * @property {(view: 'front' | View) => void} replace  in the place of the last entry
 * @property {(view: 'front' | View, options?: {keepPlace?: boolean}) => void} render
 * @property {(text: string) => void} announce  to whoever listens to the page
 */

export class Glass {
  /** @param {Host} host */
  constructor(host) {
    this.host = host;
    this.answers = noAnswers();
    this.step = /** @type {'critical'|'sensitive'} */ ('critical');
    this.error = '';
    this.answer = /** @type {any} */ (null); // of the running grant
    this.since = new Date(); // when it was opened
    this.endsAt = 0; // by performance.now, which no change of the clock moves
    this.closed = false; // before its time was over, by somebody else
    this.outcome = /** @type {import('../reader/open.js').Outcome | null} */ (null);
    this.own = /** @type {import('./badge.js').Badge | null} */ (null); // of whoever is signed in
    this.worn = true; // the badge, when there is one
    this.waits = new Waits(this);
    this.conversation = new Conversation(host, () => this.handover.refresh(), (grant) => this.ended(grant));
    this.handover = new Handover(host, this.conversation, this);
    this.proof = new Proof(host, () => this.answer?.grant ?? '');
  }

  // What is stated

  /** @param {'critical'|'sensitive'} step */
  begin(step) {
    this.step = step;
    this.answers.reason = '';
    this.answers.reason_text = '';
    this.error = '';
    this.host.go(step === 'critical' ? 'stop' : 'why');
    this.lookForBadge();
  }

  async lookForBadge() {
    this.own = await ownBadge();
    if (this.own && (this.host.view === 'who' || this.host.view === 'check')) this.host.render(this.host.view, { keepPlace: true });
  }

  get theirBadge() {
    return keptBadge(Date.now()) ?? this.own;
  }

  get badge() {
    return this.worn ? this.theirBadge : null;
  }

  /** @param {boolean} worn */
  wear(worn) {
    this.worn = worn;
    this.host.render('who');
  }

  /** What a badge says nobody has to say again. */
  stated() {
    const { answers } = this;
    if (this.badge) return { ...answers, role: '', name: '', organization: '' };
    return { ...answers, role: answers.role || 'other' };
  }

  answerWhy() {
    const { reason, reason_text: text } = this.answers;
    this.error = reason === '' ? 'glass.error.reason' : reason === 'other' && text === '' ? 'glass.error.reason_text' : '';
    if (this.error) this.host.render('why');
    else this.host.go('check');
  }

  // What is opened

  /**
   * Shows again what was opened, with the token of its grant when the page was loaded anew.
   * @param {string} token
   */
  resume(token) {
    if (this.answer) this.host.go('opened');
    else this.open(token);
  }

  /** @param {string} grant token of a running grant, or "" */
  async open(grant) {
    const { read } = this.host;
    if (!read) return;
    this.host.render('opening');
    const outcome = await this.ask(read, grant ? 'critical' : this.step, grant ? noAnswers() : this.stated(), grant);
    if (read !== this.host.read) return; // another card was scanned meanwhile
    if (outcome.kind === 'granted') {
      this.take(read, outcome.answer, grant !== '');
      this.host.replace('opened');
    } else if (outcome.kind === 'wait') {
      this.outcome = outcome;
      this.waits.begin(read, this.asked(), outcome.answer);
      this.host.replace('waiting');
    } else {
      if (grant) forgetGrant(read.card.id);
      this.outcome = outcome;
      this.host.replace('refused');
    }
  }

  /**
   * @param {import('../reader/card.js').Read} read
   * @param {'critical'|'sensitive'} step
   * @param {import('../reader/open.js').Answers} answers
   * @param {string} grant
   */
  ask(read, step, answers, grant) {
    const badge = this.worn ? this.theirBadge?.token ?? '' : WITHOUT;
    return ask(read.card.id, requestBody(read.secret, step, answers, grant, badge), this.host.words.lang);
  }

  /**
   * @param {import('../reader/card.js').Read} read
   * @param {any} answer
   * @param {boolean} again  it was opened before the page was loaded
   */
  take(read, answer, again = false) {
    this.answer = answer;
    this.since = new Date(answer.now);
    this.endsAt = performance.now() + remaining(answer);
    this.closed = false;
    this.handover.forget();
    this.proof.forget();
    rememberGrant(read.card.id, answer.grant, Date.now() + remaining(answer));
    this.conversation.talk.join(answer.grant);
    if (again) this.waits.remember();
    else if (answer.watch) this.waits.begin(read, this.asked(), answer);
  }

  /** What was asked for, as far as it matters when it is asked for again. */
  asked() {
    return { step: this.step, answers: this.stated(), worn: this.worn };
  }

  /** Says how much time is left, and takes what was opened from the screen when there is none. */
  tick() {
    this.waits.tick();
    if (!this.answer) return;
    const left = this.endsAt - performance.now();
    if (left > 0) showTimeLeft(left, this.host.words);
    else this.end(false);
  }

  showsOpened() {
    return OPENED.includes(this.host.view);
  }

  /** @param {string} grant that the server says has ended */
  ended(grant) {
    if (this.answer?.grant === grant) this.end(this.endsAt - performance.now() > EARLY);
  }

  /**
   * Ends what was opened. What waits beside it waits on, and is not opened by itself any more.
   * @param {boolean} closed  by the person or by whoever keeps their record
   */
  end(closed) {
    const shown = this.showsOpened();
    this.close();
    if (shown) this.waits.stop();
    this.closed = closed;
    if (this.host.read) forgetGrant(this.host.read.card.id);
    if (shown) this.host.replace('ended');
  }

  /** Forgets what was opened and what was told. What is on the screen goes with the next view. */
  close() {
    this.answer = null;
    this.conversation.leave();
    this.handover.forget();
    this.proof.forget();
  }

  /** Forgets what belongs to this card. A request goes on waiting. */
  wipe() {
    this.close();
    this.waits.stop();
  }

  /** A browser may keep a page that was left and show it again: not what was opened on it. */
  leave() {
    const shown = this.answer !== null || this.waits.wait !== null;
    this.wipe();
    if (shown) this.host.render('front');
  }

  // The views

  /**
   * Whether a view still makes sense: answers are lost in a reload, and an opened record ends.
   * @param {string} view
   */
  isPossible(view) {
    if (OPENED.includes(view)) return this.answer !== null;
    if (view === 'waiting') return this.waits.wait !== null;
    if (view === 'refused') return this.outcome !== null;
    if (view === 'check') return this.answers.reason !== '';
    return true;
  }

  /** @param {View} view */
  page(view) {
    const { host, answers, waits, conversation } = this;
    const { words } = host;
    const back = () => history.back();
    switch (view) {
      case 'stop':
        return interruption(words, { next: () => host.go('who'), back });
      case 'who':
        return whoAreYou(words, answers, this.badge, this.worn ? null : this.theirBadge, { next: () => host.go('why'), back, wear: (worn) => this.wear(worn) });
      case 'why':
        return why(words, answers, this.step, this.error, { next: () => this.answerWhy(), back });
      case 'check':
        return check(words, answers, this.badge, { next: () => this.open(''), back, change: (to) => host.go(/** @type {View} */ (to)) });
      case 'opening':
        return opening(words);
      case 'opened':
        return openedPage(this.answer, host.keys, words, host.beside, { wait: waits.wait, messages: conversation.messages, news: conversation.news(), proof: this.proof.part(), unworn: this.badge !== null && !this.answer.badge }, {
          sensitive: () => this.begin('sensitive'), again: () => waits.again(), close: () => this.end(false), withdraw: () => waits.withdraw(),
          talk: () => conversation.go('talk'), handOver: () => this.handover.begin(),
        });
      case 'waiting':
        return waits.page();
      case 'talk':
      case 'callback':
      case 'hospital':
      case 'location':
        return conversation.page(view);
      case 'handover':
        return this.handover.page();
      case 'ended':
        return endedPage(words, this.closed, () => host.go('front'));
      default:
        return refusedPage(/** @type {import('../reader/open.js').Outcome} */ (this.outcome), words, { back: () => host.go('front'), again: () => host.go('check') });
    }
  }
}
