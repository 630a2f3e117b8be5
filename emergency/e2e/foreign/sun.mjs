// NTAG 424 DNA (SUN): node-sdm agrees with the published vectors and with what the server says of taps; whatever a tap is worth, the page is served.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Sign1 } from '@auth0/cose';
import { House, fixture, fragmentBytes, must } from '../harness/house.mjs';
import { Chip } from './chip.mjs';
import { issue } from './issued.mjs';

const sdm = createRequire(import.meta.url)('node-sdm');
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../../../cards/sun/testdata/taps.json'), 'utf8'));
/** Those that node-sdm can read: it knows AES and the empty MAC input. */
const readable = vectors.filter(({ p, enc, error }) => p && !enc && !error);

describe('SUN', () => {
  test('there are vectors', () => assert.ok(readable.length >= 6));

  for (const { name, meta, file, p, c, uid, counter, proven } of readable) {
    test(`node-sdm agrees: ${name}`, () => {
      const read = sdm.decryptPicc(Buffer.from(p, 'hex'), Buffer.from(meta, 'hex'));
      assert.deepEqual([read.PICC_DataTag, read.uid, read.cntInt], ['c7', uid.toLowerCase(), counter]);
      const mac = sdm.calculateCmacData(uid, counter, Buffer.from(file, 'hex')).toString('hex');
      assert.equal(mac === c.toLowerCase(), proven);
    });
  }

  describe('over the running server', () => {
    let house, card, chip, tag, plain;

    before(async () => {
      house = await House.open();
      card = await issue(house.data, 'ntag424', fixture('adult'));
      chip = new Chip(card.json('settings.json'));
      tag = await frontTag(card.report.short_code);
      plain = await page(new URL(card.text('card.url')).pathname);
    });

    after(() => house?.close());

    /** What proves that one has the front in one's hands: a hash of what is signed. A tag has room for the short code alone; that leads there. */
    async function frontTag(code) {
      const found = await post('/v1/short-code', { code });
      const { payload } = Sign1.decode(fragmentBytes(found.url).subarray(17));
      return createHash('sha256').update('locket/front/v1').update(payload).digest().subarray(0, 16).toString('base64url');
    }

    async function post(path, body, cookie = '') {
      const headers = { 'content-type': 'application/json', cookie };
      const answer = await fetch(house.base + path, { method: 'POST', headers, body: JSON.stringify(body) });
      assert.equal(answer.status, 200, path);
      return answer.json();
    }

    /** The page of an address, and the cookie that comes with it. */
    async function page(path, cookie = '') {
      const answer = await fetch(house.base + path, { headers: { cookie } });
      const [mark = ''] = answer.headers.getSetCookie();
      return { status: answer.status, text: await answer.text(), mark, cookie: mark.split(';')[0] };
    }

    /** A browser: what it keeps, and what it is told when a tag was held to its telephone. */
    class Phone {
      cookie = '';
      async opens(address) {
        const { pathname, search } = new URL(address);
        const { status, text, mark, cookie } = await page(pathname + search, this.cookie);
        assert.equal(status, 200);
        assert.equal(text, plain.text, 'the page is the same for everybody');
        if (cookie) {
          assert.match(mark, /^__Host-tap=[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/);
          this.cookie = cookie;
        }
        const { status: state, tap } = await post(`/v1/cards/${card.report.id}/status`, { tag }, this.cookie);
        assert.equal(state, 'active', 'no tap takes a card away');
        return tap;
      }
    }

    /** What the log says of scans and taps: type and worth of each. */
    async function entries() {
      const lines = await must(['history', '--data', house.data, '--patient', card.report.patient]);
      return lines.trim().split('\n').map((line) => JSON.parse(line).entry).map(({ type, details }) => `${type} ${details?.tap ?? ''}`);
    }

    const first = new Phone();
    const second = new Phone();
    let tapped;

    test('the address is that of the settings, filled in', () => {
      tapped = chip.address();
      const zeros = card.text('card.url');
      assert.equal(tapped.length, zeros.length);
      assert.equal(new URL(tapped).pathname + new URL(tapped).hash, new URL(zeros).pathname + new URL(zeros).hash);
      assert.match(new URL(tapped).search, /^\?p=[0-9A-F]{32}&c=[0-9A-F]{16}$/);
    });

    test('a tap is live', async () => assert.equal(await first.opens(tapped), 'live'));
    test('the page loaded again raises no alarm', async () => assert.equal(await first.opens(tapped), 'live'));
    test('the same address in another browser is stale', async () => assert.equal(await second.opens(tapped), 'stale'));
    test('the next tap is live there', async () => assert.equal(await second.opens(chip.address()), 'live'));
    test('a gap between counters is normal', async () => assert.equal(await second.opens(chip.address(chip.counter + 7)), 'live'));

    test('a wrong MAC is told, and the page is served all the same', async () => {
      const wrong = new URL(chip.address());
      const c = wrong.searchParams.get('c');
      wrong.searchParams.set('c', c.startsWith('0') ? `1${c.slice(1)}` : `0${c.slice(1)}`);
      assert.equal(await new Phone().opens(wrong.href), 'wrong');
    });

    test('the key of another card proves nothing', async () => {
      const other = await issue(house.data, 'ntag424', fixture('traveller-ja'));
      const foreign = new Chip({ ...card.json('settings.json'), keys: other.json('settings.json').keys });
      assert.equal(await new Phone().opens(foreign.address(1000)), 'wrong');
    });

    test('counters that interleave backwards are those of two chips', async () => {
      const highest = chip.counter;
      assert.equal(await new Phone().opens(chip.address(highest + 20)), 'live');
      assert.equal(await new Phone().opens(chip.address(highest + 10)), 'cloned');
    });

    test('a photograph of a tap says nothing without its ticket', async () => {
      assert.equal(await new Phone().opens(tapped.replace(/\?[^#]*/, '')), '');
    });

    test('every tap stands in the log with what it was worth', async () => {
      const said = new Set(await entries());
      const doubts = ['stale', 'wrong', 'cloned'].map((tap) => `card.tap_doubted ${tap}`);
      for (const entry of ['card.scanned live', 'card.scanned reload', ...doubts]) assert.ok(said.has(entry), `${entry}: ${[...said].join(', ')}`);
    });
  });
});
