// @ts-check
// A request that waits: what was asked, until when, and what becomes of it.

import { forgetWait, rememberWait } from '../reader/memory.js';
import { Live } from './live.js';
import { tell } from './post.js';

/** @typedef {'waiting'|'open'|'vetoed'|'withdrawn'|'over'} State */
/** @typedef {import('../reader/memory.js').Kept} Kept */

const STATES = ['waiting', 'open', 'vetoed', 'withdrawn', 'over'];

export class Wait {
  /**
   * @param {string} card
   * @param {Kept} kept
   * @param {(wait: Wait) => void} changed
   */
  constructor(card, kept, changed) {
    this.card = card;
    this.kept = kept;
    this.changed = changed;
    this.state = /** @type {State} */ ('waiting');
    this.offline = false; // the last try to take it back did not arrive
    this.opensAt = performance.now() + (kept.opens || Date.now()) - Date.now(); // no change of the clock moves it any more
    this.due = false; // the time has come, and whoever follows it was told
    this.live = kept.watch ? new Live('/v1/requests/watch', () => ({ watch: kept.watch }), (now) => this.hear(now), () => this.hear({ state: 'over' })) : null;
  }

  start() {
    rememberWait(this.card, this.kept);
    this.live?.start();
  }

  /** Follows it no longer. It goes on waiting. */
  stop() {
    this.live?.stop();
  }

  /** Milliseconds until it opens. */
  left() {
    return Math.max(0, this.opensAt - performance.now());
  }

  /**
   * @param {any} now the state that the server tells
   * @returns {boolean} whether there is more to follow
   */
  hear(now) {
    const { state, opens_at: opens, now: at, needed } = now ?? {};
    if (!STATES.includes(state)) return true;
    const before = JSON.stringify([this.state, this.kept]);
    this.state = state;
    const left = Date.parse(opens) - Date.parse(at);
    if (left >= 0) {
      this.opensAt = performance.now() + left;
      if (Math.abs(this.kept.opens - Date.now() - left) > 1000) this.kept.opens = Date.now() + left;
    }
    if (Number.isInteger(needed)) this.kept.needed = needed;
    if (state === 'waiting' || state === 'open') rememberWait(this.card, this.kept);
    else forgetWait(this.card);
    if (before !== JSON.stringify([this.state, this.kept])) this.changed(this);
    return state === 'waiting';
  }

  /** Looks at the time. Where nothing can be followed, the time alone says that asking again may open it. */
  tick() {
    if (this.live || this.due || this.state !== 'waiting' || this.left() > 0) return;
    this.due = true;
    this.hear({ state: 'open' });
  }

  async withdraw() {
    const { status, answer } = await tell('/v1/requests/withdraw', { watch: this.kept.watch });
    this.offline = status !== 200 && status !== 404;
    if (this.offline) this.changed(this);
    else {
      this.stop();
      this.hear(status === 200 ? answer : { state: 'over' });
    }
  }
}
