// The service worker in a small world of its own: what it keeps, what it must never keep, and what it answers without a network.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

const source = readFileSync(new URL('../../worker.js', import.meta.url), 'utf8');
const BUILD = { hash: 'aaaa', assets: '/static/aaaa/', files: ['/static/aaaa/js/reader/main.js'], scan: ['/static/aaaa/js/scan/main.js', '/static/aaaa/decoder.wasm'], badge: ['/static/aaaa/js/badge/main.js'] };
const PAGE = `<script src="${BUILD.assets}js/reader/main.js"></script><main id="main">`;
const UNHEARD = PAGE.replace('<main ', '<main data-unheard '); // what is answered when the server did not hear of the scan
const BADGE = `<script src="${BUILD.assets}js/badge/main.js"></script><main id="main">`;
const SCANNER = `<script src="${BUILD.assets}js/scan/main.js"></script><main id="main">`;
const origin = 'https://locket.example';
const at = (path) => new URL(path, origin).href;

// A world with caches and a network; `network` answers a path with a Response, a promise of one, or an error.
function world(network) {
  const stores = new Map();
  const listeners = {};
  const asked = [];
  const clock = [];
  const pathOf = (request) => new URL(typeof request === 'string' ? request : request.url, origin).pathname;
  const fetch = async (request) => {
    asked.push(pathOf(request));
    return network(pathOf(request));
  };
  const open = async (name) => {
    if (!stores.has(name)) stores.set(name, new Map());
    const store = stores.get(name);
    return {
      match: async (request) => store.get(pathOf(request))?.clone(),
      put: async (request, response) => void store.set(pathOf(request), response),
      addAll: async (paths) => {
        for (const path of paths) store.set(path, await fetch(path));
      },
    };
  };
  const context = createContext({
    BUILD, URL, Headers, Response, Promise, Date, String, Error, fetch,
    setTimeout: (act, _, ...args) => clock.push(() => act(...args)),
    caches: {
      open, match: async (request) => [...stores.values()].map((store) => store.get(pathOf(request))).find(Boolean)?.clone(), keys: async () => [...stores.keys()], delete: async (name) => stores.delete(name),
    },
    self: {
      location: { origin }, skipWaiting: async () => {}, clients: { claim: async () => {} },
      addEventListener: (type, listener) => {
        listeners[type] = listener;
      },
    },
  });
  runInContext(source, context);
  const run = async (type, data) => {
    let done;
    listeners[type]({ data, waitUntil: (promise) => {
      done = promise;
    } });
    await done;
  };
  // Null when the worker leaves the request to the browser.
  const ask = (path, { method = 'GET', mode = 'navigate' } = {}) => {
    let answer = null;
    const waits = [];
    listeners.fetch({
      request: { url: at(path), method, mode },
      respondWith: (promise) => {
        answer = promise;
      },
      waitUntil: (promise) => waits.push(promise),
    });
    return answer && answer.then(async (response) => ({ response, settled: Promise.all(waits) }));
  };
  const passTime = () => clock.splice(0).forEach((act) => act());
  return { stores, asked, run, ask, passTime, kept: () => [...(stores.get('locket-aaaa')?.keys() ?? [])].sort() };
}

function online(path) {
  if (path.startsWith('/c/')) return new Response(PAGE, { headers: { 'content-type': 'text/html' } });
  if (path === '/scan') return new Response(SCANNER, { headers: { 'content-type': 'text/html' } });
  if (path === '/b') return new Response(BADGE, { headers: { 'content-type': 'text/html' } });
  if (path === '/.well-known/jwks.json') return Response.json({ keys: [] });
  return new Response('file');
}

test('it keeps the page, the files and the keys with their time', async () => {
  const w = world(online);
  await w.run('install');
  assert.deepEqual(w.kept(), ['/.well-known/jwks.json', '/c/offline', '/static/aaaa/js/reader/main.js']);
  const stored = Number(w.stores.get('locket-aaaa').get('/.well-known/jwks.json').headers.get('x-locket-stored-at'));
  assert.ok(Math.abs(Date.now() - stored) < 60_000);
});

test('it leaves everything of a person to the network', async () => {
  const w = world(online);
  for (const path of ['/v1/cards/x/open', '/v1/cards/x/status', '/v1/patients/x/log', '/patients/x', '/home', '/account', '/code', '/', '/static/bbbb/js/reader/main.js']) {
    assert.equal(w.ask(path), null, path);
    assert.equal(w.ask(path, { mode: 'cors' }), null, path);
  }
  assert.equal(w.ask('/c/x', { method: 'POST' }), null, 'a POST');
  assert.equal(w.ask('https://other.example/c/x'), null, 'another host');
  assert.deepEqual(w.asked, []);
});

