// The browser's words for every kind of entry are the server's, in every language (emergency/web writes the table).

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { sameText, sayEntry } from '../console/entry.js';
import { Words } from '../reader/words.js';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const rows = read('../../../emergency/web/testdata/entries.json');

const rooms = ['console', 'entries', 'history', 'words'];
// What a language lacks the server says in English; that it lacks nothing is tested elsewhere.
const said = (lang) => Object.assign({}, ...rooms.map((room) => (existsSync(new URL(`../../locales/${lang}/${room}.json`, import.meta.url)) ? read(`../../locales/${lang}/${room}.json`) : {})));
const wordsOf = (lang) => new Words(lang, lang === 'ar' ? 'rtl' : 'ltr', { ...said('en'), ...said(lang) }, { labels: [], drafted: '' });

test('the table holds every kind of entry in every language', () => {
  assert.deepEqual([...new Set(rows.map(({ lang }) => lang))].sort(), readdirSync(new URL('../../locales/', import.meta.url)).sort());
  assert.ok(rows.length > 80);
});

for (const { lang, payload, cards, title, when, facts } of rows) {
  test(`${lang}: ${payload?.type ?? 'erased'} ${title}`, () => {
    const said = sayEntry(payload, wordsOf(lang), cards);
    const got = [said.title, said.when, ...said.facts.flatMap((fact) => [fact.label, fact.when ?? fact.code ?? fact.value])];
    const want = [title, when, ...facts.flat()];
    assert.equal(got.length, want.length, JSON.stringify(got));
    got.forEach((text, i) => assert.ok(sameText(text, want[i]), `${text} is not ${want[i]}`));
  });
}

test('what was exported is said once it was', () => {
  const words = wordsOf('en');
  const titleOf = (what, outcome) => sayEntry({ type: 'data.exported', at: 1, actor: { kind: 'account' }, outcome, details: { what } }, words, {}).title;
  assert.equal(titleOf('log_file', 'done'), words.t('log.data.exported.log_file'));
  assert.equal(titleOf('log_file', 'begun'), words.t('log.data.exported.log_file.begun'));
  assert.equal(titleOf('log_file', 'failed'), words.t('log.data.exported.log_file.failed'));
  assert.equal(titleOf(undefined, 'begun'), words.t('log.data.exported.begun'));
  assert.equal(titleOf('consent'), words.t('log.data.exported.consent'));
});

test('texts differ by more than their direction', () => {
  assert.equal(sameText('\u2068Ada\u2069', 'Ada'), true);
  assert.equal(sameText('Ada', 'Eve'), false);
});

test('people\'s own words are marked, those of the page are not', () => {
  const said = sayEntry({ type: 'glass.opened', at: 1, actor: { name: 'Robin', role: 'doctor', verified: 'claimed' } }, wordsOf('en'), {});
  assert.deepEqual(said.facts.map(({ own }) => own ?? false), [true, false]);
});
