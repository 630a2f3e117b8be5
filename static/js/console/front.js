// @ts-check
// A front before and after it is issued, drawn by the reader's own modules: the keeper sees what a finder will see.

import { recordOf } from '../reader/sections.js';
import { loadWords } from '../reader/words.js';

const { lang, dir } = document.documentElement;
const place = document.querySelector('[data-front]');

if (place instanceof HTMLElement) {
  const { lang: written = '', identity = {}, items } = JSON.parse(place.dataset.front ?? '');
  const words = await loadWords(lang, dir);
  place.replaceChildren(...recordOf({ lang: written, identity, items }, words, new Date()));
}
