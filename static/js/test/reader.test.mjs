// What the reader page concludes, asks and says: its pure parts, under node's test runner.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ask, noAnswers, outcome, REASONS, remaining, requestBody, ROLES } from '../reader/open.js';
import { settle, settled } from '../reader/direction.js';
import { age, dialable, isDangerous, isStale, numbersIn } from '../reader/person.js';
import { shownRecord } from '../reader/sections.js';
import { askStatus } from '../reader/status.js';
import { houseOf, loadKeys } from '../reader/keys.js';
import { judge } from '../reader/verdict.js';
import { Words } from '../reader/words.js';
import { withNetwork } from './network.mjs';

const locale = (lang) => {
  const read = (file) => JSON.parse(readFileSync(new URL(`../../locales/${lang}/${file}.json`, import.meta.url), 'utf8'));
  return { ...read('words'), ...read('reader'), ...read('glass') };
};
const speak = (lang, dir) => new Words(lang, dir, locale(lang), { labels: ['', 'Asthma', 'Epilepsy'], drafted: '001' });
const english = speak('en', 'ltr');
const arabic = speak('ar', 'rtl');

test('verified takes everything; only a card that was signed can be revoked', () => {
  const cases = [
    [{}, 'checking', 'nothing'],
    [{ noKeys: true }, 'no_keys', 'all'],
    [{ checked: { status: 'verified', reason: '' } }, 'verified', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'offline' }, 'verified', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'revoked' }, 'revoked', 'all'],
    [{ checked: { status: 'expired', reason: 'past_expiry' }, online: 'revoked' }, 'revoked', 'all'],
    [{ checked: { status: 'revoked', reason: 'key_compromised' }, online: 'active' }, 'key_revoked', 'all'],
    [{ checked: { status: 'tampered', reason: 'signature' }, online: 'active' }, 'tampered', 'on_request'],
    [{ checked: { status: 'tampered', reason: 'signature' }, online: 'revoked' }, 'tampered', 'on_request'],
    [{ checked: { status: 'unknown_issuer', reason: 'no_key' }, online: 'revoked' }, 'unknown_issuer', 'all'],
    [{ checked: { status: 'unknown_issuer', reason: 'key_retired' }, online: 'active' }, 'key_retired', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'offline', withdrawn: true }, 'revoked', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'active', withdrawn: true }, 'revoked', 'all'],
    [{ checked: { status: 'unknown_issuer', reason: 'no_key' }, withdrawn: true }, 'unknown_issuer', 'all'],
    [{ checked: { status: 'tampered', reason: 'signature' }, withdrawn: true }, 'tampered', 'on_request'],
    [{ checked: { status: 'verified', reason: '' }, online: 'foreign' }, 'verified', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'active', asking: true }, 'checking', 'all'],
    [{ checked: { status: 'expired', reason: 'past_expiry' }, asking: true }, 'checking', 'all'],
    [{ checked: { status: 'verified', reason: '' }, online: 'revoked', asking: true }, 'revoked', 'all'],
    [{ checked: { status: 'tampered', reason: 'signature' }, asking: true }, 'tampered', 'on_request'],
    [{ checked: { status: 'unknown_issuer', reason: 'no_key' }, asking: true }, 'unknown_issuer', 'all'],
    [{ checked: { status: 'not_yet_valid', reason: 'issued_in_future' } }, 'not_yet_valid', 'all'],
    [{ noKeys: true, online: 'active' }, 'no_keys', 'all'],
    [{ problem: 'malformed' }, 'damaged', 'nothing'],
    [{ problem: 'too_long' }, 'damaged', 'nothing'],
    [{ problem: 'mismatch' }, 'damaged', 'nothing'],
    [{ problem: 'no_front' }, 'no_front', 'nothing'],
    [{ problem: 'newer_format' }, 'newer', 'nothing'],
    [{ finding: true }, 'finding', 'nothing'],
    [{ problem: 'code_wrong' }, 'code_wrong', 'nothing'],
    [{ problem: 'code_slow' }, 'code_slow', 'nothing'],
    [{ problem: 'code_offline' }, 'code_offline', 'nothing'],
    [{ problem: 'code_failed' }, 'code_failed', 'nothing'],
  ];
  for (const [findings, state, shows] of cases) {
    const verdict = judge(findings);
    assert.equal(verdict.state, state, JSON.stringify(findings));
    assert.equal(verdict.shows, shows, JSON.stringify(findings));
    assert.equal(verdict.tone === 'good', state === 'verified', `${state} looks good`);
    const signed = state === 'checking' ? 'checked' in findings : ['verified', 'expired', 'not_yet_valid', 'revoked'].includes(state);
    assert.equal(verdict.trusted, signed, `${state} is trusted`);
    for (const part of ['title', 'text']) assert.ok(english.has(`reader.state.${state}.${part}`), `${state}.${part} is said`);
  }
});

