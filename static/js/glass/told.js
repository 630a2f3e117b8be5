// @ts-check
// What was said while a record was open, as the handover divides it. A note says what it is about in the words of the page that it was written on: the
// family reads it too.

import { senderOf } from './talkpage.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('./talk.js').Message} Message */

/**
 * @param {'seen'|'last'|'events'} topic
 * @param {string} text
 * @param {Words} words
 */
export function noteText(topic, text, words) {
  return topic === 'seen' ? text : `${startOf(topic, words)}${text}`;
}

/**
 * @param {Message[]} messages
 * @param {import('../reader/open.js').Answers} answers
 * @param {Date} at  when it was opened
 * @param {Words} words
 * @returns {import('./handovertext.js').Told}
 */
export function toldOf(messages, answers, at, words) {
  const latest = (/** @type {string} */ wanted) => messages.filter(({ kind }) => kind === wanted).at(-1)?.text ?? '';
  const told = {
    at, reason: answers.reason, reason_text: answers.reason_text, callback: latest('callback') || answers.callback, hospital: latest('hospital'),
    last: /** @type {string[]} */ ([]), events: /** @type {string[]} */ ([]), seen: /** @type {string[]} */ ([]),
  };
  for (const message of messages) {
    const { kind, sender, text } = message;
    const topic = kind === 'note' ? /** @type {const} */ (['last', 'events']).find((each) => text.startsWith(startOf(each, words))) : undefined;
    if (topic) told[topic].push(text.slice(startOf(topic, words).length));
    else if (kind === 'note') told.seen.push(text);
    else if (kind === 'text' && sender !== 'responder') told.seen.push(`${senderOf(message, words)}: ${text}`);
  }
  return told;
}

/**
 * @param {'last'|'events'} topic
 * @param {Words} words
 */
function startOf(topic, words) {
  return `${words.t(`glass.note.${topic}`)}: `;
}
