// @ts-check
// The service worker, from the side of a page.

/** Keeps the page and its files for the day without a network. */
export function keepForOffline() {
  if (!('serviceWorker' in navigator)) return;
  const address = '/sw.js';
  const types = /** @type {any} */ (window).trustedTypes;
  const policy = types?.createPolicy('locket', { createScriptURL: (/** @type {string} */ url) => (url === address ? url : '') });
  navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address).catch(() => {
    // A browser that keeps nothing still reads cards with a network.
  });
}
