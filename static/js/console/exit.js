// @ts-check
// Leaving at once: for somebody who must not be seen reading this page. The link, or Shift three times. The page is emptied before the other one
// loads, which takes its place in the history; the session ends behind the scenes.

const PATIENCE = 2000; // milliseconds between the presses

const link = document.querySelector('[data-exit]');
if (link instanceof HTMLAnchorElement) {
  let presses = 0;
  let last = 0;
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave(link);
  });
  document.addEventListener('keyup', (event) => {
    if (event.key !== 'Shift') {
      presses = 0;
      return;
    }
    presses = event.timeStamp - last < PATIENCE ? presses + 1 : 1;
    last = event.timeStamp;
    if (presses === 3) leave(link);
  });
}

/** @param {HTMLAnchorElement} link to the way out without scripts */
function leave({ href, dataset }) {
  document.title = '';
  document.body.replaceChildren();
  fetch(href, { keepalive: true, redirect: 'manual' }).catch(() => {}); // whoever leaves without a network is not kept
  location.replace(dataset.exit ?? href);
}
