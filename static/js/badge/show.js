// @ts-check
// A badge on the screen is made anew before it ends, as soon as there is a network. One that has ended says so.

const code = document.querySelector('[data-renew]');
if (code instanceof HTMLElement) {
  const began = performance.now();
  const renewal = Number(code.dataset.renew) * 1000;
  const timer = setInterval(async () => {
    const shown = performance.now() - began;
    if (shown < renewal) return;
    if (shown > renewal + 120_000) { // emergency/web/badge.go, badgeRenewal
      const ended = document.querySelector('[data-ended]');
      if (ended instanceof HTMLElement) ended.hidden = false;
      code.hidden = true;
    }
    const answers = await fetch('/healthz', { cache: 'no-store' }).then(({ ok }) => ok, () => false);
    if (!answers) return;
    clearInterval(timer);
    location.reload();
  }, 10_000);
}
