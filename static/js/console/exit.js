// @ts-check
// Leaving at once: for somebody who must not be seen reading this page. The link, or Shift three times. The page is emptied before the other one
// loads, and takes no place in the history.

const PATIENCE = 2000; // milliseconds between the presses

const link = document.querySelector('[data-exit]');
if (link instanceof HTMLAnchorElement) {
  let presses = 0;
  let last = 0;
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave(link.href);
  });
  document.addEventListener('keyup', (event) => {
    if (event.key !== 'Shift') {
      presses = 0;
      return;
    }
    presses = event.timeStamp - last < PATIENCE ? presses + 1 : 1;
    last = event.timeStamp;
    if (presses === 3) leave(link.href);
  });
}

/** @param {string} address */
function leave(address) {
  document.title = '';
  document.body.replaceChildren();
  location.replace(address);
}
