// @ts-check
// Taking an invitation up. Its secret stands behind #: it is read here, sent in the body of requests alone, and taken out of the address at once. This tab
// remembers it, so that the page can be loaded again in another language.

import { onSubmit } from './ceremony.js';
import { create, get, post, Problem } from './passkey.js';

const KEPT = 'locket-invite';

/** @param {string} name */
const parts = (name) => [...document.querySelectorAll(`[data-invite-${name}]`)].map((part) => /** @type {HTMLElement} */ (part));

/**
 * @param {string} name
 * @param {string} text
 */
function say(name, text) {
  for (const part of parts(name)) {
    part.textContent = text;
    part.hidden = text === '';
  }
}

/**
 * @param {string} name
 * @param {boolean} is
 */
function show(name, is) {
  for (const part of parts(name)) part.hidden = !is;
}

function takeToken() {
  const token = location.hash.slice(1);
  if (!token) return sessionStorage.getItem(KEPT) ?? '';
  sessionStorage.setItem(KEPT, token);
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

class Invitation {
  /**
   * @param {HTMLFormElement} form
   * @param {string} token
   * @param {any} said what it is for
   */
  constructor(form, token, said) {
    this.form = form;
    this.token = token;
    this.said = said;
    this.how = '';
  }

  start() {
    const { said, form } = this;
    say('title', said.title);
    document.title = `${said.title} – Locket`;
    say('text', said.text);
    say('key', said.key);
    say('account', said.account);
    say('button', said.button);
    for (const part of document.querySelectorAll('[data-purpose]')) {
      const mine = part instanceof HTMLElement && part.dataset.purpose === said.purpose;
      if (mine) part.hidden = false;
      else part.remove();
    }
    form.addEventListener('change', () => this.offer());
    form.addEventListener('click', ({ target }) => {
      if (target instanceof HTMLButtonElement) this.how = target.value;
    });
    onSubmit(form, () => this.accept());
    this.offer();
    form.hidden = false;
    parts('title')[0]?.focus();
  }

  /** Offers what fits: whoever is signed in, or is to be known by a code, needs no passkey now. */
  offer() {
    this.enters = !this.said.signed_in && this.answers.proof !== 'code';
    show('enter', this.enters);
    show('join', !this.enters);
    this.form.toggleAttribute('data-plain', !this.enters);
    show('signin', this.enters && !this.said.hardware);
  }

  /** @returns {{name: string, proof: string}} */
  get answers() {
    const data = new FormData(this.form);
    return { name: String(data.get('name') ?? '').trim(), proof: String(data.get('proof') ?? 'passkey') };
  }

  async accept() {
    const { name, proof } = this.answers;
    if (this.enters) {
      if (this.how === 'signin') await this.signIn();
      else await this.signUp(name);
      this.said.signed_in = true; // when the next step fails, the passkey is not asked for again
      this.offer();
    }
    const done = await post('/v1/invite/accept', { token: this.token, name, proof });
    sessionStorage.removeItem(KEPT);
    if (done.code) this.showCode(done.code, done.location);
    else location.assign(done.location);
  }

  async signIn() {
    await post('/v1/signin/finish', await get(await post('/v1/signin/begin', {})));
  }

  /** @param {string} name */
  async signUp(name) {
    await post('/v1/signup/finish', await create(await post('/v1/invite/signup', { token: this.token, name })));
  }

  /**
   * @param {string} code
   * @param {string} location  of the page that is theirs
   */
  showCode(code, location) {
    this.form.hidden = true;
    say('code', code);
    parts('go')[0].setAttribute('href', location);
    show('done', true);
    /** @type {HTMLElement | null} */ (document.querySelector('[data-invite-done] h2'))?.focus();
  }
}

async function begin() {
  const form = document.querySelector('form[data-invite]');
  if (!(form instanceof HTMLFormElement)) return;
  const token = takeToken();
  try {
    const said = await post('/v1/invite', { token });
    new Invitation(form, token, said).start();
  } catch (error) {
    if (error instanceof Problem && error.status !== 404) say('wait', `${error.message} ${error.detail}`);
    else show('gone', true);
    if (!(error instanceof Problem) || error.status !== 404) return;
  }
  show('wait', false);
}

addEventListener('hashchange', () => location.hash.length > 1 && location.reload());
begin();
