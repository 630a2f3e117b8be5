// The signed lists: which are believed, how they are followed, and what they say without a network.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';

import { ageOf, BadList, verifyList } from '../offline/jws.js';
import { Lists, mergeKeys } from '../offline/lists.js';
import { followRevocations, isWithdrawn, readHead, revocationId } from '../offline/revocations.js';
import { Memory } from '../offline/store.js';
import { followTrust, readTrust } from '../offline/trustlist.js';
import { base64url, Issuer } from './issuer.mjs';
import { withNetwork } from './network.mjs';

const HOUSE = 'locket.example';
const TRUST = 'locket-trust+jws';
const REVOKED = 'locket-revocations+jws';
const DAY = 86_400;
const now = 1_800_000_000; // seconds since 1970
const today = now * 1000; // as a device's clock says it

const house = await Issuer.make(HOUSE);
const clinic = await Issuer.make('clinic.example');
const stranger = await Issuer.make(HOUSE); // says that it is the house
const entry = (issuer, keys = [issuer.key]) => ({ iss: issuer.iss, name: `Name of ${issuer.iss}`, url: `https://${issuer.iss}`, keys });
const trustList = (changes = {}) => ({ v: 1, iss: HOUSE, iat: now, exp: now + 30 * DAY, issuers: [entry(house), entry(clinic)], ...changes });

test('a list is believed when a trusted key signed it as what it is', async () => {
  const payload = trustList();
  assert.deepEqual(await verifyList(await house.sign(TRUST, payload), TRUST, [clinic.key, house.key], HOUSE), payload);
});

