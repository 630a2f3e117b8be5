// @ts-check
// Following something that changes on the server: by a stream where one comes through, else by asking from time to time, and by nothing at all while
// the page is hidden.

import { Events } from './events.js';
import { post, tell } from './post.js';

const SOON = 1000; // milliseconds before a stream that ended is asked for again
const FIRST = 10_000; // for the first word of a stream, which is sent at once
const SILENCE = 50_000; // between two words of a stream: something is sent every 20 seconds
const EVERY = 15_000; // between two questions
const AGAIN = 4; // questions after which a stream is tried once more: what stood in its way may have been a page that slept
const SELDOM = 120_000; // the same when nobody answers

/** @typedef {'heard'|'silent'|'over'} Went */

export class Live {
  /**
   * @param {string} path
   * @param {() => object} body  of the next request
   * @param {(state: any) => boolean} hear  of what it is now; says whether there is more to follow
   * @param {(status: number) => void} refused  the server will not say, and is not asked again
   * @param {RequestCredentials} credentials  whether the session goes along
   */
  constructor(path, body, hear, refused, credentials = 'omit') {
    this.path = path;
    this.body = body;
    this.hear = hear;
    this.refused = refused;
    this.credentials = credentials;
    this.running = /** @type {AbortController | null} */ (null);
    this.look = () => (document.hidden ? this.pause() : this.go());
  }

  start() {
    document.addEventListener('visibilitychange', this.look);
    this.look();
  }

  stop() {
    document.removeEventListener('visibilitychange', this.look);
    this.pause();
  }

  pause() {
    this.running?.abort();
    this.running = null;
  }

  async go() {
    if (this.running) return;
    const { signal } = this.running = new AbortController();
    let streams = true;
    let questions = 0;
    let pause = EVERY;
    while (!signal.aborted) {
      /** @type {Went} */
      const went = streams ? await this.stream(signal) : await this.ask(signal);
      if (went === 'over') return this.stop();
      if (streams) {
        streams = went === 'heard';
        if (streams) await rest(SOON, signal);
      } else {
        pause = went === 'heard' ? EVERY : Math.min(2 * pause, SELDOM);
        await rest(pause, signal);
        streams = went === 'heard' && ++questions % AGAIN === 0;
      }
    }
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Went>}
   */
  async ask(signal) {
    const { status, answer } = await tell(this.path, this.body(), signal, this.credentials);
    if (signal.aborted) return 'silent';
    if (status !== 200) return this.refusal(status);
    return this.hear(answer) ? 'heard' : 'over';
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Went>}
   */
  async stream(signal) {
    const cut = new AbortController();
    const stop = () => cut.abort();
    signal.addEventListener('abort', stop);
    let patience = setTimeout(stop, FIRST);
    let heard = /** @type {Went} */ ('silent');
    try {
      const response = await post(this.path, this.body(), { accept: 'text/event-stream', signal: cut.signal, credentials: this.credentials });
      if (!response.ok) return this.refusal(response.status);
      if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) return 'silent';
      const reader = response.body.getReader();
      const text = new TextDecoder();
      const events = new Events();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return heard;
        clearTimeout(patience);
        patience = setTimeout(stop, SILENCE);
        for (const data of events.push(text.decode(value, { stream: true }))) {
          heard = 'heard';
          if (!this.hear(JSON.parse(data))) return 'over';
        }
      }
    } catch {
      return heard; // cut off, or nothing that makes sense
    } finally {
      clearTimeout(patience);
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  /**
   * @param {number} status
   * @returns {Went}
   */
  refusal(status) {
    if (status === 0 || status === 429 || status >= 500) return 'silent';
    this.refused(status);
    return 'over';
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal ends it early
 */
function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(undefined);
    }
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
