// What the scanner makes of codes: cards are gone to on this origin, everything else is named and not followed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { classify } from '../scan/classify.js';
import { readHealthLink, signerOf } from '../scan/healthlink.js';
import { textOf } from '../scan/tag.js';
import { readContact } from '../scan/vcard.js';
import { base64url, Issuer } from './issuer.mjs';

const origin = 'https://locket.example';
const ID = 'AAECAwQFBgcICQoLDA0ODw';
const TICKET = `?p=${'AB'.repeat(16)}&c=${'0f'.repeat(8)}`;
const english = JSON.parse(readFileSync(new URL('../../locales/en/scan.json', import.meta.url), 'utf8'));

test('a card of any host is read here', () => {
  for (const [text, address] of [
    [`${origin}/c/${ID}#123`, `/c/${ID}#123`],
    [`HTTPS://LOCKET.EXAMPLE/c/${ID}#123`, `/c/${ID}#123`],
    [` ${origin}/c/${ID}#AB-_\n`, `/c/${ID}#AB-_`],
    [`${origin}/c/${ID}`, `/c/${ID}`],
    [`https://clinic.example/c/${ID}#123`, `/c/${ID}#123`],
    [`https://clinic.example:8443/c/${ID}#123`, `/c/${ID}#123`],
    [`https://locket.example.evil.example/c/${ID}#123`, `/c/${ID}#123`],
    [`https://xn--lcket-xta.example/c/${ID}#123`, `/c/${ID}#123`],
    [`${origin}/c/${ID}${TICKET}#123`, `/c/${ID}${TICKET}#123`],
    [`https://clinic.example/c/${ID}${TICKET}#123`, `/c/${ID}#123`],
    [`${origin}/c/${ID}?next=https://evil.example#123`, `/c/${ID}#123`],
  ]) {
    assert.deepEqual(classify(text, origin), { kind: 'card', address }, text);
    assert.equal(new URL(address, origin).origin, origin);
  }
});

test('a short code is looked up here', () => {
  for (const text of ['2345-6789-ABCD', '2345 6789 abcd', ' 23456789ABCD\n', `${origin}/s#23456789ABCD`]) {
    assert.deepEqual(classify(text, origin), { kind: 'code', address: '/s#23456789ABCD' }, text);
  }
});

test('a telephone number is no short code, nor are twelve letters in other groups', () => {
  for (const text of [
    '555-234-567-892', '2345-6789-2345', '234567892345', '2345 6789 2345', '555-234-567-89A', '23-45-67-89-AB-CD', '2345-67 89ABCD', '2345-6789 ABCD',
    '2345--6789-ABCD', '2345 6789 ABCD X', 'A 234 567 892 345',
  ]) {
    assert.deepEqual(classify(text, origin), { kind: 'text', text }, text);
  }
});

