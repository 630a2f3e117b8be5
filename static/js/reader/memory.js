// @ts-check
// The little that the page remembers: the language that was chosen, and the token of a running grant, so that a reload does not cost the
// responder a second request. The token dies with the tab. Nothing of the card is ever stored.
//
// Browsers may refuse storage; then it holds for this page only.

const LANGUAGE = 'locket-lang';
const GRANT = 'locket-grant-';

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
