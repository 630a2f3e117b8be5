// @ts-check
// What a contact sees by the link of a message. The secret of the link stands behind #: it is sent in the body of requests alone. What proves the contact, a
// code or a passkey, is asked for once and kept by nobody: the server gives a ticket for as long as this page stays.

import { Live } from '../glass/live.js';
import { el } from '../reader/dom.js';
import { recordOf, shownRecord } from '../reader/sections.js';
import { json, loadWords } from '../reader/words.js';
import { verifyIfStale } from './approve.js';
import { get, post, Problem } from './passkey.js';
import { addLines } from './thread.js';

const KEPT = 'locket-event';

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
const part = (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-event-${name}]`));

/**
 * @param {string} name
 * @param {boolean} is
 */
function show(name, is) {
  for (const each of document.querySelectorAll(`[data-event-${name}]`)) /** @type {HTMLElement} */ (each).hidden = !is;
}

/**
 * @param {string} name
 * @param {string} text
 */
function say(name, text) {
  const element = part(name);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/**
 * What this tab remembers, so that the page can be loaded again: the link, and what was asked for and opened by it.
 * @typedef {{token: string, watch?: string, grant?: string, asked?: object}} Kept
 */

/** @returns {Kept} */
function recall() {
  try {
    return { token: '', ...JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') };
  } catch {
    return { token: '' };
  }
}

/** @param {Kept} kept */
function remember(kept) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // then it holds for this page only
  }
}

class ContactPage {
  /** @param {Kept} kept */
  constructor(kept) {
    this.kept = kept;
    this.ticket = '';
    this.code = '';
    this.live = /** @type {Live | null} */ (null);
    this.waiting = /** @type {Live | null} */ (null);
    this.opened = /** @type {Live | null} */ (null);
  }

  get proof() {
    return { token: this.kept.token, code: this.code, ticket: this.ticket };
  }

  get after() {
    return Number(part('thread').dataset.after ?? 0);
  }

  async start() {
    this.listen();
    try {
      this.hear(await post('/v1/event', { ...this.proof, after: 0 }));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) show('gone', true);
      else return say('wait', explain(error));
    }
    show('wait', false);
    part('title').focus();
  }

  listen() {
    this.onSubmit('code', async (form) => {
      this.code = String(new FormData(form).get('code') ?? '');
      try {
        this.hear(await post('/v1/event', { ...this.proof, after: 0 }));
      } finally {
        this.code = '';
      }
      form.reset();
      part('title').focus();
    });
    this.onSubmit('passkey', async () => {
      await post('/v1/signin/finish', await get(await post('/v1/signin/begin', {})));
      this.hear(await post('/v1/event', { ...this.proof, after: 0 }));
      part('title').focus();
    });
    this.onSubmit('decide', (form, how) => this.decide(form, how));
    this.onSubmit('answer', async (form) => {
      const text = String(new FormData(form).get('answer') ?? '').trim();
      if (text === '') return;
      this.hear(await post('/v1/event/send', { ...this.proof, after: this.after, text }));
      form.reset();
    });
    part('offer').querySelector('button')?.addEventListener('click', () => {
      show('offer', false);
      show('ask', true);
      /** @type {HTMLElement | null} */ (part('ask').querySelector('input:checked'))?.focus();
    });
    this.onSubmit('ask', (form) => this.ask(form));
    this.onSubmit('withdraw', async () => {
      await post('/v1/requests/withdraw', { watch: this.kept.watch ?? '' });
      this.waitNoMore();
      part('said').replaceChildren();
    });
    this.onSubmit('stop', async () => {
      await post('/v1/event/stop', { token: this.kept.token });
      this.live?.stop();
      this.waitNoMore();
      for (const name of ['lead', 'code', 'passkey', 'proven', 'stop']) show(name, false);
      show('stopped', true);
      /** @type {HTMLElement | null} */ (document.querySelector('[data-event-stopped] h2'))?.focus();
    });
  }

  /**
   * @param {string} name of the part that is the form, or holds it
   * @param {(form: HTMLFormElement, how: string) => Promise<void>} work
   */
  onSubmit(name, work) {
    const found = part(name);
    const form = /** @type {HTMLFormElement} */ (found instanceof HTMLFormElement ? found : found.querySelector('form'));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (form.dataset.busy !== undefined) return;
      form.dataset.busy = '';
      const status = /** @type {HTMLElement} */ (form.querySelector('[data-status]'));
      status.textContent = '';
      try {
        await work(form, /** @type {HTMLButtonElement | null} */ (event.submitter)?.value ?? '');
        status.classList.remove('fault');
      } catch (error) {
        status.textContent = explain(error);
        status.classList.add('fault');
      } finally {
        delete form.dataset.busy;
      }
    });
  }

  /**
   * Shows how things stand.
   * @param {any} said
   */
  hear(said) {
    if (said.ticket) this.ticket = said.ticket;
    say('title', said.title);
    document.title = `${said.title} – Locket`;
    say('lead', said.lead);
    show('code', !said.proven && said.proof === 'code');
    show('passkey', !said.proven && said.proof === 'passkey');
    show('proven', said.proven);
    show('stop', true);
    if (!said.proven) return false;
    say('state', said.state_text);
    part('facts').replaceChildren(...said.facts.map((/** @type {any} */ fact) => el('div', {}, el('dt', {}, fact.label),
      el('dd', {}, fact.own ? el('bdi', { dir: 'auto', lang: '' }, fact.value) : el('bdi', {}, fact.value)))));
    show('approve', said.can_approve);
    show('veto', said.can_veto);
    part('decide').hidden = !said.can_approve && !said.can_veto;
    part('talk').hidden = !said.grant;
    addLines(part('thread'), said.thread);
    const goes = said.state === 'waiting' || said.state === 'running';
    if (goes) this.follow();
    if (this.kept.watch) this.wait();
    if (this.kept.grant && part('record').hidden) this.reopen();
    return goes;
  }

  follow() {
    if (this.live) return;
    const refused = () => location.reload();
    this.live = new Live('/v1/event/watch', () => ({ ...this.proof, after: this.after }), (said) => this.hear(said), refused, 'same-origin');
    this.live.start();
  }

  /**
   * @param {HTMLFormElement} form
   * @param {string} how
   */
  async decide(form, how) {
    const path = how === 'veto' ? '/v1/event/veto' : '/v1/event/approve';
    const body = { ...this.proof, after: this.after };
    try {
      this.hear(await post(path, body));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'fresh_passkey') throw error;
      await verifyIfStale(form);
      this.hear(await post(path, body));
    }
    part('title').focus();
  }

  // The contact's own view of the record

  /**
   * Asks for all that the rules give to a contact: somebody far away waits for it anyhow, and has said why.
   * @param {HTMLFormElement} form
   */
  async ask(form) {
    const data = new FormData(form);
    const asked = { step: 'sensitive', reason: String(data.get('reason') ?? ''), reason_text: String(data.get('reason_text') ?? '').trim() };
    this.keep({ asked });
    await this.open();
  }

  async open() {
    const answer = await post('/v1/contact/open', { ...this.proof, ...this.kept.asked });
    if (answer.watch) this.keep({ watch: answer.watch });
    if (answer.outcome === 'granted') await this.showRecord(answer);
    else this.said(answer.why_text);
    this.wait();
  }

  /** @param {string[]} sentences */
  said(sentences) {
    part('said').replaceChildren(...sentences.map((text) => el('p', { class: 'notice' }, text)));
  }

  wait() {
    if (this.waiting || !this.kept.watch) return;
    show('offer', false);
    show('ask', false);
    show('withdraw', true);
    const hear = (/** @type {any} */ state) => {
      if (state.state === 'waiting') return true;
      this.waitNoMore();
      if (state.state === 'open') this.open().catch((error) => this.said([explain(error)]));
      else if (state.state === 'vetoed') this.said([part('own').dataset.vetoed ?? '']);
      return false;
    };
    this.waiting = new Live('/v1/requests/watch', () => ({ watch: this.kept.watch }), hear, () => this.waitNoMore());
    this.waiting.start();
  }

  waitNoMore() {
    this.waiting?.stop();
    this.waiting = null;
    this.keep({ watch: undefined });
    show('offer', true);
    show('withdraw', false);
  }

  async reopen() {
    try {
      await this.showRecord(await post('/v1/contact/open', { ...this.proof, grant: this.kept.grant }));
    } catch {
      this.keep({ grant: undefined });
    }
  }

  /** @param {any} answer */
  async showRecord(answer) {
    const { lang, dir } = document.documentElement;
    const [words, keys] = await Promise.all([loadWords(lang, dir), json('labels/keys.json')]);
    this.keep({ grant: answer.grant });
    part('said').replaceChildren();
    part('until').textContent = answer.why_text?.[0] ?? '';
    part('sections').replaceChildren(...recordOf(shownRecord(answer.record, keys), words, new Date()));
    for (const name of ['offer', 'ask', 'withdraw']) show(name, false);
    show('record', true);
    show('own', Boolean(this.kept.watch)); // what is still waited for
    document.getElementById('record')?.focus();
    const hear = (/** @type {any} */ thread) => {
      if (thread.ended) this.close();
      return !thread.ended;
    };
    this.opened?.stop();
    this.opened = new Live('/v1/thread/watch', () => ({ grant: answer.grant, after: 0 }), hear, () => this.close());
    this.opened.start();
  }

  /** What was opened is shown no longer than it is open. */
  close() {
    this.keep({ grant: undefined });
    part('sections').replaceChildren();
    show('record', false);
    show('own', true);
    show('offer', true);
    this.said([part('own').dataset.closed ?? '']);
  }

  /** @param {Partial<Kept>} more */
  keep(more) {
    this.kept = { ...this.kept, ...more };
    remember(this.kept);
  }
}

/** @param {unknown} error */
function explain(error) {
  const words = /** @type {HTMLElement | null} */ (document.querySelector('[data-words]'))?.dataset ?? {};
  if (error instanceof Problem) return `${error.message} ${error.detail}`;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'AbortError') return words.cancelled ?? '';
  return words.offline ?? '';
}

/** The link that the page was opened by, or the one that this tab remembers after a change of language. */
function takeToken() {
  const token = location.hash.slice(1);
  const kept = recall();
  if (token === '') {
    if (kept.token) history.replaceState(null, '', `${location.pathname}${location.search}#${kept.token}`);
    return kept;
  }
  if (token !== kept.token) remember({ token });
  return token === kept.token ? kept : { token };
}

addEventListener('hashchange', () => location.reload());
new ContactPage(takeToken()).start();
