// What is handed over to the hospital as text, and the badge that a responder opens with.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { keptBadge, ownBadge } from '../glass/badge.js';
import { handoverText, MOST_LINES, plainText } from '../glass/handovertext.js';
import { noteText, toldOf } from '../glass/told.js';
import { Words } from '../reader/words.js';
import { withNetwork } from './network.mjs';

const read = (lang, room) => JSON.parse(readFileSync(new URL(`../../locales/${lang}/${room}.json`, import.meta.url), 'utf8'));
const rooms = (lang) => Object.assign({}, ...['words', 'reader', 'glass'].map((room) => read(lang, room)));
const speak = (lang) => new Words(lang, lang === 'ar' ? 'rtl' : 'ltr', { ...rooms('en'), ...rooms(lang) }, { labels: ['', 'Penicillin', 'Do not resuscitate'], drafted: '000' });
const english = speak('en');

const self = { source: { kind: 'self' }, confirmed: '2026-11-01' };
const today = new Date('2026-11-22T10:30:00Z');
const sections = ['directives', 'allergies', 'medications', 'conditions', 'contacts'];
const silent = { at: today, reason: '', reason_text: '', callback: '', hospital: '', last: [], events: [], seen: [] };
const record = (items = [], more = {}) => ({ lang: 'en', identity: { name: 'Maria Lind', birth: '1958-03-12' }, items, sections, ...more });
const textOf = (shown, told = {}, words = english) => plainText(handoverText(shown, { ...silent, ...told }, words, today));
const lineOf = (text, start) => text.split('\n').find((line) => line.startsWith(start));

test('who is handed over, and that nothing of it is verified', () => {
  const lines = textOf(record()).split('\n');
  assert.match(lines[0], /^Handover, 22 November 2026/);
  assert.match(lines[1], /^Not verified/);
  assert.ok(lines.some((line) => line.includes('Maria Lind') && line.includes('12 March 1958') && line.includes('68')));
  assert.deepEqual(lines.filter((line) => /^[SBAR]: /.test(line)).map((line) => line[0]), ['S', 'B', 'A', 'R']);
  assert.deepEqual(lines.filter((line) => / · /.test(line)).map((line) => line[0]), ['A', 'M', 'P', 'L', 'E']);
});

test('wishes about resuscitation stand before everything else, whatever their place in the record', () => {
  const wishes = [{ section: 'directives', text: 'Organ donor', term: 'directive-organ-donor', ...self }, { section: 'directives', number: 2, term: 'directive-dnr', ...self }];
  const lines = textOf(record([{ section: 'conditions', text: 'Asthma', ...self }, ...wishes])).split('\n');
  assert.match(lines[2], /^Wishes about treatment: Do not resuscitate; Organ donor \[Stated by the person\. Last confirmed 1 November 2026\.\]$/);
});

test('what was not opened is not called empty', () => {
  const text = textOf(record([], { sections: ['allergies'] }));
  assert.match(lineOf(text, 'A · Allergies'), /nothing written down$/);
  assert.match(lineOf(text, 'M · Medicines'), /not opened$/);
  assert.match(lineOf(text, 'Wishes about treatment'), /not opened$/);
  assert.match(lineOf(text, 'L · '), /not noted$/);
  assert.match(lineOf(text, 'Noted'), /not noted$/);
});

