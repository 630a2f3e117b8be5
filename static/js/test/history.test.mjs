// Somebody's log, true and in every way false.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hold, leftOut, verifyHistory } from '../log/history.js';
import { Log, answerOf } from './tree.mjs';

const SUBJECT = 'p-fictional';

/** A log of some entries about one person among others'; returns what the server answers. */
async function house(count = 5) {
  const log = new Log();
  const entries = [];
  for (let seq = 1; seq <= count; seq++) {
    await log.append({ seq: 1, subject: `another ${seq}`, v: 1 });
    entries.push(await log.follow(entries.at(-1), SUBJECT, { at: seq, type: 'card.scanned' }));
  }
  return { log, entries, answer: answerOf([log], entries) };
}

/** Takes the words of an entry away; returns the details of the entry that says so. */
function erase(entry, before) {
  Object.assign(entry, { salt: null, payload: null });
  return { epoch: '1', index: String(entry.index), seq: String(entry.seq), leaf: entry.hash.toString('base64url'), prev: before?.hash.toString('base64url'), ground: 'request', type: 'glass.opened', at: '3' };
}

/** A log in which the third entry was erased by the sixth. */
async function erased() {
  const { log, entries } = await house();
  const details = erase(entries[2], entries[1]);
  entries.push(await log.follow(entries.at(-1), SUBJECT, { at: 7, actor: { kind: 'operator' }, details, type: 'entry.erased' }));
  return { log, entries, details };
}

const check = async (answer, subject = SUBJECT, part = { after: 0 }) => verifyHistory(await hold(answer), subject, part);
const states = ({ checked }) => [...checked.values()].map(({ state }) => state).join(' ');

test('a true log is proven from end to end, and the payloads are handed on', async () => {
  const { answer } = await house();
  const { checked, pruned } = await check(answer);
  assert.equal(states({ checked }), 'proven proven proven proven proven');
  assert.equal(pruned, 0);
  assert.deepEqual([...checked.keys()], [1, 2, 3, 4, 5]);
  assert.equal(checked.get(3).payload.at, 3);
  assert.equal(checked.get(3).index, answer.entries[2].index);
});

test('a part of it is proven as well', async () => {
  const { answer } = await house();
  const rest = { ...answer, entries: answer.entries.slice(2) };
  assert.equal(states(await check(rest, SUBJECT, { after: 2 })), 'proven proven proven');
  assert.equal(states(await check(rest, SUBJECT, { after: 1 })), 'failed proven proven', 'one before it is left out');
});

test('entries that no checkpoint covers wait', async () => {
  const { log, entries } = await house();
  const answer = answerOf([log], entries, [9]);
  assert.equal(states(await check(answer)), 'proven proven proven proven waiting');
  answer.entries[3].proof = null;
  assert.equal(states(await check(answer)), 'proven proven proven failed waiting', 'a proof that there must be is withheld');
  for (const entry of answer.entries) entry.proof = null;
  assert.equal(states(await check({ ...answer, checkpoint: '' })), 'waiting waiting waiting waiting waiting');
});

test('an erased entry is proven by its leaf and by the entry that says so', async () => {
  const { log, entries } = await erased();
  const { checked } = await check(answerOf([log], entries));
  assert.equal(states({ checked }), 'proven proven proven proven proven proven');
  assert.equal(checked.get(3).payload, null);
  assert.deepEqual(checked.get(3).erased, { at: 7, ground: 'request', actor: { kind: 'operator' }, was: { type: 'glass.opened', at: 3 } });
});

test('an entry whose words are not for whoever asks is proven by its place alone', async () => {
  const { log, entries } = await house();
  Object.assign(entries[2], { salt: null, payload: null, withheld: true });
  const answer = answerOf([log], entries);
  const { checked } = await check(answer);
  assert.equal(states({ checked }), 'proven proven proven proven proven');
  assert.deepEqual([checked.get(3).withheld, checked.get(3).payload, checked.get(3).erased, checked.get(2).withheld], [true, null, null, false]);
  answer.entries[2].leaf = entries[1].leaf;
  assert.equal(states(await check(answer)), 'proven proven failed failed proven', 'another entry stands in its place');
  answer.entries[2].leaf = entries[2].leaf;
  answer.entries[2].withheld = false;
  assert.equal(states(await check(answer)), 'proven proven failed proven proven', 'nobody says that it was erased');
});

test('as long as the rest is not read nobody knows why it was erased', async () => {
  const { log, entries } = await erased();
  assert.equal(states(await check(answerOf([log], entries.slice(0, 5)), SUBJECT, { after: 0, reached: false })), 'proven proven unable proven proven');
});

