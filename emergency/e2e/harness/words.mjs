// The words of the pages, from the locale files that the program embeds: tests
// look for what people read, in any language, and a changed sentence breaks none.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../../static/locales');

/** The languages of the pages. */
export const languages = ['en', 'es', 'ar', 'ja'];

/** Languages that are written from right to left. */
export const rightToLeft = new Set(['ar']);

/**
 * Says things in one language.
 * @param {string} lang
 * @returns {(key: string, values?: Record<string, string | number>) => string}
 */
export function words(lang) {
  const messages = {};
  for (const file of readdirSync(join(folder, lang))) {
    Object.assign(messages, JSON.parse(readFileSync(join(folder, lang, file), 'utf8')));
  }
  const plural = new Intl.PluralRules(lang);
  return (key, values = {}) => {
    let text = messages[key];
    if (text === undefined) throw new Error(`there is no message ${key} in ${lang}`);
    if (typeof text === 'object') text = text[plural.select(values.count)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? `{${name}}`);
  };
}

/** The part of a message before its first value, for messages whose values a test cannot know. */
export function beginning(text) {
  return text.split('{')[0].trim();
}
