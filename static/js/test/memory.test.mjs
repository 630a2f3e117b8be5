// Two visits to a log, honest and not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare, recall, sizeSeen } from '../log/memory.js';
import { newLogs } from '../log/recovery.js';
import { Log, answerOf, digest } from './tree.mjs';

async function grown(sizes, log = new Log()) {
  for (let i = log.leaves.length; i < sizes; i++) await log.append({ seq: i + 1, v: 1 });
  return log;
}

const shown = (log, consistency = null) => ({ ...answerOf([log], []), consistency });
const memory = (log) => ({ epoch: log.number, vkey: log.vkey, checkpoint: log.checkpoint(), count: 0, leaf: '' });
const verdict = async (seen, now) => (await compare(seen, now)).verdict;

test('the first visit, the second without anything new, and one with more', async () => {
  const log = await grown(5);
  assert.deepEqual(await compare(null, shown(log)), { verdict: 'first', lost: 0, vkey: log.vkey });
  const seen = memory(log);
  assert.equal(await sizeSeen(seen), 5);
  assert.equal(await verdict(seen, shown(log, log.consistency(5))), 'same');
  await grown(12, log);
  assert.equal(await verdict(seen, shown(log, log.consistency(5))), 'grown');
});

test('what was remembered and does not hold is no memory', async () => {
  const log = await grown(5);
  const broken = { ...memory(log), checkpoint: log.checkpoint().replace('\n5\n', '\n9\n') };
  assert.equal(await sizeSeen(broken), 0);
  assert.equal(await sizeSeen(null), 0);
  assert.equal(await verdict(broken, shown(log)), 'first');
});

test('no checkpoint says nothing at first, and hides something later', async () => {
  const log = await grown(5);
  const none = { ...shown(log), checkpoint: '' };
  assert.equal(await verdict(null, none), 'unable');
  assert.equal(await verdict(memory(log), none), 'smaller');
  assert.equal(await verdict(memory(log), { ...none, epoch: 2 }), 'unable', 'a new log has none in its first minute');
  assert.equal(await verdict(null, { ...none, checkpoint: 'rubbish' }), 'key');
});

test('a key that another one takes the place of', async () => {
  const log = await grown(5);
  const next = log.withKey();
  const seen = memory(log);
  await grown(9, log);
  const both = log.checkpoint() + next.checkpoint().split('\n\n')[1];
  const now = { ...shown(log), vkeys: [log.vkey, next.vkey], checkpoint: both, consistency: { ...log.consistency(5), checkpoint: both } };
  assert.deepEqual(await compare(seen, now), { verdict: 'grown', lost: 0, vkey: next.vkey }, 'the next one is remembered');
  assert.equal(await verdict({ ...seen, vkey: next.vkey, checkpoint: both }, shown(next)), 'same');
  assert.equal(await verdict(seen, shown(next, next.consistency(5))), 'key', 'a key that was never seen beside the one that is remembered');
});

for (const [name, want, tell] of [
  ['goes from key to key', 'grown', (keys) => [keys[0].followedBy(keys[1], 7), keys[1].followedBy(keys[2], 8)]],
  ['goes from key to key in whatever order it is told', 'grown', (keys) => [keys[1].followedBy(keys[2], 8), keys[0].followedBy(keys[1], 7)]],
  ['believes nothing that one key is missing from', 'key', (keys) => [keys[0].followedBy(keys[1], 7)]],
  ['believes nothing that the key it knows has not signed', 'key', (keys) => [keys[1].followedBy(keys[2], 8)]],
  ['believes nothing that the next key has not signed', 'key', (keys) => [{ vkey: keys[2].vkey, checkpoint: keys[0].checkpoint(7) }]],
  ['believes nothing from before its last visit', 'key', (keys) => [keys[0].followedBy(keys[2], 4)]],
  ['believes no other tree', 'key', (keys) => [Object.assign(new Log(), keys[0], { leaves: keys[0].leaves.with(0, digest(Buffer.from('changed'))) }).followedBy(
    Object.assign(new Log(), keys[2], { leaves: keys[0].leaves.with(0, digest(Buffer.from('changed'))) }), 5)]],
  ['believes no circle', 'key', (keys) => [keys[0].followedBy(keys[1], 7), keys[1].followedBy(keys[0], 7)]],
]) {
  test(`who was away while the key changed ${name}`, async () => {
    const log = await grown(5);
    const seen = memory(log);
    await grown(9, log);
    const keys = [log, log.withKey(), log.withKey()];
    const now = { ...shown(keys[2], keys[2].consistency(5)), successions: tell(keys) };
    assert.equal(await verdict(seen, now), want);
    if (want !== 'grown') return;
    log.leaves[1] = digest(Buffer.from('changed'));
    assert.equal(await verdict(seen, { ...shown(keys[2], keys[2].consistency(5)), successions: tell(keys) }), 'fork', 'an honest change of the key excuses no other log');
  });
}