test('what is no card is named and not followed', () => {
  for (const [text, want] of [
    [`https://locket.example@evil.example/c/${ID}#123`, { kind: 'link', host: 'evil.example', url: '', doubt: 'user' }],
    [`https://u:p@locket.example/c/${ID}#123`, { kind: 'link', host: 'locket.example', url: '', doubt: 'user' }],
    [`http://locket.example/c/${ID}#123`, { kind: 'link', host: 'locket.example', url: `http://locket.example/c/${ID}#123`, doubt: 'plain' }],
    [`https://clinic.example/c/${ID}`, { kind: 'link', host: 'clinic.example', url: `https://clinic.example/c/${ID}`, doubt: undefined }],
    [`https://clinic.example/c/${ID}x#123`, { kind: 'link', host: 'clinic.example', url: `https://clinic.example/c/${ID}x#123`, doubt: undefined }],
    [`https://clinic.example/c/../c/${ID}/..#1`, { kind: 'link', host: 'clinic.example', url: 'https://clinic.example/c/#1', doubt: undefined }],
    ['https://clinic.example/s#23456789ABCD', { kind: 'link', host: 'clinic.example', url: 'https://clinic.example/s#23456789ABCD', doubt: undefined }],
    [`${origin}/signout`, { kind: 'link', host: 'locket.example', url: `${origin}/signout`, doubt: undefined }],
    ['https://lоcket.example/x', { kind: 'link', host: 'xn--lcket-jye.example', url: 'https://xn--lcket-jye.example/x', doubt: 'letters' }],
    ['https://[::1]/x', { kind: 'link', host: '[::1]', url: 'https://[::1]/x', doubt: undefined }],
    ['javascript:alert(1)', { kind: 'action', scheme: 'javascript' }],
    ['JavaScript://locket.example/%0aalert(1)', { kind: 'action', scheme: 'javascript' }],
    ['data:text/html,<script>alert(1)</script>', { kind: 'action', scheme: 'data' }],
    ['blob:https://locket.example/x', { kind: 'action', scheme: 'blob' }],
    ['file:///etc/passwd', { kind: 'action', scheme: 'file' }],
    ['WIFI:S:net;P:secret;;', { kind: 'action', scheme: 'wifi' }],
    ['mailto:a@b.example', { kind: 'action', scheme: 'mailto' }],
    ['tel:+46701740605', { kind: 'phone', text: '+46701740605' }],
    ['tel:*#06#', { kind: 'action', scheme: 'tel' }],
    ['shc:/56762909', { kind: 'health_card' }],
    ['SHC:/56762909', { kind: 'health_card' }],
    ['//evil.example/c/x', { kind: 'text', text: '//evil.example/c/x' }],
    ['<script>alert(1)</script>', { kind: 'text', text: '<script>alert(1)</script>' }],
    ['https://', { kind: 'text', text: 'https://' }],
    ['', { kind: 'nothing' }],
    [' \n', { kind: 'nothing' }],
    ['7'.repeat(20_000), { kind: 'too_long' }],
    [`${origin}/c/${ID}#${'7'.repeat(1e6)}`, { kind: 'too_long' }],
  ]) {
    assert.deepEqual(classify(text, origin), want, text.slice(0, 80));
  }
  assert.equal(classify('x'.repeat(9000), origin).text?.length, 500);
});

test('the demonstration on this machine is an origin like others', () => {
  assert.deepEqual(classify(`http://localhost:8080/c/${ID}#1`, 'http://localhost:8080'), { kind: 'card', address: `/c/${ID}#1` });
  assert.equal(classify(`http://localhost:8080/c/${ID}#1`, origin).kind, 'link');
});

test('everything that can be found is said', () => {
  for (const kind of ['health_card', 'health_link', 'contact', 'phone', 'link', 'action', 'text', 'nothing', 'too_long']) {
    assert.ok(english[`scan.${kind}.title`] && english[`scan.${kind}.text`], kind);
  }
  for (const doubt of ['user', 'letters', 'plain']) assert.ok(english[`scan.link.${doubt}`], doubt);
});

// Contacts

test('a contact is read, and the card that it names is offered', () => {
  const text = [
    'BEGIN:VCARD', 'VERSION:3.0', 'N:ICE;;;;', 'FN:ICE Ada Example', 'TEL;TYPE=CELL:+46701740605', 'item1.TEL;VALUE=uri:tel:+4930123456',
    'NOTE:Penicillin\\, severe.\\nAsthma: ask', '  at once', `URL:${origin}/s#23456789ABCD`, 'END:VCARD',
  ].join('\r\n');
  assert.deepEqual(classify(text, origin), {
    kind: 'contact',
    contact: {
      name: 'ICE Ada Example', phones: ['+46701740605', '+4930123456'], note: 'Penicillin, severe.\nAsthma: ask at once', url: `${origin}/s#23456789ABCD`,
    },
    inside: { kind: 'code', address: '/s#23456789ABCD' },
  });
});

test('a contact leads nowhere else', () => {
  for (const url of ['javascript:alert(1)', 'https://evil.example/x', `https://locket.example@evil.example/c/${ID}#1`, 'tel:+46701740605', '']) {
    assert.equal(classify(`BEGIN:VCARD\nFN:x\nURL:${url}\nEND:VCARD`, origin).inside, undefined, url);
  }
  assert.deepEqual(readContact('BEGIN:VCARD\nEND:VCARD'), { name: '', phones: [], note: '', url: '' });
  assert.equal(readContact(`BEGIN:VCARD\n${'TEL:1\n'.repeat(1000)}`).phones.length, 8);
});

// Health links

