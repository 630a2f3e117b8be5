// @ts-check
// The language of a page: which one, how it is changed, and the words that stand on every view of it.

import { chosenLanguage } from './memory.js';

/** @returns {HTMLElement[]} the languages that the page offers */
export function languageChoices() {
  return [...document.querySelectorAll('.languages a')].map((choice) => /** @type {HTMLElement} */ (choice));
}

/**
 * The language that was chosen here before, unless the address asks for one; else the page's own. A pseudo-language of the tests has no words
 * here: it is said in the first of the menu, in its own direction.
 */
export function wantedLanguage() {
  const { lang, dir } = document.documentElement;
  const choices = languageChoices();
  const chosen = new URLSearchParams(location.search).has('lang') ? null : chosenLanguage();
  const choice = choices.find((each) => each.lang === chosen);
  if (choice) return { lang: choice.lang, dir: choice.dataset.dir ?? 'ltr' };
  return { lang: choices.some((each) => each.lang === lang) ? lang : choices[0].lang, dir: dir || 'ltr' };
}

/**
 * Says the words around a view in another language: what is marked with data-say, the direction, the menu.
 * @param {import('./words.js').Words} words
 * @param {string} host of the service
 */
export function sayPage(words, host) {
  document.documentElement.lang = words.lang;
  document.documentElement.dir = words.dir;
  for (const element of document.querySelectorAll('[data-say]')) {
    element.textContent = words.t(/** @type {HTMLElement} */ (element).dataset.say ?? '', { host });
  }
  document.querySelector('nav')?.setAttribute('aria-label', words.t('reader.languages'));
  for (const choice of languageChoices()) {
    if (choice.lang === words.lang) choice.setAttribute('aria-current', 'true');
    else choice.removeAttribute('aria-current');
  }
}