const { kid } = house.key;
const good = await house.sign(TRUST, trustList());
const [head, body, signature] = good.split('.');
const withHeader = (header) => house.sign(TRUST, trustList(), header);
for (const [name, text] of [
  ['of another kind', await house.sign(REVOKED, trustList())],
  ['without a kind', await withHeader({ alg: 'ES256', kid })],
  ['signed by a stranger', await stranger.sign(TRUST, trustList())],
  ['signed by a stranger under the key id of the house', await stranger.sign(TRUST, trustList(), { alg: 'ES256', kid, typ: TRUST })],
  ['signed by another trusted issuer', await clinic.sign(TRUST, trustList(), { alg: 'ES256', kid, typ: TRUST })],
  ['with a changed payload', `${head}.${base64url(JSON.stringify(trustList({ exp: now + 999 * DAY })))}.${signature}`],
  ['with a changed signature', `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
  ['with a signature cut short', `${head}.${body}.${signature.slice(0, 80)}`],
  ['with a signature of zero', `${head}.${body}.${base64url(new Uint8Array(64))}`],
  ['without a signature', `${head}.${body}.`],
  ['with alg none', `${base64url(JSON.stringify({ alg: 'none', kid, typ: TRUST }))}.${body}.`],
  ['with HS256 under the public key', (() => {
    const signed = `${base64url(JSON.stringify({ alg: 'HS256', kid, typ: TRUST }))}.${body}`;
    return `${signed}.${createHmac('sha256', house.key.x).update(signed).digest('base64url')}`;
  })()],
  ['that brings its own key', await stranger.sign(TRUST, trustList(), { alg: 'ES256', jwk: stranger.key, kid, typ: TRUST })],
  ['with a critical header', await withHeader({ alg: 'ES256', b64: false, crit: ['b64'], kid, typ: TRUST })],
  ['with a header twice', await withHeader(`{"alg":"ES256","alg":"ES256","kid":"${kid}","typ":"${TRUST}"}`)],
  ['with a member twice', await house.sign(TRUST, '{"v":1,"v":1}')],
  ['with a member twice, written in two ways', await house.sign(TRUST, '{"v":1,"\\u0076":1}')],
  ['with a member twice, deep inside', await house.sign(TRUST, '{"v":1,"issuers":[{"iss":"a","iss":"b"}]}')],
  ['that is a list', await house.sign(TRUST, '[]')],
  ['that is nothing', await house.sign(TRUST, 'null')],
  ['that is no JSON', await house.sign(TRUST, '{')],
  ['of two parts', `${head}.${body}`],
  ['of four parts', `${good}.${signature}`],
  ['with padding', `${head}=.${body}.${signature}`],
  ['that is empty', ''],
  ['without an end', 'A'.repeat(2 << 20)],
]) {
  test(`no list: ${name}`, () => assert.rejects(verifyList(text, TRUST, [house.key], HOUSE), BadList));
}

test('text that looks like members inside of strings is no member', async () => {
  const payload = trustList({ name: 'a "quoted": word, \\"v": 1' });
  assert.deepEqual(await verifyList(await house.sign(TRUST, payload), TRUST, [house.key], HOUSE), payload);
});

test('a key in other hands signs no list, nor a retired one a later list', async () => {
  await assert.rejects(verifyList(good, TRUST, [{ ...house.key, exp: now - 1 }], HOUSE), BadList);
  await verifyList(good, TRUST, [{ ...house.key, exp: now }], HOUSE);
  await assert.rejects(verifyList(good, TRUST, [{ ...house.key, revoked: { revoked_at: now } }], HOUSE), BadList);
});

for (const [name, changes] of [
  ['a version that this reader does not know', { v: 2 }],
  ['another house', { iss: 'clinic.example' }],
  ['no time', { iat: undefined }],
  ['a time that is text', { iat: String(now) }],
  ['an end before its beginning', { exp: now - 1 }],
  ['an end beyond all years', { exp: 1e15 }],
  ['no issuers', { issuers: undefined }],
  ['an issuer twice', { issuers: [entry(house), entry(clinic), entry(clinic)] }],
  ['itself left out', { issuers: [entry(clinic)] }],
  ['a key that speaks for another issuer', { issuers: [entry(house), entry(clinic, [house.key])] }],
  ['a name that is none', { issuers: [entry(house), { ...entry(clinic), name: 7 }] }],
  ['a private key', { issuers: [entry(house), entry(clinic, [{ ...clinic.key, d: 'x' }])] }],
  ['a key under the name of another', { issuers: [entry(house), entry(clinic, [{ ...clinic.key, kid: house.key.kid }])] }],
  ['the house behind others', { issuers: [entry(clinic), entry(house)] }],
  ['an address of another host', { issuers: [entry(house), { ...entry(clinic), url: 'https://evil.example' }] }],
  ['an address with a user', { issuers: [entry(house), { ...entry(clinic), url: 'https://u@clinic.example' }] }],
  ['an address without TLS', { issuers: [entry(house), { ...entry(clinic), url: 'http://clinic.example' }] }],
  ['an address that runs', { issuers: [entry(house), { ...entry(clinic), url: 'javascript:alert(1)' }] }],
  ['too many issuers', { issuers: Array(1025).fill(entry(house)) }],
]) {
  test(`no trust list: ${name}`, async () => {
    await assert.rejects(readTrust(await house.sign(TRUST, trustList(changes)), [house.key], HOUSE), BadList);
  });
}

test('names are cleaned before they are shown', async () => {
  for (const [name, want] of [
    ['\u202eClinic\u2066', 'Clinic'], ['A\u0007\n  B', 'A B'], ['', 'clinic.example'], ['\u200b', 'clinic.example'], ['Cl\u200dinic', 'Cl\u200dinic'],
    ['é'.repeat(150), 'é'.repeat(100)],
  ]) {
    const list = await readTrust(await house.sign(TRUST, trustList({ issuers: [entry(house), { ...entry(clinic), name }] })), [house.key], HOUSE);
    assert.equal(list.issuers[1].name, want);
  }
});

test('keys of other kinds are passed over', async () => {
  const list = await readTrust(await house.sign(TRUST, trustList({ issuers: [entry(house), entry(clinic, [{ kty: 'RSA', iss: clinic.iss }, clinic.key])] })), [house.key], HOUSE);
  assert.deepEqual(list.issuers[1].keys, [clinic.key]);
});

test('a list is believed by the keys of the list before and by those that the house publishes', async () => {
  const next = await Issuer.make(HOUSE);
  const first = await followTrust(null, await house.sign(TRUST, trustList({ issuers: [entry(house, [house.key, next.key])] })), [house.key], HOUSE, today);
  assert.equal(first.issuers[0].keys.length, 2);
  const second = await followTrust(first, await next.sign(TRUST, trustList({ iat: now + 60, issuers: [entry(house, [next.key])] })), [], HOUSE, today);
  assert.equal(second.iat, now + 60, 'the list before has named its key');
  const third = await house.sign(TRUST, trustList({ iat: now + 120 }));
  assert.equal(await followTrust(second, third, [], HOUSE, today), second, 'its key is in no list and not published');
  assert.equal((await followTrust(second, third, [house.key], HOUSE, today)).iat, now + 120, 'a house whose key was stolen signs with another at once');
});

test('a withdrawn key signs no list, even when it is published', async () => {
  const next = await Issuer.make(HOUSE);
  const stolen = { ...house.key, revoked: { revoked_at: now } };
  const kept = await followTrust(null, await next.sign(TRUST, trustList({ issuers: [entry(house, [next.key, stolen])] })), [next.key], HOUSE, today);
  assert.equal(kept.issuers[0].keys.length, 2);
  assert.equal(await followTrust(kept, await house.sign(TRUST, trustList({ iat: now + 60 })), [house.key], HOUSE, today), kept);
});

test('a list cannot make itself trusted, and an older one does not come back', async () => {
  const kept = await followTrust(null, good, [house.key], HOUSE, today);
  const forged = await stranger.sign(TRUST, trustList({ iat: now + 60, issuers: [entry(stranger)] }));
  assert.equal(await followTrust(null, forged, [house.key], HOUSE, today), null);
  assert.equal(await followTrust(kept, forged, [house.key], HOUSE, today), kept);
  assert.equal(await followTrust(kept, forged, [house.key, { ...stranger.key, iss: 'other.example' }], HOUSE, today), kept);
  assert.equal(await followTrust(kept, await house.sign(TRUST, trustList({ iat: now - 60 })), [house.key], HOUSE, today), kept);
  assert.equal(await followTrust(null, good, [{ ...house.key, iss: 'other.example' }], HOUSE, today), null, 'a published key of another issuer');
});

test('a list of the future is not kept, and one that is gives way to one of today', async () => {
  const at = (seconds) => house.sign(TRUST, trustList({ iat: seconds, exp: seconds + 30 * DAY }));
  const kept = await followTrust(null, good, [house.key], HOUSE, today);
  assert.equal(await followTrust(kept, await at(now + 601), [house.key], HOUSE, today), kept);
  assert.equal(await followTrust(null, await at(now + 601), [house.key], HOUSE, today), null);
  assert.equal((await followTrust(kept, await at(now + 600), [house.key], HOUSE, today)).iat, now + 600, 'clocks differ a little');

  const years = 20 * 365 * DAY;
  const future = await followTrust(null, await at(now + years), [house.key], HOUSE, today + years * 1000);
  assert.equal(future.iat, now + years, 'this device thought so too');
  assert.equal(await followTrust(future, await at(now + years + 60), [house.key], HOUSE, today), future);
  const replaced = await followTrust(future, await house.sign(TRUST, trustList({ issuers: [entry(house)] })), [house.key], HOUSE, today);
  assert.deepEqual([replaced.iat, replaced.issuers.length], [now, 1]);
});

test('the age of a list is said', () => {
  const list = { iat: now, exp: now + DAY };
  const until = new Date((now + DAY) * 1000);
  assert.deepEqual(ageOf(list, (now + 3600) * 1000), { state: 'fresh', milliseconds: 3_600_000, until });
  assert.deepEqual(ageOf(list, (now + DAY) * 1000), { state: 'too_old', milliseconds: DAY * 1000, until });
  assert.deepEqual(ageOf(list, (now - 300) * 1000), { state: 'fresh', milliseconds: 0, until });
  assert.equal(ageOf(list, (now - 3600) * 1000).state, 'not_yet');
});

// Withdrawn cards

const ids = ['AAECAwQFBgcICQoLDA0ODw', 'EBESExQVFhcYGRobHB0eHw', 'ICEiIyQlJicoKSorLC0uLw'];
const entriesOf = async (...cards) => Buffer.concat(await Promise.all(cards.map(revocationId)));
const digest = (entries) => createHash('sha256').update(entries).digest('base64url');
const follow = (kept, head, fetch, at = today) => followRevocations(kept, head, fetch, at);
const headOf = (entries, changes = {}) => ({ v: 1, iss: HOUSE, iat: now, exp: now + 7 * DAY, count: entries.length / 8, sha256: digest(entries), ...changes });

// Answers entries from N on, and keeps what was asked for.
function served(entries) {
  const asked = [];
  return { asked, fetch: async (after) => (asked.push(after), new Uint8Array(entries.subarray(after * 8))) };
}

test('what stands in the list for a card', async () => {
  const want = createHash('sha256').update('locket-revocation/v1').update(Buffer.from(ids[0], 'base64url')).digest('hex').slice(0, 16);
  assert.equal(Buffer.from(await revocationId(ids[0])).toString('hex'), want);
});

test('the list is fetched once, then only what is new', async () => {
  const two = await entriesOf(ids[0], ids[1]);
  const first = served(two);
  const kept = await follow(null, headOf(two), first.fetch);
  assert.deepEqual(first.asked, [0]);
  assert.equal(await isWithdrawn(kept, ids[1]), true);
  assert.equal(await isWithdrawn(kept, ids[2]), false);

  const three = await entriesOf(...ids);
  const second = served(three);
  const grown = await follow(kept, headOf(three, { iat: now + 60 }), second.fetch);
  assert.deepEqual(second.asked, [2]);
  assert.equal(await isWithdrawn(grown, ids[2]), true);

  const third = served(three);
  const same = await follow(grown, headOf(three, { iat: now + 120 }), third.fetch);
  assert.deepEqual(third.asked, []);
  assert.equal(same.head.iat, now + 120);
});

test('what was withdrawn once stays withdrawn when the house comes back from a backup', async () => {
  const all = await entriesOf(...ids);
  const one = await entriesOf(ids[1]);
  let list = await follow(null, headOf(all), served(all).fetch);
  for (const [entries, seconds] of [[one, 60], [Buffer.alloc(0), 120], [all, 180], [one, 240]]) {
    list = await follow(list, headOf(entries, { iat: now + seconds }), served(entries).fetch);
    assert.deepEqual([list.head.iat, list.head.count], [now + seconds, entries.length / 8], 'its age is that of the new list');
    for (const id of ids) assert.equal(await isWithdrawn(list, id), true, id);
  }
  assert.equal(list.past.length, all.length, 'each card is kept once');

  const grown = await entriesOf(ids[1], 'MDEyMzQ1Njc4OTo7PD0-Pw');
  const added = served(grown);
  list = await follow(list, headOf(grown, { iat: now + 300 }), added.fetch);
  assert.deepEqual(added.asked, [1], 'the new list is followed like any other');
  for (const id of [...ids, 'MDEyMzQ1Njc4OTo7PD0-Pw']) assert.equal(await isWithdrawn(list, id), true, id);
  assert.equal(await isWithdrawn(list, 'QEFCQ0RFRkdISUpLTE1OTw'), false);
});

test('a head of the future is not kept, and one that is gives way to one of today', async () => {
  const [one, other] = [await entriesOf(ids[0]), await entriesOf(ids[1])];
  const ahead = headOf(one, { iat: now + 601 });
  assert.equal(await follow(null, ahead, served(one).fetch), null);
  const future = await follow(null, ahead, served(one).fetch, today + DAY * 1000);
  const replaced = await follow(future, headOf(other), served(other).fetch);
  assert.equal(replaced.head.iat, now);
  for (const id of [ids[0], ids[1]]) assert.equal(await isWithdrawn(replaced, id), true, id);
});

test('a list with another past is fetched whole, and one that does not fit its head is not used', async () => {
  const kept = await follow(null, headOf(await entriesOf(ids[0])), served(await entriesOf(ids[0])).fetch);
  const other = await entriesOf(ids[1], ids[2]);
  const again = served(other);
  const replaced = await follow(kept, headOf(other, { iat: now + 60 }), again.fetch);
  assert.deepEqual(again.asked, [1, 0]);
  assert.equal(await isWithdrawn(replaced, ids[2]), true);

  const lie = served(await entriesOf(ids[0], ids[0]));
  assert.equal(await follow(kept, headOf(other, { iat: now + 60 }), lie.fetch), kept);
  assert.equal(await follow(kept, headOf(other, { iat: now + 60 }), async () => null), kept, 'no network');
  assert.equal(await follow(kept, headOf(other, { iat: now + 60 }), async () => new Uint8Array(7)), kept, 'cut short');
  assert.equal(await follow(kept, headOf(other, { iat: now - 60 }), again.fetch), kept, 'an older head');
});

test('an empty list is a list', async () => {
  const nothing = new Uint8Array();
  const asked = served(nothing);
  const list = await follow(null, headOf(nothing), asked.fetch);
  assert.deepEqual(asked.asked, []);
  assert.equal(await isWithdrawn(list, ids[0]), false);
});

for (const [name, sign] of [
  ['by a key of another issuer', () => clinic.sign(REVOKED, headOf(Buffer.alloc(8)))],
  ['of another kind', () => house.sign(TRUST, headOf(Buffer.alloc(8)))],
  ['of another house', () => house.sign(REVOKED, headOf(Buffer.alloc(8), { iss: 'clinic.example' }))],
  ['with a count below nothing', () => house.sign(REVOKED, headOf(Buffer.alloc(8), { count: -1 }))],
  ['with a count of a half', () => house.sign(REVOKED, headOf(Buffer.alloc(8), { count: 0.5 }))],
  ['with more entries than anybody can fetch', () => house.sign(REVOKED, headOf(Buffer.alloc(8), { count: 1e9 }))],
  ['without a digest', () => house.sign(REVOKED, headOf(Buffer.alloc(8), { sha256: undefined }))],
]) {
  test(`no head of withdrawn cards: ${name}`, async () => {
    await assert.rejects(readHead(await sign(), [house.key, clinic.key], HOUSE), BadList);
  });
}

// Both together, with a network and without

test('after one visit the lists are there without a network', async () => {
  const iat = Math.floor(Date.now() / 1000);
  const withdrawn = await entriesOf(ids[0]);
  const network = async (url) => {
    if (url === '/v1/trust-list') return new Response(await house.sign(TRUST, trustList({ iat, exp: iat + DAY })));
    if (url === '/v1/revocations') return new Response(await house.sign(REVOKED, headOf(withdrawn, { iat, exp: iat + DAY })));
    if (url === '/v1/revocations/entries?after=0') return new Response(withdrawn);
    return Response.json({ keys: [house.key] });
  };
  const store = new Memory();
  const { asked } = await withNetwork(network, async () => (await Lists.open(store, HOUSE)).refresh());
  assert.deepEqual(asked.map(({ url }) => url), ['/.well-known/jwks.json', '/v1/trust-list', '/v1/revocations', '/v1/revocations/entries?after=0']);
  assert.ok(asked.every(({ credentials }) => credentials === 'omit'));

  const later = await Lists.open(store, HOUSE);
  await withNetwork(() => Promise.reject(new TypeError('no network')), () => later.refresh());
  assert.equal(later.issuer('clinic.example').name, 'Name of clinic.example');
  assert.deepEqual(later.keysBeside([]).map(({ iss }) => iss), [HOUSE, 'clinic.example']);
  assert.equal(await later.isWithdrawn(ids[0]), true);
  assert.equal(await later.isWithdrawn(ids[1]), false);
  assert.deepEqual(later.ages((iat + 60) * 1000).trust.state, 'fresh');
  assert.deepEqual(later.ages((iat + 2 * DAY) * 1000).revocations.state, 'too_old');
});

test('a phone without room uses the lists as long as the page is open', async () => {
  const full = new Memory();
  full.put = () => Promise.reject(new Error('no room'));
  const lists = await Lists.open(full, HOUSE);
  await withNetwork((url) => (url === '/v1/trust-list' ? new Response(good) : new Response('', { status: 404 })), () => lists.refresh({ published: [house.key], now: today }));
  assert.equal(lists.issuer('clinic.example').iss, 'clinic.example');
});

test('a service without lists, and one that sends nonsense, leave what was known', async () => {
  for (const answer of [() => new Response('no', { status: 404 }), () => new Response('<html>')]) {
    const lists = await Lists.open(new Memory(), HOUSE);
    await withNetwork(answer, () => lists.refresh({ published: [house.key], now: today }));
    assert.deepEqual(lists.ages(0), { trust: null, revocations: null });
    assert.deepEqual(lists.keysBeside([house.key]).length, 1);
    assert.equal(await lists.isWithdrawn(ids[0]), false);
  }
});

test('a finder does not fetch a large list', async () => {
  const many = Buffer.alloc(8000);
  const network = async (url) => (url === '/v1/revocations' ? new Response(await house.sign(REVOKED, headOf(many))) : new Response('', { status: 404 }));
  const lists = await Lists.open(new Memory(), HOUSE);
  const { asked } = await withNetwork(network, () => lists.refresh({ published: [house.key], mostBytes: 4000, now: today }));
  assert.ok(asked.every(({ url }) => !url.includes('entries')));
});

test('a key withdrawn or retired in one set is so in both', () => {
  const revoked = { revoked_at: 1 };
  assert.deepEqual(mergeKeys([{ ...house.key, revoked }], [{ ...house.key, exp: 5 }]), [{ ...house.key, revoked, exp: 5 }]);
  assert.deepEqual(mergeKeys([{ ...house.key, exp: 9 }], [{ ...house.key, exp: 5 }])[0].exp, 5);
  assert.equal(mergeKeys([house.key], [stranger.key]).length, 2);
});
