// What this browser keeps: a browser that refuses storage, or never answers, holds nothing up.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openOffline } from '../offline/offline.js';
import { Receipts } from '../offline/receipts.js';
import { Memory, openStore } from '../offline/store.js';

/** Lets a fake stand in for IndexedDB: what "open" returns is asked for nothing else. */
async function withStorage(open, act) {
  globalThis.indexedDB = { open };
  try {
    return await act();
  } finally {
    delete globalThis.indexedDB;
  }
}

/** A request that is answered with this in a moment, and one that never is. */
const answered = (result) => {
  const request = { result };
  queueMicrotask(() => request.onsuccess());
  return request;
};
const silent = () => ({});

for (const [name, open] of [
  ['refuses', () => { throw new DOMException('no', 'SecurityError'); }],
  ['never answers', silent],
]) {
  test(`a browser whose storage ${name} keeps things as long as the page is open`, async () => {
    const store = await withStorage(open, () => openStore(1));
    assert.equal(store.remembers, false);
    await store.put('a', 1);
    assert.equal(await store.get('a'), 1);
  });
}

test('storage that answers too late is closed again', async () => {
  const request = {};
  const store = await withStorage(() => request, () => openStore(1));
  assert.equal(store.remembers, false);
  const closed = new Promise((resolve) => {
    request.result = { close: () => resolve('closed') };
  });
  request.onsuccess();
  assert.equal(await closed, 'closed');
});

test('storage that opens and then never answers is not waited for', async () => {
  const transaction = () => ({ objectStore: () => ({ get: silent, getAllKeys: silent }) });
  const store = await withStorage(() => answered({ transaction }), () => openStore(1));
  assert.equal(store.remembers, true);
  await assert.rejects(store.get('a'), /no answer/);
  assert.equal(await new Receipts(store).send(), null);
});

test('lists that cannot be read are not mistaken for lists that are not there', async () => {
  const refused = await withStorage(() => { throw new DOMException('no', 'SecurityError'); }, () => openOffline('locket.example'));
  assert.equal(refused.lists.areUnread, true);

  const broken = { transaction: () => { throw new DOMException('lost', 'InvalidStateError'); } };
  const lost = await withStorage(() => answered(broken), () => openOffline('locket.example'));
  assert.equal(lost.lists.areUnread, true);
  assert.deepEqual(await lost.receipts.kept(), []);

  lost.lists.revocations = { head: {}, entries: new Uint8Array() };
  assert.equal(lost.lists.areUnread, false, 'a list has come from the network since');
  assert.equal(new Memory().remembers, true);
});
