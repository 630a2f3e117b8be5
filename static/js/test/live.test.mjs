// What the responder's page follows: streams, questions where no stream comes through, nothing while it is hidden.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Events } from '../glass/events.js';
import { Live } from '../glass/live.js';
import { Talk } from '../glass/talk.js';
import { Wait } from '../glass/wait.js';

test('a stream is taken apart wherever it is cut', () => {
  const text = ': hello\n\nevent: state\ndata: {"a":1}\n\nevent: state\r\ndata: one\r\ndata:two\r\n\r\nid: 7\n\ndata: rest';
  for (let size = 1; size <= text.length; size++) {
    const events = new Events();
    const found = [];
    for (let i = 0; i < text.length; i += size) found.push(...events.push(text.slice(i, i + size)));
    assert.deepEqual(found, ['{"a":1}', 'one\ntwo'], `in pieces of ${size}`);
  }
});

test('an event without an end is not waited for', () => {
  const events = new Events();
  assert.throws(() => {
    for (let i = 0; i < 400; i++) events.push('x'.repeat(1000));
  }, RangeError);
});

/** A page that can be hidden, and a server that answers as it is told; the clock is moved by hand. */
function stage(t, answer) {
  const page = Object.assign(new EventTarget(), { hidden: false });
  const asked = [];
  const before = [globalThis.document, globalThis.fetch, globalThis.sessionStorage];
  t.mock.timers.enable({ apis: ['setTimeout'] });
  globalThis.document = page;
  globalThis.sessionStorage = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  globalThis.fetch = async (url, options) => {
    asked.push({ url, accept: options.headers.accept, body: JSON.parse(options.body), signal: options.signal });
    return answer(asked.at(-1), asked.length);
  };
  t.after(() => {
    [globalThis.document, globalThis.fetch, globalThis.sessionStorage] = before;
  });
  return {
    asked,
    show: (shown) => {
      page.hidden = !shown;
      page.dispatchEvent(new Event('visibilitychange'));
    },
    /** Lets what has been answered arrive. */
    settle: async () => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    },
    pass: (milliseconds) => t.mock.timers.tick(milliseconds),
  };
}

const streamed = (...chunks) => new Response(new ReadableStream({
  start(controller) {
    for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
  },
}), { headers: { 'content-type': 'text/event-stream' } });

test('a stream is heard until it says the last', async (t) => {
  const { asked, settle } = stage(t, () => streamed('event: state\ndata: {"n":1}\n\n', 'data: {"n":2}\n\ndata: {"n":3}\n\n'));
  const heard = [];
  const live = new Live('/v1/x', () => ({ watch: 'W' }), ({ n }) => heard.push(n) < 2, assert.fail);
  live.start();
  await settle();
  assert.deepEqual(heard, [1, 2]);
  assert.equal(asked.length, 1);
  assert.deepEqual(asked[0].body, { watch: 'W' });
  assert.equal(asked[0].url.includes('W'), false, 'no secret in an address');
  assert.ok(asked[0].signal.aborted, 'the stream is let go');
});

test('where no stream comes through it is asked for from time to time, ever more seldom while nobody answers', async (t) => {
  let working = true;
  const { asked, settle, pass } = stage(t, ({ accept }) => (accept === 'application/json' && working ? Response.json({}) : new Response('', { status: 503 })));
  const live = new Live('/v1/x', () => ({}), () => true, assert.fail);
  live.start();
  await settle();
  assert.deepEqual(asked.map(({ accept }) => accept), ['text/event-stream', 'application/json']);
  pass(15_000);
  await settle();
  assert.equal(asked.length, 3);
  working = false;
  pass(15_000);
  await settle();
  assert.equal(asked.length, 4);
  pass(15_000);
  await settle();
  assert.equal(asked.length, 4, 'half a minute after the first failure');
  pass(15_000);
  await settle();
  assert.equal(asked.length, 5);
  live.stop();
  pass(600_000);
  await settle();
  assert.equal(asked.length, 5, 'nobody asks after the end');
});

test('a stream that is swallowed on its way is given up', async (t) => {
  const { asked, settle, pass } = stage(t, ({ accept, signal }) => (accept === 'application/json' ? Response.json({})
    : new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))))));
  const live = new Live('/v1/x', () => ({}), () => true, assert.fail);
  live.start();
  await settle();
  assert.equal(asked.length, 1);
  pass(10_000);
  await settle();
  assert.deepEqual(asked.map(({ accept }) => accept), ['text/event-stream', 'application/json']);
  live.stop();
});

test('a hidden page asks for nothing', async (t) => {
  const { asked, settle, pass, show } = stage(t, () => streamed('data: {}\n\n'));
  const live = new Live('/v1/x', () => ({}), () => true, assert.fail);
  live.start();
  await settle();
  show(false);
  await settle();
  assert.ok(asked[0].signal.aborted);
  pass(3_600_000);
  await settle();
  assert.equal(asked.length, 1);
  show(true);
  await settle();
  assert.equal(asked.length, 2, 'shown again it looks at once');
  live.stop();
});

