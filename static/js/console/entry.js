// @ts-check
// An entry of the log in words, made from the payload that was proved. emergency/web/entry.go says the same on the server, and a table of the tests
// holds both to it.

/** @typedef {import('../reader/words.js').Words} Words */

/**
 * @typedef {object} Fact
 * @property {string} label
 * @property {string} value
 * @property {string} [when]  RFC 3339, where the value is a moment
 * @property {string} [code]  ISO 3166-1, where the value is the name of a country
 * @property {boolean} [own]  the words of whoever acted, in whatever language they wrote
 */

/** @typedef {{title: string, at: string, when: string, facts: Fact[]}} Said */

/**
 * @param {any} payload a payload of package audit, null when its words were erased
 * @param {Words} words
 * @param {Record<string, string>} cards what the keeper calls the cards, by id
 * @returns {Said}
 */
export function sayEntry(payload, words, cards) {
  if (payload === null) return { title: words.t('log.erased'), at: '', when: '', facts: [] };
  const { actor = {} } = payload;
  /** @type {Fact[]} */
  const facts = [];
  const say = (/** @type {string} */ key, /** @type {string | undefined} */ value) => value && facts.push({ label: words.t(`fact.${key}`), value });
  const quote = (/** @type {string} */ key, /** @type {string | undefined} */ value) => value && facts.push({ label: words.t(`fact.${key}`), value, own: true });
  quote(actor.verified === 'claimed' ? 'name_claimed' : 'name', actor.name);
  say('role', coded('role', actor.role, words));
  quote(actor.verified === 'badge' ? 'badge' : 'organization', actor.organization);
  const country = payload.details?.country;
  if (country) facts.push({ label: words.t(actor.verified === 'badge' ? 'fact.country_badge' : 'fact.country'), value: words.country(country), code: country });
  quote('authority', payload.details?.authority);
  say('badge_shown', coded('badge_shown', payload.details?.badge, words));
  quote('callback', actor.call_back);
  say('reason', coded('reason', payload.reason, words));
  quote('reason_text', payload.reason_text);
  say('sections', chain((payload.sections ?? []).map((/** @type {string} */ name) => coded('section', name, words)), words));
  say('items', payload.items && String(payload.items));
  if (payload.until && payload.type !== 'card.issued') facts.push({ label: words.t('fact.until'), value: moment(payload.until, words), when: instant(payload.until) });
  const readAt = Date.parse(payload.details?.read_at ?? '');
  if (!Number.isNaN(readAt)) facts.push({ label: words.t('fact.read_at'), value: moment(readAt, words), when: instant(readAt) });
  quote('card', cards[payload.card] || payload.card);
  say('carrier', coded('carrier', payload.details?.carrier, words));
  say('rules', payload.rules_version && String(payload.rules_version));
  say('network', actor.network);
  if (payload.type === 'entry.erased') {
    say('erased_entry', payload.details?.index);
    say('ground', coded('ground', payload.details?.ground, words));
    say('erased_by', coded('erased_by', eraser(actor), words));
  }
  say('drill', coded('drill', payload.details?.drill, words));
  say('more', coded('more', payload.details?.more, words));
  return { title: title(payload, words), at: moment(payload.at, words), when: instant(payload.at), facts };
}

/**
 * Who erased: an officer has touched a passkey, an operator has not, and the service itself erases by age.
 * @param {{kind?: string, verified?: string}} [actor]
 * @returns {string | undefined}
 */
export function eraser({ kind, verified } = {}) {
  if (kind === 'operator') return verified === 'passkey' ? 'officer' : 'operator';
  return kind === 'server' ? 'server' : undefined;
}

/**
 * Whether two texts say the same to whoever reads them: what keeps a line in one direction is no part of it.
 * @param {string} a
 * @param {string} b
 */
export function sameText(a, b) {
  return a.replace(/[\u2066-\u2069]/g, '') === b.replace(/[\u2066-\u2069]/g, '');
}

/**
 * What happened in one sentence. Refusals, wrong secrets, short codes, links, taps and kinds of exports have their own.
 * @param {any} payload
 * @param {Words} words
 */
function title({ type, details = {}, outcome }, words) {
  const key = `log.${type}`;
  const half = details.what && (outcome === 'begun' || outcome === 'failed'); // without it the sentence says that it was done
  const what = half ? `${details.what}.${outcome}` : details.what;
  for (const more of [what, details.cause, details.via, details.warning, details.tap, details.sender, details.step, outcome]) {
    if (more && words.has(`${key}.${more}`)) return words.t(`${key}.${more}`);
  }
  return words.has(key) ? words.t(key) : words.t('log.other', { type });
}

/**
 * A code in words; one that has no words is shown as it is.
 * @param {string} kind
 * @param {string | undefined} code
 * @param {Words} words
 */
export function coded(kind, code, words) {
  return code && words.has(`${kind}.${code}`) ? words.t(`${kind}.${code}`) : code;
}

/**
 * Words one after another as the language puts them.
 * @param {string[]} parts
 * @param {Words} words
 */
function chain(parts, words) {
  return parts.length === 0 ? '' : parts.reduce((first, next) => words.t('console.chain', { first, next }));
}

/**
 * @param {number} milliseconds
 * @param {Words} words
 */
export function moment(milliseconds, words) {
  const [date, time] = instant(milliseconds).split('T');
  return words.t('unit.moment', { date: words.date(date), time: time.slice(0, 5), zone: 'UTC' });
}

/** @param {number} milliseconds since 1970 */
function instant(milliseconds) {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
