// @ts-check
// The page that is shown at the door of the emergency department: the text to read, copy or print, a note to add, and the code that opens the record in
// the hospital's own software.

import { el, pageHeading } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { area, problem } from './talkpage.js';
import { backLink, form } from './questions.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('./handovertext.js').Line} Line */
/** @typedef {import('./talkpage.js').Draft} Draft */

/** What a note can be about, as the text is divided. */
export const TOPICS = /** @type {const} */ (['seen', 'last', 'events']);

/** @typedef {{uri: string, passcode: string, svg: string, until: string}} Code */

/**
 * @param {Line[]} lines
 * @param {Code | null} code  null while it is being made
 * @param {'making'|'made'|'offline'|'failed'} state  of the code
 * @param {import('./conversation.js').Conversation} conversation
 * @param {Words} words
 * @param {{back: () => void, print: () => void, copy: () => void, note: () => void, again: () => void}} actions
 */
export function handoverPage(lines, code, state, conversation, words, actions) {
  const { draft } = conversation;
  return [
    backLink(words, actions.back),
    pageHeading(words.t('glass.handover.heading')),
    el('p', { class: 'actions' }, button(words.t('glass.handover.print'), 'main', actions.print), button(words.t('glass.handover.copy'), 'plain', actions.copy)),
    el('p', { id: 'handover-copied', class: 'note', role: 'status' }),
    el('div', { class: 'handover', id: 'handover-text' }, handoverLines(lines)),
    codePart(code, state, words, actions.again),
    el('section', { class: 'about note', 'aria-labelledby': 'note-title' },
      el('h2', { id: 'note-title' }, words.t('glass.note.title')),
      el('p', { class: 'hint' }, words.t('glass.note.hint')),
      problem(draft, words),
      form(words.t('glass.note.add'), () => draft.note && actions.note(),
        el('fieldset', {}, el('legend', {}, words.t('glass.note.about')), TOPICS.map((topic) => choice(topic, draft, words))),
        area('note', words.t('glass.note.text'), draft))),
    el('div', { class: 'news', id: 'talk-news' }, conversation.news()),
  ];
}

/** @param {Line[]} lines */
export function handoverLines(lines) {
  return lines.map(({ level, text }) => el(level === 'head' ? 'h2' : 'p', level === 'title' ? { class: 'stamp' } : {}, text));
}

/**
 * The code, on white whatever the colours of the page are: that is how it can be read from a screen.
 * @param {Code | null} code
 * @param {'making'|'made'|'offline'|'failed'} state
 * @param {Words} words
 * @param {() => void} again
 */
function codePart(code, state, words, again) {
  return el('section', { class: 'about', 'aria-labelledby': 'code-title', id: 'handover-code' },
    el('h2', { id: 'code-title' }, words.t('glass.code.title')),
    code && [
      el('p', {}, words.t('glass.code.text')),
      el('p', {}, el('img', { class: 'code', alt: words.t('glass.code.alt'), src: `data:image/svg+xml,${encodeURIComponent(code.svg)}` })),
      el('p', {}, words.sentence('glass.code.passcode', 'passcode', el('strong', { class: 'passcode', dir: 'ltr' }, code.passcode))),
      el('p', {}, words.t('glass.code.until', { until: words.moment(new Date(code.until)) })),
    ],
    state === 'making' && el('p', {}, words.t('glass.code.making')),
    (state === 'offline' || state === 'failed') && [
      el('p', { class: 'error' }, words.t(state === 'offline' ? 'glass.offline' : 'glass.code.failed')),
      el('p', {}, button(words.t('glass.refused.again'), 'plain', again)),
    ]);
}

/**
 * @param {typeof TOPICS[number]} topic
 * @param {Draft} draft
 * @param {Words} words
 */
function choice(topic, draft, words) {
  const id = `topic-${topic}`;
  return el('div', { class: 'choice' },
    el('input', {
      type: 'radio', name: 'topic', id, value: topic, checked: draft.topic === topic,
      change: () => {
        draft.topic = topic;
      },
    }),
    el('label', { for: id }, words.t(`glass.note.${topic}`)));
}
