// Somebody's log, true and in every way false.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leftOut, verifyHistory } from '../log/history.js';
import { Log } from './tree.mjs';

const SUBJECT = 'p-fictional';

/** A log of five entries about one person among others'; returns what the server answers. */
async function house() {
  const log = new Log();
  const entries = [];
  for (let seq = 1; seq <= 5; seq++) {
    await log.append({ seq: 1, subject: `another ${seq}`, v: 1 });
    const before = entries.at(-1);
    entries.push(await log.append({ at: seq, prev: before?.leaf.toString('base64url'), seq, subject: SUBJECT, type: 'card.scanned', v: 1 }));
  }
  const proved = entries.map(({ leaf, ...entry }) => ({ ...entry, proof: log.inclusion(entry.index) }));
  return { log, answer: { vkey: log.vkey, checkpoint: log.checkpoint(), entries: proved } };
}

const states = (checked) => [...checked.values()].map(({ state }) => state).join(' ');

test('a true log is proven from end to end, and the payloads are handed on', async () => {
  const { answer } = await house();
  const checked = await verifyHistory(answer, SUBJECT);
  assert.equal(states(checked), 'proven proven proven proven proven');
  assert.deepEqual([...checked.keys()], [1, 2, 3, 4, 5]);
  assert.equal(checked.get(3).payload.at, 3);
  assert.equal(checked.get(3).index, answer.entries[2].index);
});

test('a part of it is proven as well', async () => {
  const { answer } = await house();
  assert.equal(states(await verifyHistory({ ...answer, entries: answer.entries.slice(2) }, SUBJECT)), 'proven proven proven');
});

test('entries that no checkpoint covers wait', async () => {
  const { answer } = await house();
  answer.entries[4].proof = null;
  assert.equal(states(await verifyHistory(answer, SUBJECT)), 'proven proven proven proven waiting');
  for (const entry of answer.entries) entry.proof = null;
  assert.equal(states(await verifyHistory({ ...answer, checkpoint: '' }, SUBJECT)), 'waiting waiting waiting waiting waiting');
});

test('an erased entry is proven by the one that names it, and has no words', async () => {
  const { answer } = await house();
  Object.assign(answer.entries[2], { salt: null, payload: null });
  Object.assign(answer.entries[4], { salt: null, payload: null });
  const checked = await verifyHistory(answer, SUBJECT);
  assert.equal(states(checked), 'proven proven proven proven unable');
  assert.equal(checked.get(3).payload, null);
});

for (const [name, want, lie] of [
  ['a payload that was changed', 'proven proven failed failed proven', ({ entries }) => { entries[2].payload = entries[2].payload.replace('scanned', 'revoked'); }],
  ['a payload that is no JSON', 'proven proven failed failed proven', ({ entries }) => { entries[2].payload = '{'; }],
  ['the payload of another entry', 'proven proven failed failed proven', ({ entries }) => { Object.assign(entries[2], { salt: entries[1].salt, payload: entries[1].payload }); }],
  ['another index', 'proven proven failed proven proven', ({ entries }) => { entries[2].index += 1; }],
  ['an entry left out', 'proven proven failed proven', ({ entries }) => { entries.splice(2, 1); }],
  ['two entries in the other order', 'proven failed failed failed proven', ({ entries }) => { [entries[1], entries[2]] = [entries[2], entries[1]]; }],
  ['another seq', 'proven proven failed failed proven', ({ entries }) => { entries[2].seq = 7; }],
  ['another salt', 'proven proven failed failed proven', ({ entries }) => { entries[2].salt = entries[1].salt; }],
  ['no salt', 'proven proven failed proven proven', ({ entries }) => { entries[2].salt = 'AAAA'; }],
  ['a proof of another size', 'proven proven failed proven proven', ({ entries }) => { entries[2].proof.size -= 1; }],
  ['a proof of no hashes', 'proven proven failed proven proven', ({ entries }) => { entries[2].proof.hashes = ['AAAA']; }],
  ['another key', 'failed failed failed failed failed', (answer) => { answer.vkey = new Log().vkey; }],
  ['no key', 'failed failed failed failed failed', (answer) => { answer.vkey = 'nonsense'; }],
  ['another checkpoint', 'failed failed failed failed failed', (answer) => { answer.checkpoint = answer.checkpoint.replace('\n10\n', '\n11\n'); }],
  ['no checkpoint', 'failed failed failed failed failed', (answer) => { answer.checkpoint = ''; }],
]) {
  test(`${name} is found`, async () => {
    const { answer } = await house();
    lie(answer);
    const checked = await verifyHistory(answer, SUBJECT);
    assert.equal(states(checked), want);
    for (const { state, payload } of checked.values()) if (state === 'failed') assert.equal(payload, null);
  });
}

test('the log of somebody else is not this one', async () => {
  const { answer } = await house();
  assert.equal(states(await verifyHistory(answer, 'p-somebody-else')), 'failed failed failed failed failed');
});

test('an entry that stands in the log and names another past is found', async () => {
  const { log, answer } = await house();
  const forged = await log.append({ prev: Buffer.alloc(32).toString('base64url'), seq: 6, subject: SUBJECT, v: 1 });
  const entries = [...answer.entries, forged].map((entry) => ({ ...entry, proof: log.inclusion(entry.index) }));
  assert.equal(states(await verifyHistory({ vkey: log.vkey, checkpoint: log.checkpoint(), entries }, SUBJECT)), 'proven proven proven proven proven failed');
});

for (const [name, shown, after, end, want] of [
  ['all of the newest page', [4, 5, 6], 3, -1, { between: 0, newer: 0 }],
  ['the entry before the page is not on it', [5, 6], 4, -1, { between: 0, newer: 0 }],
  ['one between', [4, 6], 3, -1, { between: 1, newer: 0 }],
  ['the oldest', [5, 6], 3, -1, { between: 1, newer: 0 }],
  ['one that came meanwhile', [4, 5], 3, -1, { between: 0, newer: 1 }],
  ['nothing shown at all', [], 3, -1, { between: 0, newer: 3 }],
  ['all of an older page', [4, 5], 3, 5, { between: 0, newer: 0 }],
  ['the newest of an older page', [4], 3, 5, { between: 1, newer: 0 }],
]) {
  test(`left out: ${name}`, () => assert.deepEqual(leftOut([1, 2, 3, 4, 5, 6], new Set(shown), after, end), want));
}
