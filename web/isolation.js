/**
 * isolation.js - threads on hosts that cannot send headers: a classic script that registers itself as the service worker
 * of its folder, which adds the headers of cross-origin isolation to pages and workers.
 *
 *   <script src="isolation.js"></script>                    Document-Isolation-Policy: Chromium 137 and later, also in frames
 *   <script src="isolation.js" data-coop></script>          also COOP and COEP: other browsers, for pages that are no frames
 *
 * Put the file into the folder of the page; it must have the page's origin. The first visit reloads the page once, and
 * never again in that tab. `?threads=0` in the page's address turns it off and removes the service worker. Without
 * service workers, and where nothing would change, it does nothing: one thread always works.
 */
(() => {
  const DIP = { 'Document-Isolation-Policy': 'isolate-and-credentialless' };
  const COOP = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
  const RELOADED = 'jielong-isolation';

  /** In the service worker. @param {any} worker its global object */
  function serve(worker) {
    const headers = worker.location.search === '?coop' ? { ...DIP, ...COOP } : DIP;
    /** @param {Request} request */
    const isolated = async (request) => {
      const response = await fetch(request);
      if (response.type.startsWith('opaque') || response.status < 200) return response;
      const all = new Headers(response.headers);
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      const { status, statusText } = response;
      const body = [204, 205, 304].includes(status) ? null : response.body;
      return new Response(body, { status, statusText, headers: all });
    };
    worker.addEventListener('install', () => worker.skipWaiting());
    worker.addEventListener('activate', (/** @type {any} */ event) =>
      event.waitUntil(worker.clients.claim()),
    );
    worker.addEventListener('fetch', (/** @type {any} */ event) => {
      const { mode, destination } = event.request;
      // Other requests do not need the headers and stay untouched.
      if (mode === 'navigate' || destination === 'worker' || destination === 'sharedworker')
        event.respondWith(isolated(event.request));
    });
  }

  /** Whether the headers would isolate this page. @param {boolean} coop */
  function helps(coop) {
    const { userAgentData } = /** @type {any} */ (navigator);
    const brands = userAgentData?.brands ?? [];
    const chromium = brands.find((/** @type {any} */ { brand }) => brand === 'Chromium');
    return Number(chromium?.version) >= 137 || (coop && window === window.top);
  }

  /** In the page. @param {HTMLScriptElement} script */
  async function register({ src, dataset }) {
    const { serviceWorker } = navigator;
    const own = (/** @type {ServiceWorkerRegistration} */ { active, waiting, installing }) =>
      (active ?? waiting ?? installing)?.scriptURL.startsWith(src.replace(/\?.*/s, ''));
    if (new URLSearchParams(location.search).get('threads') === '0') {
      const all = (await serviceWorker?.getRegistrations()) ?? [];
      await Promise.all(all.filter(own).map((one) => one.unregister()));
      return;
    }
    const coop = 'coop' in dataset;
    if (crossOriginIsolated || !serviceWorker || !helps(coop)) return;
    await serviceWorker.register(coop ? `${src}?coop` : src);
    await serviceWorker.ready;
    // A tab that cannot remember the reload is not reloaded.
    if (sessionStorage.getItem(RELOADED)) return;
    sessionStorage.setItem(RELOADED, '1');
    if (sessionStorage.getItem(RELOADED)) location.reload();
  }

  if (typeof document === 'undefined') serve(self);
  else
    register(/** @type {HTMLScriptElement} */ (document.currentScript)).catch((e) =>
      console.warn(`isolation.js: this page stays with one thread: ${e.message}`),
    );
})();