test('who was away while the key changed and the log was begun anew', async () => {
  const log = await grown(10);
  const seen = memory(log);
  const next = log.withKey();
  await grown(12, log);
  const second = await next.restart(next.checkpoint());
  await second.append({ v: 1 });
  const third = second.withKey();
  const now = { ...answerOf([next, third], []), recoveries: answerOf([next, second], []).recoveries.map((r) => ({ ...r, ...{ proof: third.inclusion(0), checkpoint: third.checkpoint() } })),
    consistency: next.consistency(10) };
  third.number = 2;
  Object.assign(now, { epoch: 2 });
  now.recoveries[0].epoch = 2;
  assert.equal(await verdict(seen, { ...now, successions: [log.followedBy(next, 11)] }), 'key', 'the second log has changed its key too');
  assert.equal(await verdict(seen, { ...now, successions: [log.followedBy(next, 11), { vkey: third.vkey, checkpoint: third.checkpoint(1) }] }), 'key', 'the key before has not signed');
  assert.equal(await verdict(seen, { ...now, successions: [log.followedBy(next, 11), second.followedBy(third, 1)] }), 'epoch');
});

for (const [name, want, lie] of [
  ['another key', 'key', async (log) => { const other = new Log(); other.leaves = log.leaves; return [other, null]; }],
  ['a smaller log', 'smaller', async (log) => { log.leaves.length = 3; return [log, null]; }],
  ['another log of the same size', 'fork', async (log) => { log.leaves[1] = digest(Buffer.from('changed')); return [log, null]; }],
  ['a larger log with another past', 'fork', async (log) => { log.leaves[1] = digest(Buffer.from('changed')); await grown(9, log); return [log, log.consistency(5)]; }],
  ['a larger log without a proof', 'fork', async (log) => { await grown(9, log); return [log, null]; }],
  ['a proof that leads elsewhere', 'fork', async (log) => { await grown(8, log); const proof = log.consistency(5); await grown(9, log); return [log, proof]; }],
]) {
  test(`${name} is found`, async () => {
    const log = await grown(5);
    const seen = memory(log);
    const [now, proof] = await lie(log);
    assert.equal(await verdict(seen, shown(now, proof)), want);
  });
}

/** A log that had ten entries when it was seen, of which some are left in a restored one. */
async function restored(left, lie) {
  const log = await grown(10);
  const seen = memory(log);
  log.leaves.length = left;
  const next = await log.restart(seen.checkpoint, lie);
  return { log, seen, next, now: { ...answerOf([log, next], []), consistency: null } };
}

test('a new log that holds all that was seen', async () => {
  const { log, seen, now } = await restored(10);
  assert.equal(await verdict(seen, now), 'epoch');
  await grown(12, log);
  const later = await log.restart(log.checkpoint());
  assert.equal(await verdict(seen, { ...answerOf([log, later], []), consistency: log.consistency(10) }), 'epoch');
  assert.equal(await verdict(seen, { ...answerOf([log, later], []), consistency: null }), 'fork');
});

test('a new log that has lost something and says so', async () => {
  const { seen, next, now } = await restored(7);
  assert.deepEqual(await compare(seen, now), { verdict: 'lost', lost: 3, vkey: next.vkey });
});

test('a log of which nothing is left that was seen', async () => {
  const { log, next } = await restored(7);
  await grown(4, next);
  const seen = memory(next);
  const third = await next.restart(seen.checkpoint, (details) => Object.assign(details, { closed_origin: log.name, closed_size: '7' }), 3);
  assert.deepEqual(await compare(seen, { ...answerOf([log, third], []), consistency: null }), { verdict: 'lost', lost: 4, vkey: third.vkey });
});

