// SMART Health Links: kill-the-clipboard opens ours over TLS, with the right passcode alone, and every fetch is in the log before it is answered.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fixture, must, secretsOf } from '../harness/house.mjs';
import { violations } from '../harness/ips.mjs';
import { decode } from './decoders.mjs';
import { Hospital } from './hospital.mjs';
import { issue } from './issued.mjs';
import { SecureHouse } from './secure.mjs';

const recipient = 'St. Elsewhere, emergency department';
const day = 86_400_000;

describe('SMART Health Link', () => {
  let house, hospital, card, link;

  before(async () => {
    house = await SecureHouse.open();
    hospital = Hospital.near(house.way);
    card = await issue(house.data, 'shl', fixture('adult'));
    link = card.report.health_link;
  });

  after(async () => {
    await hospital?.close();
    await house?.close();
  });

  /** What a viewer gets that is given a link and a passcode. */
  const open = ({ uri, passcode }, given = {}, options) => hospital.ask('open', { link: uri, passcode, recipient, ...given }, options);

  const payload = (uri) => JSON.parse(Buffer.from(uri.slice('shlink:/'.length), 'base64url').toString('utf8'));

  /** Asks for a link or for one of its files without a viewer between, nor TLS. */
  const ask = (address, options) => fetch(address.replace(house.base, `http://127.0.0.1:${house.port}`), options);
  const manifest = (url, body) => ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  /** What was opened or refused, oldest first. */
  async function glass({ patient } = card.report) {
    const lines = await must(['history', '--data', house.data, '--patient', patient]);
    return lines.trim().split('\n').map((line) => JSON.parse(line).entry).filter(({ type }) => type.startsWith('glass.'));
  }

  /** What a summary states: all of it but when it was made, how its entries are named, and the narratives, which say it once more for people. */
  function stated({ entry }) {
    const [{ resource: { section } }, ...entries] = entry;
    const sections = section.map(({ code, entry }) => ({ code, entry }));
    const resources = entries.map(({ resource: { text, ...resource } }) => resource);
    const names = entry.map(({ fullUrl }) => fullUrl);
    return JSON.parse(JSON.stringify({ sections, resources }).replace(/urn:uuid:[0-9a-f-]{36}/g, (name) => `entry ${names.indexOf(name)}`));
  }

  /** What the record says, by another way. */
  const record = async () => JSON.parse(await must(['export', '--data', house.data, '--patient', card.report.patient]));

  test('the code that both scanners read is the link', async () => {
    for (const [scanner, texts] of Object.entries(await decode(card.path('card.png')))) {
      assert.deepEqual(texts, [card.text('card.shlink')], scanner);
    }
    assert.equal(card.text('card.shlink'), link.uri);
  });

  test('it says what the specification wants of it, and who made it', () => {
    const { url, key, exp, flag, v, sig } = payload(link.uri);
    assert.match(url, new RegExp(`^${house.base}/shl/[\\w-]{43}$`));
    assert.ok(url.length <= 128 && key.length === 43);
    assert.deepEqual([flag, exp, v], ['P', Math.floor(Date.parse(link.expires) / 1000), undefined]);
    assert.equal(Buffer.from(sig, 'base64url').length, 8 + 64, 'key id and signature');
  });

  test('the right passcode opens it: a valid summary that is the record', async () => {
    const { error, manifest, resources } = await open(link);
    assert.equal(error, undefined);
    assert.deepEqual(manifest.files.map(({ contentType, embedded }) => [contentType, typeof embedded]), [['application/fhir+json', 'string']]);
    assert.deepEqual(violations(resources[0]), []);
    assert.deepEqual(stated(resources[0]), stated(await record()));
  });

  test('a viewer that wants little at once is told where the rest is', async () => {
    const { error, manifest, resources } = await open(link, { embeddedLengthMax: 200 });
    assert.equal(error, undefined);
    assert.equal(manifest.files[0].embedded, undefined);
    assert.match(manifest.files[0].location, new RegExp(`^${house.base}/shl/file/[\\w-]{43}$`));
    assert.deepEqual(stated(resources[0]), stated(await record()));
    assert.equal((await ask(manifest.files[0].location)).status, 404, 'it works once');
  });

  test('the file beside the link is the same summary, for a hospital without a network', async () => {
    const { content, contentType } = await hospital.ask('decrypt', { link: link.uri, jwe: card.text('ips.jwe') });
    assert.equal(contentType, 'application/fhir+json');
    assert.deepEqual(stated(JSON.parse(content)), stated(await record()));
  });

  test('every fetch stands in the log under the name that was given', async () => {
    const entries = await glass();
    assert.deepEqual(entries.map(({ type }) => type), ['glass.opened', 'glass.opened', 'glass.reopened']);
    for (const entry of entries) {
      assert.equal(entry.outcome, 'granted');
      assert.ok(JSON.stringify(entry).includes(recipient), JSON.stringify(entry));
    }
  });

  test('a wrong passcode gives nothing and counts down, for this link alone', async () => {
    const other = await issue(house.data, 'shl', fixture('traveller-ja'));
    const wrong = { recipient, passcode: 'not the passcode' };
    const left = [];
    for (let i = 0; i < 3; i++) {
      const answer = await manifest(payload(link.uri).url, wrong);
      assert.equal(answer.status, 401);
      left.push((await answer.json()).remainingAttempts);
    }
    assert.deepEqual(left, [left[0], left[0] - 1, left[0] - 2]);
    assert.equal((await open({ ...link, passcode: 'nor this one' })).error, 'SHL_INVALID_PASSCODE_ERROR');
    assert.equal((await (await manifest(payload(other.report.health_link.uri).url, wrong)).json()).remainingAttempts, left[0]);
    assert.equal((await open(link)).error, undefined, 'the right one still opens it');
    assert.equal((await glass()).filter(({ outcome, details }) => outcome === 'refused' && details.cause === 'wrong_passcode').length, 4);
  });

  test('pages of other origins may ask', async () => {
    const { url } = payload(link.uri);
    const asked = { origin: 'https://viewer.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const preflight = await ask(url, { method: 'OPTIONS', headers: asked });
    assert.ok(preflight.ok);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.match(preflight.headers.get('access-control-allow-methods'), /POST/);
    assert.match(preflight.headers.get('access-control-allow-headers'), /content-type/i);
    const answer = await manifest(payload(link.uri).url, { recipient, passcode: link.passcode });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.match(answer.headers.get('cache-control'), /no-store/);
  });

  test('what a responder hands over opens like any other link, with what they added', async () => {
    const wallet = await issue(house.data, 'wallet', fixture('adult'));
    const [secret] = secretsOf(wallet.text('card.url')).secret;
    const post = async (path, body) => (await ask(`${house.base}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json();
    const { grant } = await post(`/v1/cards/${wallet.report.id}/open`, { secret, step: 'critical', reason: 'unconscious', name: 'Kim Example' });
    await post('/v1/thread/send', { grant, kind: 'note', text: 'Glucose 3.1 at 14:05', lat: 0, lon: 0 });
    const made = await post('/v1/handover', { card: wallet.report.id, secret, grant });
    const { error, resources } = await open(made);
    assert.equal(error, undefined);
    assert.deepEqual(violations(resources[0]), []);
    const added = resources[0].entry[0].resource.section.at(-1);
    assert.match(added.text.div, /Glucose 3\.1 at 14:05/);
    assert.deepEqual(added.author, [{ display: 'Kim Example' }]);
  });

  test('an expired link is not followed, and gives nothing to whoever follows it', async () => {
    const old = await issue(house.data, 'shl', fixture('adult'));
    const { uri, passcode, expires } = old.report.health_link;
    assert.equal((await open({ uri, passcode }, {}, { at: Date.parse(expires) + day })).error, 'SHL_EXPIRED_ERROR');
    await house.program.stop(); // nobody can wait for a month: its date is set back where it is kept
    const id = Buffer.from(old.report.id, 'base64url').toString('hex');
    execFileSync('sqlite3', [join(house.data, 'locket.db'), `UPDATE card SET expires_at = issued_at + 1 WHERE id = x'${id}'`]);
    await house.serve();
    assert.equal((await open({ uri, passcode })).error, 'SHL_MANIFEST_NOT_FOUND_ERROR');
    assert.deepEqual(await glass(old.report), []);
  });

  test('a revoked link answers as one that never was', async () => {
    await must(['revoke', '--data', house.data, '--patient', card.report.patient, '--card', card.report.id]);
    assert.equal((await open(link)).error, 'SHL_MANIFEST_NOT_FOUND_ERROR');
    const { url } = payload(link.uri);
    const never = url.replace(/[\w-]{43}$/, 'A'.repeat(43));
    const [revoked, unknown] = await Promise.all([url, never].map(async (address) => {
      const answer = await manifest(address, { recipient, passcode: link.passcode });
      const { instance, ...problem } = await answer.json(); // the number of the request
      return { status: answer.status, problem };
    }));
    assert.deepEqual(revoked, unknown);
    assert.equal(revoked.status, 404);
  });
});
