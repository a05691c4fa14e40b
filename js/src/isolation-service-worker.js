// Isolates a page whose host lets nobody set headers (GitHub Pages). One file with two parts:
//
//   <script src="isolation-service-worker.js"></script>    in the page, first in <head>
//
// registers this file as a service worker, which answers the page's requests to its own origin with
// the headers that isolate it. The file has to be in the folder of the page or above it.
(() => {
  const HEADERS = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  // The page loads once more when the service worker is there, and not again if that did not help.
  const TRIED = 'sharedwal isolation';

  function inServiceWorker() {
    addEventListener('install', () => self.skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
    addEventListener('fetch', (event) => {
      const { request } = event;
      // What other origins send, they have to allow themselves.
      if (new URL(request.url).origin !== location.origin) return;
      // A fetch() of it would be refused.
      if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
      event.respondWith(isolated(request));
    });
  }

  async function isolated(request) {
    const response = await fetch(request);
    // A redirect that the browser follows itself.
    if (response.status === 0) return response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  }

  async function inPage(script) {
    if (crossOriginIsolated) return sessionStorage.removeItem(TRIED);
    if (navigator.serviceWorker === undefined) {
      return console.warn('sharedwal: no service workers here (https? private window?)');
    }
    const { scope } = await navigator.serviceWorker.register(script);
    if (!location.href.startsWith(scope)) {
      return console.warn(`sharedwal: ${script} serves ${scope} alone; put it beside the page`);
    }
    await navigator.serviceWorker.ready;
    if (sessionStorage.getItem(TRIED) !== null) {
      return console.warn('sharedwal: the service worker is there, and the page is not isolated');
    }
    sessionStorage.setItem(TRIED, 'yes');
    location.reload();
  }

  if (typeof document === 'undefined') inServiceWorker();
  else inPage(document.currentScript.src).catch((error) => console.warn('sharedwal:', error));
})();
