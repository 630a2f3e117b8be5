// Two visits to a log, honest and not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare, sizeSeen } from '../log/memory.js';
import { Log, digest } from './tree.mjs';

async function grown(sizes, log = new Log()) {
  for (let i = log.leaves.length; i < sizes; i++) await log.append({ seq: i + 1, v: 1 });
  return log;
}

const shown = (log) => ({ vkey: log.vkey, checkpoint: log.checkpoint() });

test('the first visit, the second without anything new, and one with more', async () => {
  const log = await grown(5);
  assert.equal(await compare(null, shown(log), null), 'first');
  const seen = shown(log);
  assert.equal(await sizeSeen(seen), 5);
  assert.equal(await compare(seen, shown(log), log.consistency(5)), 'same');
  await grown(12, log);
  assert.equal(await compare(seen, shown(log), log.consistency(5)), 'grown');
});

test('what was remembered and does not hold is no memory', async () => {
  const log = await grown(5);
  const broken = { ...shown(log), checkpoint: shown(log).checkpoint.replace('\n5\n', '\n9\n') };
  assert.equal(await sizeSeen(broken), 0);
  assert.equal(await sizeSeen(null), 0);
  assert.equal(await compare(broken, shown(log), null), 'first');
});

test('a checkpoint of today that does not hold says nothing here', async () => {
  const log = await grown(5);
  assert.equal(await compare(shown(log), { vkey: log.vkey, checkpoint: '' }, null), 'unable');
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
    const seen = shown(log);
    const [now, proof] = await lie(log);
    assert.equal(await compare(seen, shown(now), proof), want);
  });
}