test('age in years, in months for the smallest, and only as far as it is known', () => {
  const today = new Date(2026, 10, 22);
  const cases = [
    ['1958-03-14', { unit: 'year', count: 68, about: false }],
    ['1958-11-22', { unit: 'year', count: 68, about: false }],
    ['1958-11-23', { unit: 'year', count: 67, about: false }],
    ['1958', { unit: 'year', count: 68, about: true }],
    ['2026-09-23', { unit: 'month', count: 1, about: false }],
    ['2024-12', { unit: 'month', count: 23, about: false }],
    ['2024-11', { unit: 'year', count: 2, about: false }],
    ['2027-01-01', null],
    ['1058-01-01', null],
    [undefined, null],
  ];
  for (const [birth, want] of cases) assert.deepEqual(age(birth, today), want, birth);
});

test('medicines grow old sooner than the rest', () => {
  const today = new Date(2026, 10, 22);
  const cases = [
    ['medications', '2026-06-01', false],
    ['medications', '2026-05-01', true],
    ['allergies', '2026-05-01', false],
    ['allergies', '2025-11-01', true],
    ['allergies', '2026', false],
    ['allergies', '2024', true],
    ['allergies', undefined, false],
    ['allergies', '2026-11-23', false], // tomorrow, where it is tomorrow already
    ['allergies', '2026-11-25', true],
    ['allergies', '2026-12', true],
    ['allergies', '2027', true],
    ['medications', '2062-05-01', true],
  ];
  for (const [section, confirmed, want] of cases) assert.equal(isStale({ section, confirmed }, today), want, `${section} ${confirmed}`);
});

test('what is read first', () => {
  const cases = [
    [{ section: 'directives', term: 'x' }, true],
    [{ section: 'devices', text: 'pacemaker' }, true],
    [{ section: 'devices', text: 'pump', status: 'inactive' }, false],
    [{ section: 'medications', term: 'med-apixaban' }, true],
    [{ section: 'medications', term: 'med-paracetamol' }, false],
    [{ section: 'conditions', term: 'malignant-hyperthermia' }, true],
    [{ section: 'conditions', term: 'malignant-hyperthermia', status: 'resolved' }, false],
    [{ section: 'allergies', severity: 'severe' }, true],
    [{ section: 'allergies', criticality: 'high', severity: 'mild' }, true],
    [{ section: 'allergies', severity: 'mild', reactions: [{ term: 'reaction-anaphylaxis' }] }, true],
    [{ section: 'allergies', severity: 'mild', reactions: [{ term: 'reaction-rash' }] }, false],
    [{ section: 'allergies', text: 'nobody said how bad' }, true],
    [{ section: 'allergies', criticality: 'low' }, false],
    [{ section: 'allergies', term: 'no-known-allergy', absent: 'known-none' }, false],
    [{ section: 'blood_group', term: 'blood-o-neg' }, false],
  ];
  for (const [item, want] of cases) assert.equal(isDangerous(item), want, JSON.stringify(item));
});

test('only telephone numbers become links', () => {
  assert.equal(dialable('+46701740605'), '+46701740605');
  assert.equal(dialable('020 7946 (0018)'), '02079460018');
  assert.equal(dialable('112'), '112');
  assert.equal(dialable('(030) 123'), '030123');
  for (const words of ['*#06#', '**21*123#', 'tel:112', '+', '()', '12', '1'.repeat(16), '+1 (2', '112\n113', '١١٢', 'javascript:alert(1)', '112;ext=1', 'ask at the desk', '1', '', undefined, '+46,,1234']) assert.equal(dialable(words), '', words);
});

test('numbers inside of words can be called when they are international ones', () => {
  for (const [text, want] of [
    ['+41 44 123 45 67', [['+41 44 123 45 67', '+41441234567']]],
    ['24 h: +41441234567, policy 123456789', [['24 h: ', ''], ['+41441234567', '+41441234567'], [', policy 123456789', '']]],
    ['Policy 123456789', [['Policy 123456789', '']]],
    ['+12345', [['+12345', '']]],
    ['+0123456789', [['+0123456789', '']]],
    ['dose +5 mg', [['dose +5 mg', '']]],
    ['', []],
  ]) {
    assert.deepEqual(numbersIn(text).map(({ words, number }) => [words, number]), want, text);
    assert.equal(numbersIn(text).map(({ words }) => words).join(''), text);
  }
});

