// The camera: one stream at a time, and none that nobody waits for any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Camera } from '../scan/camera.js';

class Stream {
  running = true;
  getTracks() {
    return [{ stop: () => { this.running = false; } }];
  }
}

/** A camera whose permission is answered by hand: each item of `asked` is one question to the reader of the page. */
async function withCamera(act, play = async () => {}) {
  const asked = [];
  const getUserMedia = () => new Promise((allow, refuse) => {
    asked.push({ allow, refuse });
  });
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { mediaDevices: { getUserMedia } } });
  try {
    await act(new Camera({ srcObject: null, play }), asked);
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else delete globalThis.navigator;
  }
}

test('a camera that is allowed runs until it is stopped', () => withCamera(async (camera, asked) => {
  const starting = camera.start();
  assert.deepEqual([camera.isWanted, camera.isOn], [true, false]);
  const stream = new Stream();
  asked[0].allow(stream);
  assert.equal(await starting, stream);
  assert.deepEqual([camera.isOn, camera.video.srcObject], [true, stream]);
  camera.stop();
  assert.deepEqual([stream.running, camera.isOn, camera.isWanted, camera.video.srcObject], [false, false, false, null]);
}));

test('two quick clicks ask once', () => withCamera(async (camera, asked) => {
  const starting = camera.start();
  assert.equal(await camera.start(), null);
  assert.equal(asked.length, 1);
  asked[0].allow(new Stream());
  await starting;
  assert.equal(await camera.start(), null, 'it is on');
  assert.equal(asked.length, 1);
}));

test('a stream that comes after it was stopped does not run', () => withCamera(async (camera, asked) => {
  const first = camera.start();
  camera.stop();
  const second = camera.start();
  const [late, wanted] = [new Stream(), new Stream()];
  asked[1].allow(wanted);
  assert.equal(await second, wanted);
  asked[0].allow(late);
  assert.equal(await first, null);
  assert.deepEqual([late.running, wanted.running, camera.stream === wanted], [false, true, true]);
}));

test('a camera that is stopped before its picture moves is no failure', async () => {
  let interrupt;
  let play;
  const playing = new Promise((resolve) => {
    play = () => new Promise((_, reject) => {
      interrupt = reject;
      resolve();
    });
  });
  await withCamera(async (camera, asked) => {
    const stream = new Stream();
    const starting = camera.start();
    asked[0].allow(stream);
    await playing;
    camera.stop();
    interrupt(new DOMException('interrupted', 'AbortError'));
    assert.equal(await starting, null);
    assert.equal(stream.running, false);
  }, play);
});

test('a refusal is told, and only to whoever still waits', () => withCamera(async (camera, asked) => {
  const refused = camera.start();
  asked[0].refuse(new DOMException('no', 'NotAllowedError'));
  await assert.rejects(refused, { name: 'NotAllowedError' });
  assert.equal(camera.isWanted, false);

  const given = camera.start();
  camera.stop();
  asked[1].refuse(new DOMException('no', 'NotAllowedError'));
  assert.equal(await given, null);
}));
