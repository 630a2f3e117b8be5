// @ts-check
// The direction of written text (UAX #9). Embeddings and isolates that are closed where they were opened stay: without them a dose stands the wrong way
// round in an Arabic line. What turns letters round, or runs on into the text behind it, could make a page say what nobody wrote, and is taken out.

const OVERRIDES = '\u202d\u202e';
const CLOSING = new Map([['\u202a', '\u202c'], ['\u202b', '\u202c'], ['\u2066', '\u2069'], ['\u2067', '\u2069'], ['\u2068', '\u2069']]);
const ALL = /[\u202a-\u202e\u2066-\u2069]/g;

/** @param {string} text */
export function settled(text) {
  return isSettled(text) ? text : text.replace(ALL, '');
}

/**
 * Whether every direction in a text ends inside it, in the order of its opening, and none is an override.
 * @param {string} text
 */
function isSettled(text) {
  const open = [];
  for (const [sign] of text.matchAll(ALL)) {
    if (OVERRIDES.includes(sign)) return false;
    const end = CLOSING.get(sign);
    if (end) open.push(end);
    else if (open.pop() !== sign) return false;
  }
  return open.length === 0;
}

/**
 * The same value with every text in it settled; a text of which nothing is left is left out.
 * @template T
 * @param {T} value of JSON
 * @returns {T}
 */
export function settle(value) {
  if (typeof value === 'string') return /** @type {any} */ (settled(value));
  if (Array.isArray(value)) return /** @type {any} */ (value.map(settle));
  if (typeof value !== 'object' || value === null) return value;
  return /** @type {T} */ (Object.fromEntries(Object.entries(value).map(([name, each]) => [name, settle(each)]).filter(([, each]) => each !== '')));
}