test('whoever is refused does not ask again', async (t) => {
  const { asked, settle, pass } = stage(t, () => new Response('', { status: 403 }));
  const refused = [];
  new Live('/v1/x', () => ({}), () => true, (status) => refused.push(status)).start();
  await settle();
  pass(600_000);
  await settle();
  assert.deepEqual(refused, [403]);
  assert.equal(asked.length, 1);
});

const message = (number, sender, text) => ({ number, sender, name: '', kind: 'text', text, at: `2026-11-22T10:0${number}:00Z` });

test('a thread says what is new and who it is from, and ends once', async (t) => {
  const thread = (messages, ended = false) => `data: ${JSON.stringify({ messages, until: '2026-11-22T14:00:00Z', now: '2026-11-22T10:30:00Z', ended })}\n\n`;
  let push;
  const { asked, settle } = stage(t, ({ url }) => (url === '/v1/thread/send' ? Response.json({ number: 4 }) : new Response(new ReadableStream({
    start(controller) {
      push = (text) => controller.enqueue(new TextEncoder().encode(text));
      push(thread([message(1, 'contact', 'old')]));
    },
  }), { headers: { 'content-type': 'text/event-stream' } })));
  const fresh = [];
  const ended = [];
  const talk = new Talk((news) => fresh.push(news.map(({ text }) => text)), (grant) => ended.push(grant));
  talk.join('G');
  talk.join('G');
  await settle();
  assert.equal(asked.length, 1, 'one stream a grant');
  assert.deepEqual(fresh, [[]], 'what stands there already is no news');
  push(thread([message(1, 'contact', 'old'), message(2, 'keeper', 'insulin at noon'), message(3, 'responder', 'thanks')]));
  await settle();
  assert.deepEqual(fresh, [[], ['insulin at noon']]);
  assert.equal(await talk.send({ kind: 'hospital', text: 'General' }), true);
  assert.deepEqual(asked.at(-1).body, { grant: 'G', kind: 'hospital', text: 'General', lat: 0, lon: 0 });
  assert.deepEqual(talk.messages().map(({ number }) => number).sort(), [1, 2, 3, 4]);
  assert.equal(talk.threads[0].after, 3, 'what was sent from here may run ahead of what others have sent');
  push(thread([], true));
  await settle();
  assert.deepEqual(ended, ['G']);
  talk.leave();
  assert.deepEqual(talk.messages(), []);
  talk.join('H');
  talk.join('I');
  const grants = (kind) => talk.threadsFor(kind).map(({ grant }) => grant);
  assert.deepEqual(grants('text'), ['I'], 'into the last opening');
  talk.threads[0].take([message(1, 'contact', 'hello')]);
  assert.deepEqual([grants('text'), grants('note')], [['H', 'I'], ['I']], 'an answer goes where the question stands');
  talk.leave();
});

test('a wait follows what becomes of it, and without anything to follow the time alone', async (t) => {
  const state = (said) => `data: ${JSON.stringify({ opens_at: '2026-11-22T11:00:00Z', now: '2026-11-22T10:00:00Z', approvals: 1, needed: 2, ...said })}\n\n`;
  const { settle, asked } = stage(t, () => streamed(state({ state: 'waiting' }), state({ state: 'open' })));
  const kept = { watch: 'W', step: 'sensitive', answers: {}, worn: true, opens: 0, needed: 0 };
  const states = [];
  const wait = new Wait('C', kept, (each) => states.push([each.state, Math.round(each.left() / 60_000)]));
  wait.start();
  await settle();
  assert.deepEqual(states, [['waiting', 60], ['open', 60]]);
  assert.equal(kept.needed, 2);
  assert.equal(asked.length, 1);

  const alone = new Wait('C', { ...kept, watch: '', opens: Date.now() - 1 }, (each) => states.push([each.state]));
  alone.start();
  alone.tick();
  alone.tick();
  assert.deepEqual(states.at(-1), ['open']);
  assert.equal(states.length, 3, 'it is said once');
});

test('a request is taken back, or says that it was not', async (t) => {
  let status = 503;
  const { asked } = stage(t, () => (status === 200 ? Response.json({ state: 'withdrawn' }) : new Response('', { status })));
  const changed = mock.fn();
  const wait = new Wait('C', { watch: 'W', step: 'sensitive', answers: {}, worn: true, opens: Date.now() + 60_000, needed: 0 }, changed);
  await wait.withdraw();
  assert.equal(wait.state, 'waiting');
  assert.equal(wait.offline, true);
  status = 200;
  await wait.withdraw();
  assert.equal(wait.state, 'withdrawn');
  assert.deepEqual(asked.at(-1).body, { watch: 'W' });
  assert.equal(changed.mock.callCount(), 2);
});
