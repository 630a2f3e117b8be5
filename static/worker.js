// The service worker: what makes a card readable without a network after one visit.
//
// BUILD stands above this line when the server sends it: {hash, assets: "/static/<hash>/", files: [...], scan: [...], badge: [...]}.
// Three things are kept, in one cache a build: the reader page (the same bytes for every card), this build's files, and the issuer's keys with
// the time they were fetched. The scanner page and its files, a megabyte, are kept from the first visit to it, and so is the page that reads badges. Nothing else is ever answered from
// here, so nothing that the server discloses about a person can be kept.

/* global BUILD */

const CACHE = `locket-${BUILD.hash}`;
const PAGE = '/c/offline'; // an address that is no card: asking for it records nothing
const SCANNER = '/scan';
const BADGE = '/b';
const KEYS = '/.well-known/jwks.json';
const STORED_AT = 'x-locket-stored-at'; // milliseconds, read by js/reader/keys.js
const PATIENCE = 1500; // milliseconds that a page may take before the kept one is shown

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate' && (pathname.startsWith('/c/') || pathname === '/s')) {
    event.respondWith(networkFirst(event, keepAs(PAGE), PAGE, markUnheard));
  } else if (request.mode === 'navigate' && pathname === SCANNER) {
    event.respondWith(networkFirst(event, keepAs(SCANNER), SCANNER));
  } else if (request.mode === 'navigate' && pathname === BADGE) {
    event.respondWith(networkFirst(event, keepAs(BADGE), BADGE));
  } else if (pathname.startsWith(BUILD.assets)) {
    event.respondWith(cacheFirst(request));
  } else if (pathname === KEYS) {
    event.respondWith(networkFirst(event, keepKeys, KEYS));
  }
});

// The scanner page asks for itself to be kept, and so does the page that reads badges, to which the scanner leads.
self.addEventListener('message', (event) => {
  if (event.data === 'keep-scanner') event.waitUntil(keepPage(BADGE, BUILD.badge).then(() => keepPage(SCANNER, BUILD.scan)));
  if (event.data === 'keep-badge') event.waitUntil(keepPage(BADGE, BUILD.badge));
});

async function install() {
  const [scanner, badge] = await Promise.all([caches.match(SCANNER), caches.match(BADGE)]); // by the build before
  const cache = await caches.open(CACHE);
  await cache.addAll(BUILD.files);
  const page = await fetch(PAGE, { credentials: 'omit', cache: 'reload' });
  if (!(await keepAs(PAGE)(page))) throw new Error('the reader page is of another build');
  // A reader without keys still shows a card, marked as unchecked: missing keys must not stop the rest.
  await fetch(KEYS, { credentials: 'omit' }).then(keepKeys, () => false);
  if (scanner) await keepPage(SCANNER, BUILD.scan).catch(() => false);
  if (badge) await keepPage(BADGE, BUILD.badge).catch(() => false);
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith('locket-') && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

/** Keeps a page with the files that it needs besides those of the reader. */
async function keepPage(page, files) {
  const cache = await caches.open(CACHE);
  const kept = await Promise.all(files.map((url) => cache.match(url)));
  await cache.addAll(files.filter((_, i) => !kept[i]));
  await keepAs(page)(await fetch(page, { credentials: 'omit', cache: 'reload' }));
}

/** Keeps a page when it belongs to this build: a page of another build would ask for files that are not here. */
function keepAs(key) {
  return async (response) => {
    if (!response.ok || response.redirected || isPrivate(response)) return false;
    const text = await response.clone().text();
    if (!text.includes(BUILD.assets)) return false;
    const cache = await caches.open(CACHE);
    await cache.put(key, new Response(text, { headers: headersOf(response) }));
    return true;
  };
}

/** Tells the reader page that the server did not hear of this scan, so that it makes a receipt of it. */
async function markUnheard(page) {
  const text = await page.text();
  return new Response(text.replace('<main ', '<main data-unheard '), { headers: page.headers });
}

/** Keeps the issuer's keys beside the time, so that the page can say how old they are. */
async function keepKeys(response) {
  if (!response.ok || isPrivate(response)) return false;
  const headers = headersOf(response);
  headers.set(STORED_AT, String(Date.now()));
  const cache = await caches.open(CACHE);
  await cache.put(KEYS, new Response(await response.clone().arrayBuffer(), { headers }));
  return true;
}

function isPrivate(response) {
  return /no-store/i.test(response.headers.get('cache-control') ?? '');
}

/** The headers of a stored copy. The body is stored unpacked, so its encoding and length must not travel along. */
function headersOf(response) {
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  return headers;
}

async function cacheFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

/**
 * Asks the network, and answers from the cache when it fails or lets the reader wait. A late answer is still kept for the next time.
 * @param {(kept: Response) => Response | Promise<Response>} [unheard] makes of the kept copy what is answered when the network failed
 */
async function networkFirst(event, keep, key, unheard = (kept) => kept) {
  // The browser's own cache is asked to ask: what comes from the network is dated by its arrival.
  const fetched = fetch(event.request, event.request.mode === 'navigate' ? {} : { cache: 'no-cache' });
  event.waitUntil(fetched.then(keep).catch(() => false));
  const cache = await caches.open(CACHE);
  const kept = await cache.match(key);
  if (!kept) return fetched;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
  const answer = fetched.then((response) => (response.status >= 500 ? unheard(kept) : response.clone()), () => unheard(kept));
  return Promise.race([answer, late]);
}