const LINK = { url: `https://clinic.example/shl/${'a'.repeat(43)}`, key: 'k'.repeat(43), exp: 1_900_000_000, flag: 'P', label: 'Summary' };
const written = (link, viewer = '') => `${viewer}shlink:/${base64url(JSON.stringify(link))}`;

test('what a health link says before it is opened', () => {
  const want = { host: 'clinic.example', label: 'Summary', expires: 1_900_000_000, passcode: true };
  for (const text of [written(LINK), written(LINK, 'https://viewer.example/#'), written({ ...LINK, v: 1, more: 'x' }).replace('shlink', 'SHLINK')]) {
    const { kind, link } = classify(text, origin);
    const { signed, ...said } = link;
    assert.deepEqual({ kind, said, signed }, { kind: 'health_link', said: want, signed: null });
  }
  assert.equal(readHealthLink(written({ ...LINK, exp: 1_900_000_000_000 })).expires, 0, 'milliseconds');
  assert.equal(readHealthLink(written({ ...LINK, label: 'a\u202eb' })).label, 'ab');
});

test('a health link that is not one is not read', () => {
  for (const text of [
    'shlink:/', 'shlink:/!!', 'shlink:/e30', `shlink:/${'A'.repeat(5000)}`, written([]), written({ ...LINK, url: 'http://clinic.example/x' }),
    written({ ...LINK, url: 'javascript:alert(1)' }), written({ ...LINK, url: `https://u@clinic.example/${'a'.repeat(43)}` }),
    written({ ...LINK, url: `https://clinic.example/${'a'.repeat(200)}` }), written({ ...LINK, label: 7 }),
  ]) {
    assert.equal(readHealthLink(text).host, '', text.slice(0, 60));
  }
});

test('who made a health link is known by its signature', async () => {
  const clinic = await Issuer.make('clinic.example');
  const other = await Issuer.make('other.example');
  const sign = async (issuer, link) => {
    const text = ['locket-shlink/v1', link.url, link.key, link.exp, link.flag, link.label].join('\n');
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, issuer.privateKey, Buffer.from(text));
    return base64url(Buffer.concat([Buffer.from(issuer.key.kid, 'base64url').subarray(0, 8), Buffer.from(signature)]));
  };
  const keys = [other.key, clinic.key];
  const read = (link) => readHealthLink(written(link));
  const sig = await sign(clinic, LINK);
  assert.equal(await signerOf(read({ ...LINK, sig }), keys), 'clinic.example');
  for (const [name, link, trusted] of [
    ['no signature', LINK, keys],
    ['another label', { ...LINK, label: 'Other', sig }, keys],
    ['another key', { ...LINK, key: 'x'.repeat(43), sig }, keys],
    ['another end', { ...LINK, exp: 1_900_000_001, sig }, keys],
    ['signed for another host', { ...LINK, sig: await sign(other, LINK) }, keys],
    ['cut short', { ...LINK, sig: sig.slice(0, 40) }, keys],
    ['nonsense', { ...LINK, sig: '!' }, keys],
    ['nobody trusted', { ...LINK, sig }, [other.key]],
    ['a key in other hands', { ...LINK, sig }, [{ ...clinic.key, revoked: { revoked_at: 1 } }]],
  ]) {
    assert.equal(await signerOf(read(link), trusted), '', name);
  }
});

// Tags

test('the first address of a tag counts', () => {
  const data = (text) => new TextEncoder().encode(text);
  const url = (text) => ({ recordType: 'url', data: data(text) });
  const poster = { recordType: 'smart-poster', toRecords: () => [{ recordType: 'text', data: data('title') }, url('https://b.example')] };
  const card = { recordType: 'mime', mediaType: 'text/vcard', data: data('BEGIN:VCARD') };
  for (const [records, want] of [
    [[url('https://a.example'), url('https://b.example')], 'https://a.example'],
    [[{ recordType: 'text', data: data('x') }, url('https://a.example')], 'https://a.example'],
    [[poster], 'https://b.example'],
    [[card], 'BEGIN:VCARD'],
    [[card, url('https://a.example')], 'https://a.example'],
    [[{ recordType: 'text', data: data('x') }], ''],
    [[{ recordType: 'empty' }], ''],
    [[], ''],
  ]) {
    assert.equal(textOf(records), want);
  }
});
