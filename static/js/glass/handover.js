// @ts-check
// Handing over: the text as it is now, and the code that is made once for an opening.

import { handoverBody } from '../reader/open.js';
import { shownRecord } from '../reader/sections.js';
import { handoverLines, handoverPage } from './handoverpage.js';
import { handoverText, plainText } from './handovertext.js';
import { tell } from './post.js';
import { toldOf } from './told.js';

/**
 * What is open, and what was stated to open it.
 * @typedef {{answer: any, answers: import('../reader/open.js').Answers, since: Date}} Open
 */

export class Handover {
  /**
   * @param {import('./glass.js').Host} host
   * @param {import('./conversation.js').Conversation} conversation
   * @param {Open} open  as it is whenever it is looked at
   */
  constructor(host, conversation, open) {
    this.host = host;
    this.conversation = conversation;
    this.open = open;
    this.code = /** @type {import('./handoverpage.js').Code | null} */ (null);
    this.state = /** @type {'making'|'made'|'offline'|'failed'} */ ('made');
  }

  /** The code ends with what was open. */
  forget() {
    this.code = null;
    this.state = 'made';
  }

  begin() {
    this.conversation.go('handover');
    if (!this.code) this.make();
  }

  async make() {
    const { host, open: { answer } } = this;
    if (!host.read || this.state === 'making') return;
    this.state = 'making';
    host.render('handover', { keepPlace: true });
    const { status, answer: code } = await tell('/v1/handover', handoverBody(host.read, answer.grant));
    if (answer !== this.open.answer) return; // it has ended meanwhile, or more was opened
    this.state = status === 200 ? 'made' : status === 0 ? 'offline' : 'failed';
    if (status === 200) this.code = code;
    if (host.view === 'handover') host.render('handover', { keepPlace: true });
  }

  lines() {
    const { host, open: { answer, answers, since } } = this;
    const told = toldOf(this.conversation.messages, answers, since, host.words);
    return handoverText({ ...shownRecord(answer.record, host.keys), sections: answer.sections ?? [] }, told, host.words, new Date());
  }

  /** Writes the text anew where it is shown. */
  refresh() {
    if (this.open.answer) document.getElementById('handover-text')?.replaceChildren(...handoverLines(this.lines()));
  }

  async copy() {
    const { words } = this.host;
    const copied = await navigator.clipboard?.writeText(plainText(this.lines())).then(() => true, () => false);
    const text = document.getElementById('handover-text');
    if (!copied && text) getSelection()?.selectAllChildren(text); // then the browser's own way to copy takes one tap
    const status = document.getElementById('handover-copied');
    if (status) status.textContent = words.t(copied ? 'glass.handover.copied' : 'glass.handover.selected');
  }

  page() {
    return handoverPage(this.lines(), this.code, this.state, this.conversation, this.host.words, {
      back: () => history.back(), print: () => print(), copy: () => this.copy(), note: () => this.conversation.sendNote(), again: () => this.make(),
    });
  }
}
