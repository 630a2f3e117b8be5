// @ts-check
// The little that the page remembers: the language that was chosen, the token of a running grant, and a request that waits with what was stated in it,
// so that a reload does not cost the responder a second request. All but the language dies with the tab. Nothing of the card is ever stored.
//
// Browsers may refuse storage; then it holds for this page only.

const LANGUAGE = 'locket-lang';
const GRANT = 'locket-grant-';
const WAIT = 'locket-wait-';

/** @param {string} lang */
export function chooseLanguage(lang) {
  attempt(() => localStorage.setItem(LANGUAGE, lang));
}

export function chosenLanguage() {
  return attempt(() => localStorage.getItem(LANGUAGE));
}

/**
 * @param {string} id of the card
 * @param {string} token
 * @param {number} until milliseconds since 1970
 */
export function rememberGrant(id, token, until) {
  attempt(() => sessionStorage.setItem(GRANT + id, JSON.stringify({ token, until })));
}

/** @param {string} id of the card */
export function forgetGrant(id) {
  attempt(() => sessionStorage.removeItem(GRANT + id));
}

/**
 * @param {string} id of the card
 * @returns {string} the token of a grant that still runs, or ""
 */
export function runningGrant(id) {
  const { token, until } = attempt(() => JSON.parse(sessionStorage.getItem(GRANT + id) ?? '{}')) ?? {};
  return typeof token === 'string' && until > Date.now() ? token : '';
}

/**
 * A request that waits.
 * @typedef {object} Kept
 * @property {string} watch  what it is followed by, "" when somebody else began it
 * @property {'critical'|'sensitive'} step
 * @property {import('./open.js').Answers} answers
 * @property {boolean} worn  whether their badge goes along, when they have one
 * @property {number} opens  milliseconds since 1970, 0 until it is known
 * @property {number} needed  further contacts who could end it by agreeing
 */

/**
 * @param {string} id of the card
 * @param {Kept} kept
 */
export function rememberWait(id, kept) {
  attempt(() => sessionStorage.setItem(WAIT + id, JSON.stringify(kept)));
}

/** @param {string} id of the card */
export function forgetWait(id) {
  attempt(() => sessionStorage.removeItem(WAIT + id));
}

/**
 * @param {string} id of the card
 * @returns {Kept | null}
 */
export function runningWait(id) {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(WAIT + id) ?? '{}'));
  return typeof kept?.opens === 'number' && kept.answers ? kept : null;
}

/**
 * @template T
 * @param {() => T} act
 * @returns {T | null}
 */
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