test('each item says who stated it, once when it is the same for all', () => {
  const clinician = { source: { kind: 'clinician', name: 'Dr. Berg' }, confirmed: '2024-01-01' };
  const items = [{ section: 'medications', text: 'Metformin', detail: '500 mg twice a day', ...self }, { section: 'medications', text: 'Ramipril', ...clinician }];
  const line = lineOf(textOf(record(items)), 'M · Medicines');
  assert.match(line, /Metformin, 500 mg twice a day \[Stated by the person\./);
  assert.match(line, /Ramipril \[Stated by Dr\. Berg \(a clinician\)\. Last confirmed 1 January 2024\. Long ago: doubt it and ask\.\]/);
  assert.equal(lineOf(textOf(record([items[0], { ...items[1], ...self }])), 'M · Medicines').match(/Stated by/g).length, 1);
});

test('allergies with their reactions, labels with the own words beside them', () => {
  const items = [{ section: 'allergies', number: 1, text: 'pencillin tablets', reactions: [{ text: 'swollen face' }], severity: 'severe', ...self }];
  assert.match(lineOf(textOf(record(items)), 'A · Allergies'), /Penicillin, "pencillin tablets", Reaction: swollen face, severe/);
});

test('what the responder noted and the family said stands where it belongs', () => {
  const text = textOf(record(), { reason: 'unconscious', reason_text: 'found in the park', hospital: 'General', callback: '+44 1', last: ['toast at 8'], events: ['fell at 9:40'], seen: ['Mum: insulin at noon'] });
  assert.match(lineOf(text, 'L · '), /toast at 8$/);
  assert.match(lineOf(text, 'E · '), /fell at 9:40$/);
  assert.match(lineOf(text, 'Noted'), /Mum: insulin at noon$/);
  assert.match(lineOf(text, 'Record opened'), /unconscious or cannot answer: found in the park/);
  assert.match(lineOf(text, 'Hospital'), /General; \+44 1$/);
});

test('notes and what the family said are told apart', () => {
  const said = (kind, text, sender = 'responder') => ({ number: 1, sender, name: sender === 'contact' ? 'Ben' : '', kind, text, at: '2026-11-22T10:00:00Z' });
  const messages = [
    said('note', noteText('last', 'toast at 8', english)), said('note', noteText('events', 'fell', english)), said('note', noteText('seen', 'pale', english)),
    said('text', 'she had insulin', 'contact'), said('text', 'thank you'), said('hospital', 'North'), said('hospital', 'General'), said('location', ''),
  ];
  assert.deepEqual(toldOf(messages, { reason: 'other', reason_text: 'x', callback: '1' }, today, english), {
    at: today, reason: 'other', reason_text: 'x', callback: '1', hospital: 'General', last: ['toast at 8'], events: ['fell'], seen: ['pale', 'Ben: she had insulin'],
  });
  assert.equal(toldOf([said('callback', '2')], { reason: '', reason_text: '', callback: '1' }, today, english).callback, '2');
});

for (const lang of readdirSync(new URL('../../locales/', import.meta.url))) {
  test(`never more than ${MOST_LINES} lines, each with a limit: ${lang}`, () => {
    const all = ['directives', 'allergies', 'conditions', 'procedures', 'medications', 'devices', 'pregnancy', 'child', 'baseline', 'vitals', 'results', 'contacts', 'needs', 'mental_health'];
    const items = all.flatMap((section) => Array.from({ length: 40 }, (_, i) => ({
      section, text: `Line ${i}\nof ${'x'.repeat(500)}`, detail: 'y\u2028z', name: section === 'contacts' ? 'A\nB' : undefined, source: { kind: 'self', name: `P ${i}` },
    })));
    const notes = Array.from({ length: 30 }, (_, i) => `note ${i}\n\n${'n'.repeat(1000)}`);
    const text = textOf(record(items, { sections: all }), { reason: 'other', reason_text: 'a\nb', hospital: 'h\n', callback: '1', last: notes, events: notes, seen: notes }, speak(lang));
    const lines = text.split(/\r|\n|\u2028|\u2029/);
    assert.ok(lines.length <= MOST_LINES, `${lines.length} lines`);
    for (const line of lines) assert.ok(line.length < 2000, `${line.length} characters: ${line.slice(0, 80)}`);
    assert.ok(lines.some((line) => line.includes('note 29')), 'the newest note is there');
    assert.doesNotMatch(text, /glass\.|section\.|undefined|null|NaN|\{[a-z]+\}/);
  });
}

test('nothing in a record turns the text round', () => {
  const count = (text, sign) => text.split(sign).length - 1;
  const items = [{ section: 'allergies', text: 'a\u202eb', ...self }, { section: 'medications', text: 'دواء', detail: '5 mg', ...self }];
  for (const lang of ['en', 'ar']) {
    const text = textOf(record(items), { seen: ['x\u2067y'] }, speak(lang));
    assert.equal(count(text, '\u202e'), 0);
    assert.equal(count(text, '\u2067'), 0);
    assert.equal(count(text, '\u2068'), count(text, '\u2069'), 'what is isolated ends');
  }
  assert.match(textOf(record(items)), /\u2068دواء\u2069/);
  assert.match(textOf(record(items), {}, speak('ar')), /\u20685 mg\u2069/);
});

test('a badge counts while it lasts, and only when it makes sense', () => {
  const until = '2026-11-22T11:00:00Z';
  const whole = { token: 'T', organization: 'Rescue', kind: 'ems', name: 'Robin', until };
  const cases = [
    [JSON.stringify(whole), { token: 'T', organization: 'Rescue', kind: 'ems', name: 'Robin' }],
    [JSON.stringify({ ...whole, until: Date.parse(until) }), { token: 'T', organization: 'Rescue', kind: 'ems', name: 'Robin' }],
    [JSON.stringify({ ...whole, until: '2026-11-22T10:30:00Z' }), null],
    [JSON.stringify({ ...whole, until: undefined }), null],
    [JSON.stringify({ ...whole, token: '' }), null],
    [JSON.stringify({ ...whole, organization: 7 }), null],
    ['null', null], ['{', null], [null, null],
  ];
  for (const [kept, want] of cases) {
    globalThis.localStorage = { getItem: () => kept };
    assert.deepEqual(keptBadge(today.getTime()), want, String(kept));
  }
  delete globalThis.localStorage;
  assert.equal(keptBadge(today.getTime()), null, 'where nothing can be kept');
});

test('whoever is signed in wears their own badge, everybody else none', async () => {
  const mine = await withNetwork(() => Response.json({ organization: 'Rescue', kind: 'ems', name: 'Robin' }), () => ownBadge());
  assert.deepEqual(mine.result, { token: '', organization: 'Rescue', kind: 'ems', name: 'Robin' });
  for (const answer of [() => Response.json({}), () => new Response('', { status: 404 }), () => { throw new TypeError('no network'); }]) {
    assert.equal((await withNetwork(answer, () => ownBadge())).result, null);
  }
});
