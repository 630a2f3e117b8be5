// @ts-check
// The proof of an opening for whoever has opened: asked for when it is wanted, as each is an entry of the log, and asked for again while the log has not
// published the entry.

import { el } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { post } from './post.js';

const AGAIN = 20_000; // milliseconds between two questions
const TRIES = 15;

/** @typedef {'idle'|'asking'|'waiting'|'ready'|'offline'|'failed'} State */

export class Proof {
  /**
   * @param {import('./glass.js').Host} host
   * @param {() => string} running  token of the grant that runs
   */
  constructor(host, running) {
    this.host = host;
    this.running = running;
    this.grant = '';
    this.state = /** @type {State} */ ('idle');
    this.file = { href: '', name: '' };
    this.timer = 0;
  }

  /** A proof belongs to its opening and goes with it. */
  forget() {
    clearTimeout(this.timer);
    if (this.file.href) URL.revokeObjectURL(this.file.href);
    Object.assign(this, { grant: '', state: 'idle', file: { href: '', name: '' } });
  }

  begin() {
    if (this.state === 'asking' || this.state === 'waiting') return;
    this.forget();
    this.grant = this.running();
    this.ask(1);
  }

  /** @param {number} tries */
  async ask(tries) {
    const { grant } = this;
    if (this.state !== 'waiting') this.say('asking');
    const { status, file } = await fetched(grant);
    if (grant !== this.grant) return; // it has ended meanwhile, or more was opened
    if (file) this.file = file;
    if (file) this.say('ready');
    else if (status === 409 && tries < TRIES) this.wait(tries + 1);
    else this.say(status === 0 ? 'offline' : 'failed');
  }

  /** @param {number} tries */
  wait(tries) {
    this.say('waiting');
    this.timer = window.setTimeout(() => (document.hidden ? this.wait(tries) : this.ask(tries)), AGAIN);
  }

  /** @param {State} state */
  say(state) {
    this.state = state;
    const [said, act] = [document.getElementById('proof-said'), document.getElementById('proof-act')];
    if (!said || !act) return; // another page is shown
    const focused = act.contains(document.activeElement);
    said.textContent = this.said();
    act.replaceChildren(this.action());
    if (focused) /** @type {HTMLElement} */ (act.firstElementChild).focus();
  }

  said() {
    const { host: { words }, state } = this;
    if (state === 'idle' || state === 'asking') return '';
    return words.t(state === 'offline' ? 'glass.offline' : `glass.proof.${state}`);
  }

  action() {
    const { host: { words }, state, file } = this;
    if (state === 'ready') return el('a', { class: 'call', href: file.href, download: file.name }, words.t('glass.proof.save'));
    const ask = button(words.t('glass.proof.ask'), 'plain', () => this.begin());
    if (state === 'asking' || state === 'waiting') ask.setAttribute('aria-disabled', 'true');
    return ask;
  }

  /** What stands on the page of the opening. */
  part() {
    const { words } = this.host;
    return el('section', { class: 'about note', 'aria-labelledby': 'proof' },
      el('h2', { id: 'proof' }, words.t('glass.proof.title')),
      el('p', {}, words.t('glass.proof.text')),
      el('p', { id: 'proof-said', role: 'status' }, this.said()),
      el('p', { id: 'proof-act' }, this.action()));
  }
}

/**
 * @param {string} grant
 * @returns {Promise<{status: number, file: {href: string, name: string} | null}>} status 0 without a connection
 */
async function fetched(grant) {
  try {
    const response = await post('/v1/proof', { grant });
    if (!response.ok) return { status: response.status, file: null };
    const [, name = 'opening.tlog-proof'] = /filename="?([\w.-]+)/.exec(response.headers.get('content-disposition') ?? '') ?? [];
    return { status: 200, file: { href: URL.createObjectURL(await response.blob()), name } };
  } catch {
    return { status: 0, file: null };
  }
}