test('an entry of which nothing is left is spoken for too', async () => {
  const { log, entries } = await erased();
  const { checked, pruned } = await check(answerOf([log], entries.toSpliced(2, 1)));
  assert.equal(states({ checked }), 'proven proven proven proven proven');
  assert.equal(pruned, 1);
});

for (const [name, want, lie] of [
  ['nobody says that it was erased', 'proven proven failed proven proven', ({ answer }) => answer.entries.pop()],
  ['another leaf is said', 'proven proven failed proven proven failed', ({ answer }) => { answer.entries[5].payload = answer.entries[5].payload.replace(/"leaf":"..../, '"leaf":"AAAA'); }],
  ['another leaf is shown', 'proven proven failed failed proven proven', ({ answer }) => { answer.entries[2].leaf = answer.entries[1].leaf; }],
  ['it is said to stand behind another one', 'proven proven failed proven proven failed', ({ answer }) => { answer.entries[5].payload = answer.entries[5].payload.replace(/"prev":"....(?=[^}]*"ground)/, '"prev":"AAAA'); }],
  ['the one before it is gone too', 'proven failed proven proven proven', ({ answer }) => answer.entries.splice(1, 1)],
]) {
  test(`erased, and ${name}`, async () => {
    const { log, entries } = await erased();
    const answer = answerOf([log], entries);
    lie({ answer });
    assert.equal(states(await check(answer)), want);
  });
}

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
  ['another key', 'failed failed failed failed failed', (answer) => { answer.vkeys = [new Log().vkey]; }],
  ['no key', 'failed failed failed failed failed', (answer) => { answer.vkeys = ['nonsense']; }],
  ['another epoch', 'proven proven failed failed proven', ({ entries }) => { entries[2].epoch = 2; }],
  ['another checkpoint', 'failed failed failed failed failed', (answer) => { answer.checkpoint = answer.checkpoint.replace('\n10\n', '\n11\n'); }],
  ['no checkpoint', 'failed failed failed failed failed', (answer) => { answer.checkpoint = ''; }],
]) {
  test(`${name} is found`, async () => {
    const { answer } = await house();
    lie(answer);
    const { checked } = await check(answer);
    assert.equal(states({ checked }), want);
    for (const { state, payload } of checked.values()) if (state === 'failed') assert.equal(payload, null);
  });
}

test('the log of somebody else is not this one', async () => {
  const { answer } = await house();
  assert.equal(states(await check(answer, 'p-somebody-else')), 'failed failed failed failed failed');
});

test('an entry that stands in the log and names another past is found', async () => {
  const { log, entries } = await house();
  entries.push(await log.append({ prev: Buffer.alloc(32).toString('base64url'), seq: 6, subject: SUBJECT, v: 1 }));
  assert.equal(states(await check(answerOf([log], entries))), 'proven proven proven proven proven failed');
});

test('a log that is signed by two keys is proven by either', async () => {
  const { log, entries } = await house();
  const next = log.withKey();
  const answer = answerOf([log], entries);
  answer.checkpoint = log.checkpoint() + next.checkpoint().split('\n\n')[1];
  for (const vkeys of [[log.vkey], [next.vkey], [log.vkey, next.vkey]]) assert.equal(states(await check({ ...answer, vkeys })), 'proven proven proven proven proven');
});

test('the chain goes on across epochs', async () => {
  const { log, entries } = await house();
  const second = log.epoch(2);
  await second.append({ seq: 0, v: 1 });
  entries.push(await second.follow(entries.at(-1), SUBJECT, { at: 6, type: 'card.scanned' }));
  const answer = answerOf([log, second], entries);
  assert.equal(states(await check(answer)), 'proven proven proven proven proven proven');
  answer.earlier[0].checkpoint = answer.checkpoint;
  assert.equal(states(await check(answer)), 'failed failed failed failed failed proven');
});

for (const [name, shown, after, end, want] of [
  ['all of the newest page', [4, 5, 6], 3, 6, 0],
  ['the entry before the page is not on it', [5, 6], 4, 6, 0],
  ['one between', [4, 6], 3, 6, 1],
  ['the oldest', [5, 6], 3, 6, 1],
  ['one that came meanwhile is not of this page', [4, 5], 3, 5, 0],
  ['nothing shown at all', [], 3, 6, 3],
  ['the newest of an older page', [4], 3, 5, 1],
]) {
  test(`left out: ${name}`, () => assert.equal(leftOut([1, 2, 3, 4, 5, 6], new Set(shown), after, end), want));
}
