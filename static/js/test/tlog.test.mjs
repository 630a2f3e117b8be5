// The published vectors of package audit, read by the console's own verifier under node's test runner.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { commitment, leafHash, parseVKey, verifyCheckpoint, verifyConsistency, verifyInclusion } from '../log/tlog.js';
import { consistency, digest, inclusion, root } from './tree.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../audit/testdata/vectors/${name}.json`, import.meta.url), 'utf8'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data) => Buffer.from(data).toString('hex');

for (const vector of read('commitment')) {
  test(`commitment: ${vector.name}`, async () => {
    const entry = await commitment(bytes(vector.salt), new TextEncoder().encode(vector.payload));
    assert.equal(hex(entry), vector.entry);
    assert.equal(hex(await leafHash(entry)), vector.leaf);
  });
}

for (const vector of read('inclusion')) {
  test(`inclusion: ${vector.name}`, async () => {
    const leaf = await leafHash(bytes(vector.leaf));
    const ok = await verifyInclusion(leaf, vector.index, vector.size, vector.hashes.map(bytes), bytes(vector.root));
    assert.equal(ok, vector.ok);
  });
}

for (const vector of read('consistency')) {
  test(`consistency: ${vector.name}`, async () => {
    const ok = await verifyConsistency(vector.old_size, bytes(vector.old_root), vector.new_size, bytes(vector.new_root), vector.hashes.map(bytes));
    assert.equal(ok, vector.ok);
  });
}

const checkpoint = read('checkpoint');

test('the signed checkpoint', async () => {
  const signed = await verifyCheckpoint(checkpoint.note, checkpoint.vkey);
  assert.equal(signed.ok, true);
  assert.equal(signed.origin, checkpoint.origin);
  assert.equal(signed.size, checkpoint.size);
  assert.equal(hex(signed.root), checkpoint.root);
});

test('the checkpoint of the reference sheet', async () => {
  const vkey = 'locket.example/audit/log+0ccd2e57+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea';
  const note = 'locket.example/audit/log\n1\nFxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA=\n\n'
    + '— locket.example/audit/log DM0uV4g6xqvjPiUf7UB29kNk9HIB4n6Qy1dSVIBgAYJVMrgwtRMscRY5BRFhf+eB3YsNuc4xzdyQARmVAbF29nPMxAo=\n';
  assert.equal((await verifyCheckpoint(note, vkey)).ok, true);
});

test('every changed character of a checkpoint is found', async () => {
  for (let i = 0; i < checkpoint.note.length; i++) {
    const other = checkpoint.note[i] === 'A' ? 'B' : 'A';
    const changed = checkpoint.note.slice(0, i) + other + checkpoint.note.slice(i + 1);
    assert.equal((await verifyCheckpoint(changed, checkpoint.vkey)).ok, false, `character ${i}`);
  }
});

test('another key is no key of this log', async () => {
  const other = 'locket.example/audit/log+0ccd2e58+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea';
  assert.equal(await parseVKey(other), null);
  assert.deepEqual(await verifyCheckpoint(checkpoint.note, other), { ok: false, reason: 'key' });
});

test('a witness beside the log changes nothing', async () => {
  const witnessed = `${checkpoint.note}\u2014 witness.example/w1 AAAAAAAAAAAAAAAA\n`;
  assert.equal((await verifyCheckpoint(witnessed, checkpoint.vkey)).ok, true);
});

const leaves = Array.from({ length: 20 }, (_, i) => digest(Buffer.of(0, i)));

test('inclusion in every tree up to 20 leaves', async () => {
  for (let size = 1; size <= leaves.length; size++) {
    const tree = leaves.slice(0, size);
    for (let index = 0; index < size; index++) {
      const proof = inclusion(tree, index);
      assert.equal(await verifyInclusion(leaves[index], index, size, proof, root(tree)), true, `${index} of ${size}`);
      assert.equal(await verifyInclusion(leaves[index], index, size, [...proof, leaves[0]], root(tree)), false, 'one hash more');
      if (size > 1) assert.equal(await verifyInclusion(leaves[index], (index + 1) % size, size, proof, root(tree)), false, 'another index');
    }
  }
});

test('consistency of every two trees up to 20 leaves', async () => {
  for (let size = 1; size <= leaves.length; size++) {
    const tree = leaves.slice(0, size);
    for (let old = 1; old <= size; old++) {
      const proof = consistency(tree, old);
      const oldRoot = root(tree.slice(0, old));
      assert.equal(await verifyConsistency(old, oldRoot, size, root(tree), proof), true, `${old} to ${size}`);
      assert.equal(await verifyConsistency(old, leaves[19], size, root(tree), proof), false, 'another old root');
      assert.equal(await verifyConsistency(old, oldRoot, size, leaves[19], proof), false, 'another new root');
      if (proof.length > 0) assert.equal(await verifyConsistency(old, oldRoot, size, root(tree), proof.slice(1)), false, 'one hash less');
    }
  }
});