test('without a network every card gets the kept page', async () => {
  let up = true;
  const w = world((path) => (up ? online(path) : Promise.reject(new TypeError('no network'))));
  await w.run('install');
  up = false;
  for (const path of ['/c/one', '/c/another?lang=ja', '/s']) {
    const { response } = await w.ask(path);
    assert.equal(await response.text(), UNHEARD);
  }
  const { response } = await w.ask('/.well-known/jwks.json', { mode: 'cors' });
  assert.ok(response.headers.get('x-locket-stored-at'));
});

test('a slow network is not waited for, and a failing server does not hide the page', async () => {
  let answer = online;
  const w = world((path) => answer(path));
  await w.run('install');
  answer = () => new Promise(() => {});
  const slow = w.ask('/c/x');
  await new Promise((resolve) => setImmediate(resolve));
  w.passTime();
  assert.equal(await (await slow).response.text(), PAGE);
  answer = () => new Response('down', { status: 503 });
  assert.equal(await (await w.ask('/c/x')).response.text(), UNHEARD);
});

test('a page of another build or one that must not be stored is shown but not kept', async () => {
  let answer = online;
  const w = world((path) => answer(path));
  await w.run('install');
  for (const page of [
    () => new Response('<script src="/static/bbbb/js/reader/main.js"></script>'),
    () => new Response(`${PAGE} private`, { headers: { 'cache-control': 'no-store' } }),
  ]) {
    answer = page;
    const { response, settled } = await w.ask('/c/x');
    assert.notEqual(await response.text(), PAGE);
    await settled;
    assert.equal(await w.stores.get('locket-aaaa').get('/c/offline').clone().text(), PAGE);
  }
});

test('it is not installed with a page of another build', async () => {
  const w = world((path) => (path.startsWith('/c/') ? new Response('/static/bbbb/') : online(path)));
  await assert.rejects(w.run('install'));
});

test('it is installed without keys', async () => {
  const w = world((path) => (path.includes('jwks') ? Promise.reject(new TypeError('no network')) : online(path)));
  await w.run('install');
  assert.equal(w.kept().includes('/c/offline'), true);
});

test('older builds are forgotten, other caches are not', async () => {
  const w = world(online);
  for (const name of ['locket-0000', 'locket-aaaa', 'other']) w.stores.set(name, new Map());
  await w.run('activate');
  assert.deepEqual([...w.stores.keys()], ['locket-aaaa', 'other']);
});

test('a finder does not fetch the scanner; whoever opens it once has it without a network', async () => {
  let up = true;
  const w = world((path) => (up ? online(path) : Promise.reject(new TypeError('no network'))));
  await w.run('install');
  assert.equal(w.asked.some((path) => path === '/scan' || BUILD.scan.includes(path)), false);
  await w.run('message', 'something else');
  assert.equal(w.kept().includes('/scan'), false);
  await w.run('message', 'keep-scanner');
  assert.deepEqual(w.kept().filter((path) => path === '/scan' || BUILD.scan.includes(path)), ['/scan', ...BUILD.scan].sort());
  const before = w.asked.length;
  await w.run('message', 'keep-scanner');
  assert.deepEqual(w.asked.slice(before), ['/b', '/scan'], 'the files are not fetched again');
  up = false;
  assert.equal(await (await w.ask('/scan')).response.text(), SCANNER);
  assert.equal(await (await w.ask('/b')).response.text(), BADGE, 'the scanner leads to the page that reads badges');
});

test('the page that reads badges is kept without the scanner', async () => {
  let up = true;
  const w = world((path) => (up ? online(path) : Promise.reject(new TypeError('no network'))));
  await w.run('install');
  assert.equal(w.kept().includes('/b'), false);
  await w.run('message', 'keep-badge');
  assert.deepEqual(w.kept().filter((path) => path === '/b' || BUILD.badge.includes(path)), ['/b', ...BUILD.badge].sort());
  assert.equal(w.kept().includes('/scan'), false);
  up = false;
  assert.equal(await (await w.ask('/b')).response.text(), BADGE);
});

test('a new build takes the scanner along, and is installed without it', async () => {
  for (const [name, network, kept] of [
    ['with a network', online, true],
    ['when the scanner cannot be had', (path) => (path === '/scan' ? new Response('', { status: 503 }) : online(path)), false],
    ['when its files cannot be had', (path) => (BUILD.scan.includes(path) ? Promise.reject(new TypeError('no network')) : online(path)), false],
  ]) {
    const w = world(network);
    w.stores.set('locket-0000', new Map([['/scan', new Response(SCANNER)]]));
    await w.run('install');
    assert.equal(w.kept().includes('/scan'), kept, name);
    assert.equal(w.kept().includes('/c/offline'), true, name);
  }
});
