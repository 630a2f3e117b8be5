// @ts-check
// The responder's side of the talk: what is being written, what was heard, and the pages of both.

import { Talk } from './talk.js';
import { askPage, locate, newsItems, noDraft, senderOf, talkItems, talkPage } from './talkpage.js';
import { noteText } from './told.js';

/** @typedef {import('./glass.js').Host} Host */
/** @typedef {'talk'|'callback'|'hospital'|'location'} View */

export class Conversation {
  /**
   * @param {Host} host
   * @param {() => void} changed  something was said
   * @param {(grant: string) => void} ended
   */
  constructor(host, changed, ended) {
    this.host = host;
    this.changed = changed;
    this.talk = new Talk((fresh) => this.heard(fresh), ended);
    this.draft = noDraft();
    this.unread = /** @type {import('./talk.js').Message | null} */ (null); // the last message of others that came while its page was not shown
  }

  get messages() {
    return this.talk.messages();
  }

  /** Forgets what was said and what was being written. */
  leave() {
    this.talk.leave();
    this.draft = noDraft();
    this.unread = null;
  }

  /** @param {import('./glass.js').View} view */
  go(view) {
    this.draft.problem = '';
    this.host.go(view);
  }

  /**
   * Shows what is new in its place: the page is not filled anew while somebody writes on it.
   * @param {import('./talk.js').Message[]} fresh
   */
  heard(fresh) {
    const { messages, host: { words } } = this;
    document.getElementById('talk-list')?.replaceChildren(...talkItems(messages, words));
    document.getElementById('talk-last')?.replaceChildren(...talkItems(messages.slice(-1), words));
    if (this.host.view !== 'talk') this.unread = fresh.at(-1) ?? this.unread;
    document.getElementById('talk-news')?.replaceChildren(...this.news());
    this.changed();
    for (const message of fresh) this.host.announce(words.t('glass.talk.new', { name: senderOf(message, words), text: message.text }));
  }

  /**
   * @param {import('./talk.js').Saying} saying
   * @param {'text'|'callback'|'hospital'|'note'|'place'} field  of the draft that is emptied
   */
  async send(saying, field) {
    const { host, draft } = this;
    if (draft.busy) return;
    draft.busy = true;
    const sent = await this.talk.send(saying);
    draft.busy = false;
    if (draft !== this.draft) return; // it has ended meanwhile
    draft.problem = sent ? '' : 'glass.talk.failed';
    if (sent) Object.assign(draft, { [field]: field === 'place' ? null : '' });
    if (sent) host.announce(host.words.t('glass.talk.sent'));
    if (sent && host.view === saying.kind) history.back();
    else host.render(host.view, { keepPlace: true });
  }

  sendNote() {
    const { topic, note } = this.draft;
    this.send({ kind: 'note', text: noteText(topic, note, this.host.words) }, 'note');
  }

  async locate() {
    const { host, draft } = this;
    if (draft.busy) return;
    Object.assign(draft, { busy: true, problem: '' });
    host.render('location', { keepPlace: true });
    const place = await locate();
    Object.assign(draft, { busy: false, place, problem: place ? '' : 'glass.talk.where.failed' });
    if (host.view === 'location') host.render('location', { keepPlace: true });
  }

  /** What stands at the edge of the screen while something is unread. */
  news() {
    return newsItems(this.unread, this.host.words, () => this.go('talk'));
  }

  /** @param {View} view */
  page(view) {
    const { messages, draft, host: { words } } = this;
    const back = () => history.back();
    if (view === 'talk') this.unread = null;
    if (view === 'talk') return talkPage(messages, draft, words, { send: (saying) => this.send(saying, 'text'), ask: (kind) => this.go(kind), back });
    return askPage(view, draft, words, { send: (saying) => this.send(saying, view === 'location' ? 'place' : view), locate: () => this.locate(), back });
  }
}
