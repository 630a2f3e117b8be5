// @ts-check
// The clock of a drill. Once the page is there it needs no network: the telephone that it runs on may be the one in flight mode.

/** @param {string} name */
const part = (name) => /** @type {HTMLElement | null} */ (document.querySelector(`[data-drill${name}]`));

const clock = part('-clock');
const after = part('-after');
const start = part('-start');
const stop = part('-stop');
const form = part('-result');

/** When the clock was started, in milliseconds since the page began. */
let began = 0;
let ticking = 0;

/** Seconds that have begun since the clock was started. */
function elapsed() {
  return Math.ceil((performance.now() - began) / 1000);
}

function run() {
  if (!clock || !start || !stop) return;
  began = performance.now();
  ticking = window.setInterval(() => { clock.textContent = String(elapsed()); }, 250);
  start.hidden = true;
  stop.hidden = false;
  stop.querySelector('button')?.focus();
}

function halt() {
  if (!clock || !stop || !after) return;
  window.clearInterval(ticking);
  clock.textContent = String(elapsed());
  const seconds = document.querySelector('input[name=seconds]');
  if (seconds instanceof HTMLInputElement) seconds.value = clock.textContent;
  stop.hidden = true;
  compare();
}

/** Shows what the answers are compared with, one answer after the other. */
function compare() {
  if (!after) return;
  after.hidden = false;
  after.querySelector('h2')?.focus();
}

/** Hides each answer behind its button: whoever asks should hear the stranger first. */
function cover() {
  for (const shows of document.querySelectorAll('[data-drill-show]')) {
    const answer = shows.nextElementSibling;
    if (!(shows instanceof HTMLElement) || !(answer instanceof HTMLElement)) continue;
    shows.hidden = false;
    answer.hidden = true;
    answer.tabIndex = -1;
    shows.addEventListener('click', () => {
      shows.hidden = true;
      answer.hidden = false;
      answer.focus();
    });
  }
}

function begin() {
  const box = part('');
  if (!box || !after || !(form instanceof HTMLFormElement)) return;
  const again = document.querySelector('.faults') !== null; // the form came back: the clock has been stopped
  cover();
  box.hidden = again;
  after.hidden = !again;
  start?.addEventListener('click', run);
  stop?.addEventListener('click', halt);
  form.addEventListener('submit', (event) => {
    const status = form.querySelector('[data-status]');
    if (navigator.onLine || !status) return;
    event.preventDefault();
    status.textContent = form.dataset.offline ?? '';
  });
}

begin();

export {};
