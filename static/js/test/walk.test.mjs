// A log that is read in pieces, by a browser that remembers, from a server that may lie in any of its answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readLog } from '../log/walk.js';
import { Log, answerOf, digest } from './tree.mjs';

const SUBJECT = 'p-fictional';
const PIECE = 10; // entries of an answer

/** A server with a log of entries about one person; "lie" changes an answer on its way. */
class House {
  constructor() {
    this.epochs = [new Log()];
    this.entries = [];
    this.asked = 0;
    this.lie = (answer) => answer;
  }

  get log() {
    return this.epochs.at(-1);
  }

  async add(count, event = { type: 'card.scanned' }) {
    for (let i = 0; i < count; i++) this.entries.push(await this.log.follow(this.entries.at(-1), SUBJECT, { at: 1 + this.entries.length, ...event }));
    return this;
  }

  /** Reads the page that holds the numbers above after up to end. */
  read(seen, after, end) {
    this.asked = 0;
    const ask = async (from, size, epoch) => {
      this.asked += 1;
      const log = this.epochs.find(({ number }) => number === epoch) ?? this.log;
      const answer = answerOf(this.epochs, this.entries.filter(({ seq }) => seq > from).slice(0, PIECE));
      answer.last = this.entries.at(-1)?.seq ?? 0;
      answer.consistency = size > 0 && size <= log.leaves.length ? log.consistency(size) : null;
      return this.lie(answer, this.asked, size);
    };
    return readLog(ask, SUBJECT, seen, { after, end });
  }
}

const failed = (read) => [...read.checked].filter(([, { state }]) => state !== 'proven').map(([seq]) => seq);

test('the first visit reads everything and remembers it, the next one what is new', async () => {
  const house = await new House().add(35);
  const first = await house.read(null, 25, 35);
  assert.deepEqual([first.verdict, first.kept, first.hidden, first.pruned, first.checked.size, failed(first).length], ['first', 'kept', 0, 0, 35, 0]);
  assert.equal(first.next.count, 35);
  assert.equal(first.next.leaf, house.entries[34].hash.toString('base64url'));
  assert.equal((await house.read(first.next, 25, 35)).verdict, 'same');
  assert.equal(house.asked, 2);
  await house.add(5);
  const second = await house.read(first.next, 30, 40);
  assert.deepEqual([second.verdict, second.kept, second.next.count], ['grown', 'kept', 40]);
});

test('an older page is read beside what is new', async () => {
  const house = await new House().add(60);
  const { next } = await house.read(null, 50, 60);
  await house.add(1);
  const read = await house.read(next, 10, 15);
  assert.deepEqual(failed(read), []);
  assert.ok([10, 11, 15, 60, 61].every((seq) => read.checked.has(seq)));
  assert.ok(!read.checked.has(40), 'and nothing between');
  assert.equal(read.next.count, 61);
});

test('a page of nothing, and a log of nothing', async () => {
  const house = new House();
  const read = await house.read(null, 0, 0);
  assert.deepEqual([read.checked.size, read.hidden, read.verdict], [0, 0, 'first']);
  await house.add(3);
  assert.equal((await house.read(null, 0, 0)).next.count, 3);
});

test('a long log is read in several visits', async () => {
  const house = await new House().add(230);
  const first = await house.read(null, 220, 230);
  assert.equal(house.asked, 20);
  assert.ok(first.checked.has(230) && first.checked.has(1) && !first.checked.has(200));
  assert.ok(first.next.count < 200);
  assert.equal((await house.read(first.next, 220, 230)).next.count, 230);
});

for (const [name, want, lie] of [
  ['the end is cut off', { kept: 'cut', own: 3 }, (house) => { house.entries.splice(-3); }],
  ['the end is cut off and the count says so too late', { hidden: 1 }, (house) => { house.entries.splice(-3); house.lie = (answer) => ({ ...answer, last: 12 }); }],
  ['the last is another', { kept: 'changed' }, async (house) => { house.entries.splice(-1); await house.add(1, { type: 'record.changed' }); }],
  ['the log is smaller', { verdict: 'smaller' }, (house) => { house.log.leaves.length = 8; house.entries.length = 8; }],
  ['the log is another', { verdict: 'fork' }, async (house) => { house.log.leaves[3] = digest(Buffer.from('changed')); await house.add(1); }],
  ['the log has two faces', { verdict: 'fork' }, async (house) => {
    await house.add(20);
    const other = house.log.withKey();
    Object.assign(other, { privateKey: house.log.privateKey, id: house.log.id, vkey: house.log.vkey, leaves: [...house.log.leaves] });
    other.leaves[25] = digest(Buffer.from('changed'));
    house.lie = (answer, n, size) => (n === 1 ? answer : { ...answerOf([other], house.entries.filter(({ seq }) => seq >= answer.entries[0].seq).slice(0, PIECE)), last: 32, consistency: other.consistency(size) });
  }],
  ['one in the middle is left out', { failing: true }, async (house) => { await house.add(5); house.entries.splice(13, 1); }],
]) {
  test(`${name}: it is found, and not remembered`, async () => {
    const house = await new House().add(12);
    const { next: seen } = await house.read(null, 2, 12);
    await lie(house);
    const read = await house.read(seen, Math.max(0, house.entries.length - 10), house.entries.length);
    const { failing, ...rest } = want;
    for (const [key, value] of Object.entries(rest)) assert.equal(read[key], value, key);
    if (failing) assert.ok(failed(read).length > 0);
    assert.equal(read.next, null);
  });
}

test('a log that lost its end and begins anew', async () => {
  const house = await new House().add(12);
  const { next: seen } = await house.read(null, 2, 12);
  house.log.leaves.length = house.entries.length = 10;
  house.epochs.push(await house.log.restart(seen.checkpoint));
  await house.add(4);
  const read = await house.read(seen, 4, 14);
  assert.deepEqual([read.verdict, read.lost, read.kept, read.own, read.next, failed(read).length], ['lost', 2, 'cut', 2, null, 0]);
  assert.equal(read.today.count, 14);
  const later = await house.read(read.today, 4, 14);
  assert.deepEqual([later.verdict, later.kept, later.next.epoch], ['same', 'kept', 2]);
});

test('what was erased on an old page is explained by the newest entry', async () => {
  const house = await new House().add(40);
  const [before, old] = house.entries.slice(4);
  const details = { seq: '6', leaf: old.hash.toString('base64url'), prev: before.hash.toString('base64url'), ground: 'retention' };
  Object.assign(old, { salt: null, payload: null });
  await house.add(1, { details, type: 'entry.erased' });
  const { next } = await house.read(null, 31, 41);
  const read = await house.read(next, 0, 10);
  assert.deepEqual(failed(read), []);
  assert.equal(read.checked.get(6).erased.ground, 'retention');
});

test('an entry whose words are not for whoever asks needs no explanation', async () => {
  const house = await new House().add(40);
  const { next } = await house.read(null, 30, 40);
  await house.read(next, 0, 10);
  const asked = house.asked;
  Object.assign(house.entries[5], { salt: null, payload: null, withheld: true });
  const read = await house.read(next, 0, 10);
  assert.deepEqual([failed(read), read.checked.get(6).withheld, house.asked], [[], true, asked]);
});
