// @ts-check
// The pages of the emergency step before anything is opened: an interruption, one question a page, and a check of the answers.

import { el, mark, pageHeading } from '../reader/dom.js';
import { button } from '../reader/frontpage.js';
import { REASONS, ROLES } from '../reader/open.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('../reader/open.js').Answers} Answers */
/** @typedef {import('../reader/dom.js').Child} Child */
/** @typedef {import('./badge.js').Badge} Badge */

/**
 * The interruption: a risky act that rests on judgement follows.
 * @param {Words} words
 * @param {{next: () => void, back: () => void}} actions
 */
export function interruption(words, actions) {
  return [el('section', { class: 'interruption' },
    pageHeading(words.t('glass.stop.title')),
    el('ul', {}, ['recorded', 'told', 'needed'].map((what) => el('li', {}, words.t(`glass.stop.${what}`)))),
    el('p', {}, button(words.t('glass.stop.continue'), 'reversed', actions.next)),
    el('p', {}, link(words.t('glass.stop.cancel'), actions.back)))];
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {Badge | null} badge  the one that is worn: it has said already who they are
 * @param {Badge | null} other  one that is there and not worn
 * @param {{next: () => void, back: () => void, wear: (worn: boolean) => void}} actions
 */
export function whoAreYou(words, answers, badge, other, actions) {
  if (badge) return [backLink(words, actions.back), ...openAs(words, badge, actions)];
  return [backLink(words, actions.back), form(words.t('glass.next'), actions.next,
    el('fieldset', {},
      el('legend', {}, pageHeading(words.t('glass.who.title'))),
      el('p', { class: 'hint' }, words.t('glass.who.hint')),
      ROLES.map((role) => radio('role', role, words.t(`role.${role}`), answers))),
    field('name', words.t('glass.who.name'), answers, { autocomplete: 'name', maxlength: 100 }),
    field('organization', words.t('glass.who.organization'), answers, { autocomplete: 'organization', maxlength: 100 }),
    field('callback', words.t('glass.who.callback'), answers, { type: 'tel', autocomplete: 'tel', maxlength: 40 })),
  el('p', {}, other ? link(words.t('glass.badge.wear', { organization: other.organization }), () => actions.wear(true)) : el('a', { class: 'call', href: '/scan' }, words.t('glass.badge.scan')))];
}

/**
 * @param {Words} words
 * @param {Badge} badge
 * @param {{next: () => void, wear: (worn: boolean) => void}} actions
 */
function openAs(words, badge, { next, wear }) {
  return [
    pageHeading(words.t('glass.badge.title')),
    el('dl', { class: 'check' }, badgeLines(words, badge)),
    el('p', {}, words.t('glass.badge.text')),
    el('p', {}, button(words.t('glass.next'), 'main', next)),
    el('p', {}, link(words.t('glass.badge.without'), () => wear(false))),
    el('p', {}, el('a', { class: 'call', href: '/scan' }, words.t('glass.badge.other'))),
  ];
}

/**
 * @param {Words} words
 * @param {Badge} badge
 */
function badgeLines(words, { organization, name }) {
  return [['glass.badge.organization', organization], ['glass.badge.name', name]].filter(([, value]) => value).map(([key, value]) => el('div', {},
    el('dt', {}, words.t(key)), el('dd', {}, el('bdi', {}, value))));
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {'critical'|'sensitive'} step
 * @param {string} error key of what is missing, or ""
 * @param {{next: () => void, back: () => void}} actions
 */
export function why(words, answers, step, error, actions) {
  return [backLink(words, actions.back), error ? errorSummary(words, error) : null, form(words.t('glass.next'), actions.next,
    el('fieldset', { 'aria-describedby': error ? 'reason-error' : undefined },
      el('legend', {}, pageHeading(words.t(step === 'sensitive' ? 'glass.why.title_sensitive' : 'glass.why.title'))),
      error && el('p', { class: 'error', id: 'reason-error' }, words.t(error)),
      REASONS.map((reason) => radio('reason', reason, words.t(`reason.${reason}`), answers))),
    field('reason_text', words.t('glass.why.text'), answers, { maxlength: 300 }))];
}

/**
 * @param {Words} words
 * @param {Answers} answers
 * @param {Badge | null} badge  that is worn
 * @param {{next: () => void, back: () => void, change: (view: string) => void}} actions
 */
export function check(words, answers, badge, actions) {
  const nothing = words.t('glass.check.empty');
  /** @type {[string, string, Child][]} */
  const who = badge ? [['glass.badge.line', 'who', el('bdi', {}, [badge.name, badge.organization].filter(Boolean).join(', '))]] : [
    ['glass.who.role', 'who', answers.role ? words.t(`role.${answers.role}`) : nothing],
    ['glass.who.name', 'who', answers.name ? el('bdi', {}, answers.name) : nothing],
    ['glass.who.organization', 'who', answers.organization ? el('bdi', {}, answers.organization) : nothing],
    ['glass.who.callback', 'who', answers.callback ? el('bdi', { dir: 'ltr' }, answers.callback) : nothing],
  ];
  /** @type {[string, string, Child][]} */
  const lines = [
    ...who,
    ['glass.why.reason', 'why', words.t(`reason.${answers.reason}`)],
    ['glass.why.text', 'why', answers.reason_text ? el('bdi', {}, answers.reason_text) : nothing],
  ];
  return [backLink(words, actions.back),
    pageHeading(words.t('glass.check.title')),
    el('dl', { class: 'check' }, lines.map(([key, view, value]) => el('div', {},
      el('dt', {}, words.t(key)),
      el('dd', {}, value),
      el('dd', { class: 'change' }, link(words.t('glass.check.change'), () => actions.change(view), words.t(key)))))),
    el('p', {}, words.t('glass.check.recorded')),
    el('p', {}, button(words.t('glass.check.open'), 'main', actions.next))];
}

/** @param {Words} words */
export function opening(words) {
  return [el('section', { class: 'banner banner-busy' }, mark('busy'), pageHeading(words.t('glass.opening')))];
}

/**
 * @param {string} label of its button
 * @param {() => void} submit
 * @param {...(Child | Child[])} children
 */
export function form(label, submit, ...children) {
  return el('form', {
    novalidate: true,
    autocomplete: 'on',
    submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      submit();
    },
  }, ...children, el('p', {}, el('button', { type: 'submit', class: 'button-main' }, label)));
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
    el('h2', { id: 'error-title' }, words.t('glass.error.title')),
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
export function backLink(words, back) {
  return el('p', { class: 'back' }, link(words.t('glass.back'), back));
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
