/**
 * sw.js - service worker of the note: stores the note's files at the first visit, and a model's when a figure loads it.
 *
 * `make site` sets VERSION, a hash of all files, and the names. A new version takes over when all pages of the old one are
 * closed, so a page never mixes two. It answers for the note's files only; all other requests go to the network.
 */
const VERSION = '';
/** Stored at the first visit. @type {string[]} */
const FIRST = [];
/** Stored when they are first loaded. @type {string[]} */
const LATER = [];

const worker = /** @type {any} */ (globalThis);
const { scope } = worker.registration;
/** Other notes may have the same origin. */
const OWN = `jielong-note ${scope} `;
const CACHE = OWN + VERSION;

/** @param {string} name */
const address = (name) => new URL(name, scope).href;
const first = FIRST.map(address);
const later = LATER.map(address);

worker.addEventListener('install', (/** @type {any} */ event) => {
  const requests = first.map((url) => new Request(url, { cache: 'no-cache' }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  /** @param {string} name */
  const old = (name) => name.startsWith(OWN) && name !== CACHE;
  const removed = caches
    .keys()
    .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(removed.then(() => worker.clients.claim()));
});

/** @param {Request} request @param {string} url */
async function answer(request, url) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(url);
  if (known) return known;
  const response = await fetch(request);
  if (response.status === 200) cache.put(url, response.clone()).catch(() => {}); // storage is full
  return response;
}

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const url = request.url.replace(/[?#].*$/, '');
  const whole = request.method === 'GET' && !request.headers.has('range');
  const name = url === scope ? address('index.html') : url;
  if (whole && (first.includes(name) || later.includes(name)))
    event.respondWith(answer(request, name));
});
