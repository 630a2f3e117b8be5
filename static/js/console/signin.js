// @ts-check
// Signing in without typing a name: the browser offers its passkeys in the field, or when the button is pressed. One request for a passkey may
// wait in a page at a time, so the one in the field is ended before the button asks.

import { attempt, onSubmit } from './ceremony.js';
import { get, offersInForms, post } from './passkey.js';

/** The server forgets a ceremony after five minutes; the one that waits in the field is renewed before that. */
const RENEW = 4 * 60 * 1000;

const form = document.querySelector('form[data-signin]');
if (form instanceof HTMLFormElement) {
  let waiting = new AbortController();
  onSubmit(form, async () => {
    waiting.abort();
    await finish(await get(await post('/v1/signin/begin', {})));
  });
  if (await offersInForms()) {
    void offer();
    setInterval(() => {
      if (form.dataset.busy === undefined) void offer();
    }, RENEW);
  }

  async function offer() {
    waiting.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    let answer;
    try {
      answer = await get(await post('/v1/signin/begin', {}), { mediation: 'conditional', signal });
    } catch {
      return; // nobody chose one: the button is still there
    }
    await attempt(/** @type {HTMLFormElement} */ (form), () => finish(answer));
  }
}

/** @param {object} answer */
async function finish(answer) {
  const done = await post('/v1/signin/finish', answer);
  location.assign(done.location);
}
