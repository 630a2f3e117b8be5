// @ts-check
// What the responder, the family and the contacts tell one another while a grant runs. Each opening has a thread of its own; a responder who opened more
// reads them as one, and writes into the last.

import { Live } from './live.js';
import { tell } from './post.js';

/**
 * @typedef {object} Message
 * @property {number} number  within its thread
 * @property {'responder'|'keeper'|'contact'} sender
 * @property {string} name    of whoever sent it, "" when not known
 * @property {'text'|'callback'|'hospital'|'location'|'note'} kind
 * @property {string} text
 * @property {number} [lat]
 * @property {number} [lon]
 * @property {string} at
 */

/**
 * @typedef {object} Saying
 * @property {Message['kind']} kind
 * @property {string} [text]
 * @property {number} [lat]
 * @property {number} [lon]
 */

/** What can be told, in characters. */
export const LONGEST = 1000;

class Thread {
  /**
   * @param {string} grant
   * @param {(fresh: Message[], first: boolean) => void} heard
   * @param {() => void} ended
   */
  constructor(grant, heard, ended) {
    this.grant = grant;
    this.messages = /** @type {Map<number, Message>} */ (new Map());
    this.after = 0; // up to here the server has told everything; what was sent from here may run ahead of it
    this.heard = heard;
    this.ended = ended;
    this.first = true;
    this.live = new Live('/v1/thread/watch', () => ({ grant, after: this.after }), (now) => this.hear(now), (status) => {
      if (status === 403) ended();
    });
  }

  /**
   * @param {any} now
   * @returns {boolean} whether it goes on
   */
  hear(now) {
    const told = (Array.isArray(now?.messages) ? now.messages : []).filter((/** @type {any} */ { number }) => Number.isInteger(number));
    this.after = Math.max(this.after, ...told.map((/** @type {Message} */ { number }) => number));
    this.take(told);
    this.first = false;
    if (now?.ended) this.ended();
    return !now?.ended;
  }

  /** @param {Message[]} told */
  take(told) {
    const fresh = told.filter(({ number }) => !this.messages.has(number));
    for (const message of fresh) this.messages.set(message.number, message);
    if (fresh.length > 0 || this.first) this.heard(fresh, this.first);
  }
}

export class Talk {
  /**
   * @param {(fresh: Message[]) => void} heard  of messages of others, none when only the list has changed
   * @param {(grant: string) => void} ended
   */
  constructor(heard, ended) {
    this.heard = heard;
    this.ended = ended;
    this.threads = /** @type {Thread[]} */ ([]);
  }

  /** @param {string} grant */
  join(grant) {
    if (this.threads.some((thread) => thread.grant === grant)) return;
    const thread = new Thread(grant, (fresh, first) => {
      this.heard(first ? [] : fresh.filter(({ sender }) => sender !== 'responder'));
    }, () => this.ended(grant));
    this.threads.push(thread);
    thread.live.start();
  }

  /** Forgets all that was told. */
  leave() {
    for (const { live } of this.threads) live.stop();
    this.threads = [];
  }

  /** @returns {Message[]} in the order in which they were told */
  messages() {
    return this.threads.flatMap(({ messages }) => [...messages.values()]).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }

  /**
   * @param {Saying} saying
   * @returns {Promise<boolean>} whether it arrived
   */
  async send(saying) {
    const { kind, text = '', lat, lon } = saying;
    for (const thread of this.threadsFor(kind)) {
      const { status, answer } = await tell('/v1/thread/send', { grant: thread.grant, kind, text, lat: lat ?? 0, lon: lon ?? 0 });
      if (status === 200) {
        thread.take([{ number: answer.number, sender: 'responder', name: '', kind, text, lat, lon, at: new Date().toISOString() }]);
        return true;
      }
      if (status !== 403) return false;
      this.ended(thread.grant);
    }
    return false;
  }

  /**
   * Where something is said: what answers the family in the opening that they wrote into last, as they came by its link; all else, and what is noted for the
   * handover, in the newest one, which is also there when the other has ended.
   * @param {string} kind
   * @returns {Thread[]}
   */
  threadsFor(kind) {
    const newest = this.threads.at(-1);
    if (!newest) return [];
    const last = kind === 'note' ? undefined : this.messages().filter(({ sender }) => sender !== 'responder').at(-1);
    const asked = this.threads.find(({ messages }) => last && [...messages.values()].includes(last));
    return [...new Set([asked ?? newest, newest])];
  }
}