test('no text turns the page round', () => {
  for (const [text, want] of [
    ['a\u202eb', 'ab'], ['a\u202db\u202c', 'ab'], ['a\u2066b', 'ab'], ['a\u2069b', 'ab'], ['\u2066a\u202c', 'a'], ['\u202a\u2066a\u202c\u2069', 'a'],
    ['\u20665 mg\u2069', '\u20665 mg\u2069'], ['\u202a\u2067a\u2069\u202c', '\u202a\u2067a\u2069\u202c'], ['سلمى', 'سلمى'], ['', ''],
  ]) {
    assert.equal(settled(text), want, JSON.stringify(text));
  }
  assert.deepEqual(settle({ a: 'x\u202e', b: [{ c: '\u202e' }, 'y'], d: 1, e: null, f: true }), { a: 'x', b: [{}, 'y'], d: 1, e: null, f: true });
});

test('plurals, placeholders and directions', () => {
  assert.equal(english.duration('hour', 1), '1 hour');
  assert.equal(english.duration('hour', 4), '4 hours');
  assert.equal(arabic.duration('hour', 2), 'ساعتان');
  assert.equal(arabic.duration('hour', 4), '4 ساعات', 'a plain number needs no isolate');
  assert.equal(arabic.isolate('14:03'), '\u206814:03\u2069');
  assert.equal(english.span(1000), '1 minute');
  assert.equal(english.span(3 * 3_600_000), '3 hours');
  assert.equal(english.span(80 * 3_600_000), '3 days');
  assert.equal(english.t('reader.keys.stored', { ago: '<b>' }), 'kept on this phone, fetched <b>');
  assert.equal(english.t('reader.footer', { host: 'سلمى' }).includes('\u2068سلمى\u2069'), true);
  assert.equal(english.t('no.such.key'), 'no.such.key');
  assert.equal(english.t('glass.error.page', {}), 'Error: {title}');
});

test('dates as far as they are known, always in Latin digits', () => {
  assert.equal(english.date('2018-08-06'), '6 August 2018');
  assert.equal(english.date('2018-08'), 'August 2018');
  assert.equal(english.date('2018'), '2018');
  assert.equal(english.date('0950-01-02'), '2 January 950');
  assert.match(arabic.date('2018-08-06'), /^6 أغسطس 2018$/);
  assert.doesNotMatch(arabic.moment(new Date()), /[\u0660-\u0669]/);
  assert.equal(english.ago(3 * 3_600_000), '3 hours ago');
  assert.equal(english.ago(80 * 3_600_000), '3 days ago');
});

test('names of languages never fail', () => {
  assert.equal(english.language('ja'), 'Japanese');
  assert.equal(english.language('<script>'), '<script>');
  assert.equal(english.country('not a country'), 'not a country');
});

test('labels by number', () => {
  assert.equal(english.label(1), 'Asthma');
  assert.equal(english.label(99), '');
  assert.equal(english.label(undefined), '');
  assert.equal(english.isDrafted(2), true);
  assert.equal(english.isDrafted(1), false);
});

test('an opened record is shown like a front', () => {
  const record = {
    lang: 'sv',
    identity: { name: { family: 'Lind', given: ['Maria', 'Eva'] }, birth: '1958' },
    items: [{ section: 'allergies', term: 'b', reactions: [{ term: 'a', text: 'x' }, { text: 'y' }] }, { section: 'needs', term: 'unknown' }],
  };
  assert.deepEqual(shownRecord(record, ['', 'a', 'b']), {
    lang: 'sv',
    identity: { name: 'Maria Eva Lind', birth: '1958' },
    items: [
      { section: 'allergies', term: 'b', number: 2, reactions: [{ term: 'a', text: 'x', number: 1 }, { text: 'y' }] },
      { section: 'needs', term: 'unknown', reactions: undefined },
    ],
  });
  assert.deepEqual(shownRecord({}, ['']), { lang: '', identity: { name: '' }, items: [] });
});

test('the open request', async () => {
  const secret = new Uint8Array(16).fill(255);
  const body = requestBody(secret, 'sensitive', { ...noAnswers(), role: 'other', reason: 'unconscious' }, '');
  assert.deepEqual(body, {
    secret: '_____________________w', step: 'sensitive', role: 'other', name: '', organization: '', callback: '',
    reason: 'unconscious', reason_text: '', country: '', badge: '', grant: '',
  });
  const { asked, result } = await withNetwork(() => new Response('{"code":"no_card"}', { status: 404 }), () => ask('CARD', body, 'es'));
  assert.deepEqual(result, { kind: 'no_card' });
  assert.equal(asked.length, 1);
  assert.equal(asked[0].url, '/v1/cards/CARD/open?lang=es');
  assert.equal(asked[0].credentials, 'same-origin', 'the cookie of a tap goes along');
  assert.equal(asked[0].url.includes(body.secret), false);
});

