// @ts-check
// The pages of the emergency step before anything is opened: an interruption, one question a page, and a check of the answers.

import { el, mark, pageHeading } from './dom.js';
import { button } from './frontpage.js';
import { REASONS, ROLES } from './open.js';

/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./open.js').Answers} Answers */
/** @typedef {import('./dom.js').Child} Child */

/**
 * The interruption: a risky act that rests on judgement follows.
 * @param {Words} words
 * @param {{next: () => void, back: () => void}} actions
 */
export function interruption(words, actions) {
  return [el('section', { class: 'interruption' },
    pageHeading(words.t('reader.stop.title')),
    el('ul', {}, ['recorded', 'told', 'needed'].map((what) => el('li', {}, words.t(`reader.stop.${what}`)))),
    el('p', {}, button(words.t('reader.stop.continue'), 'reversed', actions.next)),
    el('p', {}, link(words.t('reader.stop.cancel'), actions.back)))];
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {{next: () => void, back: () => void}} actions
 */
export function whoAreYou(words, answers, actions) {
  return [backLink(words, actions.back), form(words, actions.next,
    el('fieldset', {},
      el('legend', {}, pageHeading(words.t('reader.who.title'))),
      el('p', { class: 'hint' }, words.t('reader.who.hint')),
      ROLES.map((role) => radio('role', role, words.t(`role.${role}`), answers))),
    field('name', words.t('reader.who.name'), answers, { autocomplete: 'name', maxlength: 100 }),
    field('organization', words.t('reader.who.organization'), answers, { autocomplete: 'organization', maxlength: 100 }),
    field('callback', words.t('reader.who.callback'), answers, { type: 'tel', autocomplete: 'tel', maxlength: 40 }))];
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {'critical'|'sensitive'} step
 * @param {string} error key of what is missing, or ""
 * @param {{next: () => void, back: () => void}} actions
 */
export function why(words, answers, step, error, actions) {
  return [backLink(words, actions.back), error ? errorSummary(words, error) : null, form(words, actions.next,
    el('fieldset', { 'aria-describedby': error ? 'reason-error' : undefined },
      el('legend', {}, pageHeading(words.t(step === 'sensitive' ? 'reader.why.title_sensitive' : 'reader.why.title'))),
      error && el('p', { class: 'error', id: 'reason-error' }, words.t(error)),
      REASONS.map((reason) => radio('reason', reason, words.t(`reason.${reason}`), answers))),
    field('reason_text', words.t('reader.why.text'), answers, { maxlength: 300 }))];
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {{next: () => void, back: () => void, change: (view: string) => void}} actions
 */
export function check(words, answers, actions) {
  const nothing = words.t('reader.check.empty');
  /** @type {[string, string, Child][]} */
  const lines = [
    ['reader.who.role', 'who', answers.role ? words.t(`role.${answers.role}`) : nothing],
    ['reader.who.name', 'who', answers.name ? el('bdi', {}, answers.name) : nothing],
    ['reader.who.organization', 'who', answers.organization ? el('bdi', {}, answers.organization) : nothing],
    ['reader.who.callback', 'who', answers.callback ? el('bdi', { dir: 'ltr' }, answers.callback) : nothing],
    ['reader.why.reason', 'why', words.t(`reason.${answers.reason}`)],
    ['reader.why.text', 'why', answers.reason_text ? el('bdi', {}, answers.reason_text) : nothing],
  ];
  return [backLink(words, actions.back),
    pageHeading(words.t('reader.check.title')),
    el('dl', { class: 'check' }, lines.map(([key, view, value]) => el('div', {},
      el('dt', {}, words.t(key)),
      el('dd', {}, value),
      el('dd', { class: 'change' }, link(words.t('reader.check.change'), () => actions.change(view), words.t(key)))))),
    el('p', {}, words.t('reader.check.recorded')),
    el('p', {}, button(words.t('reader.check.open'), 'main', actions.next))];
}

/** @param {Words} words */
export function opening(words) {
  return [el('section', { class: 'banner banner-busy' }, mark('busy'), pageHeading(words.t('reader.opening')))];
}

/**
 * @param {Words} words
 * @param {() => void} submit
 * @param {...Child} children
 */
function form(words, submit, ...children) {
  return el('form', {
    novalidate: true,
    autocomplete: 'on',
    submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      submit();
    },
  }, ...children, el('p', {}, el('button', { type: 'submit', class: 'button-main' }, words.t('reader.next'))));
}

/**
 * @param {'role'|'reason'} name
 * @param {string} value
 * @param {string} label
 * @param {Answers} answers
 */
function radio(name, value, label, answers) {
  const id = `${name}-${value}`;
  return el('div', { class: 'choice' },
    el('input', {
      type: 'radio', name, id, value, checked: answers[name] === value,
      change: () => {
        answers[name] = value;
      },
    }),
    el('label', { for: id }, label));
}

/**
 * @param {'name'|'organization'|'callback'|'reason_text'} name
 * @param {string} label
 * @param {Answers} answers
 * @param {Record<string, any>} attributes
 */
function field(name, label, answers, attributes) {
  const input = /** @type {HTMLInputElement} */ (el('input', { type: 'text', name, id: name, dir: 'auto', value: answers[name], ...attributes }));
  input.addEventListener('input', () => {
    answers[name] = input.value.trim();
  });
  return el('div', { class: 'field' }, el('label', { for: name }, label), input);
}

/**
 * @param {Words} words
 * @param {string} error
 */
function errorSummary(words, error) {
  const first = `reason-${REASONS[0]}`;
  return el('div', { class: 'error-summary', role: 'alert', tabindex: -1, 'aria-labelledby': 'error-title' },
    el('h2', { id: 'error-title' }, words.t('reader.error.title')),
    el('p', {}, el('a', {
      href: '#',
      click: (/** @type {Event} */ event) => {
        event.preventDefault(); // the fragment is the card: it must stay in the address
        document.getElementById(error.endsWith('_text') ? 'reason_text' : first)?.focus();
      },
    }, words.t(error))));
}

/**
 * @param {Words} words
 * @param {() => void} back
 */
function backLink(words, back) {
  return el('p', { class: 'back' }, link(words.t('reader.back'), back));
}

/**
 * A link that leads to another view of this page. It is a button: it has no address of its own.
 * @param {string} text
 * @param {() => void} click
 * @param {string} [about] what it is about, for those who do not see what stands beside it
 */
export function link(text, click, about) {
  return el('button', { type: 'button', class: 'button-link', click }, text, about ? el('span', { class: 'unseen' }, ` ${about}`) : null);
}