for (const [name, want, change, lie] of [
  ['does not say so', 'key', ({ now }) => { now.recoveries = []; }],
  ['says it in an entry that is not there', 'key', ({ now }) => { now.recoveries[0].payload = now.recoveries[0].payload.replace('broke', 'burnt'); }],
  ['says it in an entry that waits', 'key', ({ now }) => { now.recoveries[0].proof = null; }],
  ['is signed by a key that it does not name', 'key', ({ now }) => { const other = new Log('log.example/1/2'); Object.assign(now, { vkeys: [other.vkey] }); other.leaves = [digest(Buffer.of(1))]; now.checkpoint = other.checkpoint(); }],
  ['is another than the old one names', 'key', () => {}, (details) => { details.vkey = new Log('log.example/1/2').vkey; }],
  ['is named by another key than that of the old one', 'key', () => {}, (details) => { details.old_vkey = new Log().vkey; }],
  ['knows of less than was seen', 'smaller', () => {}, (details) => { details.known = Buffer.from('rubbish').toString('base64url'); }],
  ['denies the old one', 'key', ({ now }) => { now.earlier = []; now.recoveries = []; }],
]) {
  test(`a new log that ${name}`, async () => {
    const house = await restored(7, lie);
    change(house);
    assert.equal(await verdict(house.seen, house.now), want);
  });
}

for (const [name, lie] of [
  ['under the name of the old key', (details, log) => { details.old_vkey = log.vkey; }],
  ['under a key of their own', () => {}],
]) {
  test(`somebody else begins the next log ${name}`, async () => {
    const log = await grown(10);
    const seen = memory(log);
    const next = await log.withKey().restart(seen.checkpoint, (details) => lie(details, log));
    assert.equal(await verdict(seen, { ...answerOf([log, next], []), consistency: null }), 'key');
  });
}

test('a beginning that is not proven is not told', async () => {
  const { now } = await restored(7);
  assert.deepEqual((await newLogs(now)).map(({ epoch, at, reason }) => [epoch, at, reason]), [[2, 7000, 'a disk broke']]);
  now.recoveries[0].payload = now.recoveries[0].payload.replace('broke', 'burnt');
  assert.deepEqual(await newLogs(now), []);
});

test('whoever saw a later log than there is now is told', async () => {
  const { log, next } = await restored(7);
  assert.equal(await verdict(memory(next), shown(log)), 'smaller');
});

const held = (...list) => new Map(list.map(([seq, leaf, epoch = 1]) => [seq, { leaf, epoch }]));

for (const [name, seen, checked, last, want] of [
  ['nothing is remembered', null, held([1, 'a']), 1, { kept: 'kept', own: 0 }],
  ['no entry was there', { epoch: 1, count: 0, leaf: '' }, held([1, 'a']), 1, { kept: 'kept', own: 0 }],
  ['the last is there', { epoch: 1, count: 2, leaf: 'b' }, held([2, 'b'], [3, 'c']), 3, { kept: 'kept', own: 0 }],
  ['the last is another', { epoch: 1, count: 2, leaf: 'b' }, held([2, 'x'], [3, 'c']), 3, { kept: 'changed', own: 0 }],
  ['the last is gone', { epoch: 1, count: 5, leaf: 'e' }, held(), 3, { kept: 'cut', own: 2 }],
  ['the last is gone and its number was given again', { epoch: 1, count: 5, leaf: 'e' }, held([3, 'c'], [4, 'x', 2], [5, 'y', 2]), 5, { kept: 'cut', own: 2 }],
  ['the last is gone, its number was given again, and the one before was not read', { epoch: 1, count: 5, leaf: 'e' }, held([5, 'y', 2]), 5, { kept: 'cut', own: 1 }],
  ['the last was removed by the rule', { epoch: 1, count: 2, leaf: 'b' }, held([3, 'c']), 3, { kept: 'kept', own: 0 }],
]) {
  test(`of somebody's entries ${name}`, () => assert.deepEqual(recall(seen, checked, last), want));
}