test('what an answer to the open request means', () => {
  const granted = { outcome: 'granted', record: {}, grant: 'T' };
  assert.deepEqual(outcome(200, granted, null), { kind: 'granted', answer: granted });
  assert.equal(outcome(200, { outcome: 'granted' }, null).kind, 'failed', 'a grant without a record');
  assert.equal(outcome(200, {}, null).kind, 'failed');
  assert.equal(outcome(200, { outcome: 'wait', until: 'x' }, null).kind, 'wait');
  assert.deepEqual(outcome(403, { actions: [{ key: 'k', text: 'Call.' }] }, null), { kind: 'refused', actions: ['Call.'] });
  assert.deepEqual(outcome(403, {}, null), { kind: 'refused', actions: [] });
  assert.deepEqual(outcome(429, {}, '30'), { kind: 'slow_down', retryAfter: 30 });
  assert.deepEqual(outcome(429, {}, 'Wed, 21 Oct 2026 07:28:00 GMT'), { kind: 'slow_down', retryAfter: 60 });
  assert.equal(outcome(503, {}, null).kind, 'unavailable');
  assert.equal(outcome(500, {}, null).kind, 'failed');
  for (const kind of ['refused', 'no_card', 'slow_down', 'unavailable', 'offline', 'failed']) {
    assert.ok(english.has(`glass.refused.${kind}.title`) && english.has(`glass.refused.${kind}.text`), kind);
  }
});

test('no network is an answer too', async () => {
  const broken = () => {
    throw new TypeError('no network');
  };
  assert.deepEqual((await withNetwork(broken, () => ask('CARD', {}, 'en'))).result, { kind: 'offline' });
  assert.equal((await withNetwork(broken, () => loadKeys())).result, null);
  assert.equal((await withNetwork(broken, () => askStatus('CARD', new Uint8Array(16)))).result.status, 'offline');
});

test('the status request shows a tag and nothing else', async () => {
  const answer = () => Response.json({ status: 'revoked', checked_at: '2026-11-22T10:00:00Z' });
  const { asked, result } = await withNetwork(answer, () => askStatus('CARD', new Uint8Array(16)));
  assert.deepEqual(result, { status: 'revoked', at: new Date('2026-11-22T10:00:00Z'), tap: '' });
  assert.deepEqual(JSON.parse(asked[0].body), { tag: 'AAAAAAAAAAAAAAAAAAAAAA' });
  for (const [tap, want] of [['live', 'live'], ['stale', 'stale'], ['cloned', 'cloned'], ['', ''], ['<b>', 'wrong'], [true, 'wrong']]) {
    const tapped = await withNetwork(() => Response.json({ status: 'active', checked_at: '2026-11-22T10:00:00Z', tap }), () => askStatus('CARD', new Uint8Array(16)));
    assert.equal(tapped.result.tap, want);
  }
  const odd = await withNetwork(() => Response.json({ status: 'fine' }), () => askStatus('CARD', new Uint8Array(16)));
  assert.equal(odd.result.status, 'offline');
});

test('keys say when they were stored', async () => {
  const fresh = await withNetwork(() => Response.json({ keys: [{ kid: 'a' }] }), () => loadKeys());
  assert.deepEqual(fresh.result, { keys: [{ kid: 'a' }], storedAt: null });
  const stored = await withNetwork(() => Response.json({ keys: [] }, { headers: { 'x-locket-stored-at': '1000' } }), () => loadKeys());
  assert.deepEqual(stored.result, { keys: [], storedAt: new Date(1000) });
  const odd = await withNetwork(() => Response.json({ keys: 'none' }), () => loadKeys());
  assert.deepEqual(odd.result, { keys: [], storedAt: null });
});

test('the house is who its own keys sign for', () => {
  assert.equal(houseOf({ keys: [{ iss: 'localhost' }], storedAt: null }, 'localhost:8080'), 'localhost');
  assert.equal(houseOf({ keys: [], storedAt: null }, 'locket.example'), 'locket.example');
  assert.equal(houseOf(null, 'locket.example'), 'locket.example');
});

test('the time that is left is the server\'s', () => {
  assert.equal(remaining({ until: '2026-11-22T10:10:00Z', now: '2026-11-22T10:00:00Z' }), 600_000);
  assert.equal(remaining({ until: '2026-11-22T09:00:00Z', now: '2026-11-22T10:00:00Z' }), 0);
});

test('every language says every role and reason that is asked for', () => {
  for (const lang of readdirSync(new URL('../../locales/', import.meta.url))) {
    const table = locale(lang);
    for (const key of [...ROLES.map((role) => `role.${role}`), ...REASONS.map((reason) => `reason.${reason}`)]) assert.ok(table[key], `${lang}: ${key}`);
  }
});
