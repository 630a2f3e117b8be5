// @ts-check
// The reader's language: sentences from the locale files, labels of coded terms from the catalogue, dates and ages by the browser's own
// knowledge of languages. Digits are Latin in every language: a dose must not depend on the digits that somebody reads.

const ASSETS = new URL('../../', import.meta.url);

/** @typedef {Record<string, string | Record<string, string>>} Table */
/** @typedef {{labels: string[], drafted: string}} Labels */

/**
 * Loads what is said in a language.
 * @param {string} lang
 * @param {string} dir
 */
export async function loadWords(lang, dir) {
  const [page, shared, labels] = await Promise.all([
    json(`locales/${lang}/reader.json`), json(`locales/${lang}/words.json`), json(`labels/${lang}.json`),
  ]);
  return new Words(lang, dir, { ...shared, ...page }, labels);
}

/** @param {string} path below the build's assets */
export async function json(path) {
  return (await asset(path)).json();
}

/** @param {string} path below the build's assets */
export async function asset(path) {
  const response = await fetch(new URL(path, ASSETS));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

export class Words {
  /**
   * @param {string} lang
   * @param {string} dir
   * @param {Table} table
   * @param {Labels} labels
   */
  constructor(lang, dir, table, labels) {
    this.lang = lang;
    this.dir = dir;
    this.table = table;
    this.labels = labels;
    // "6 August 2018": never a date that reads differently on the two sides of an ocean.
    this.locale = `${lang === 'en' ? 'en-GB' : lang}-u-ca-gregory-nu-latn`;
    this.plurals = new Intl.PluralRules(lang);
  }

  /**
   * Loads what a part of the page says that is not there from the beginning.
   * @param {string} room
   */
  async add(room) {
    Object.assign(this.table, await json(`locales/${this.lang}/${room}.json`));
  }

  /**
   * Says a key. A value named "count" chooses the plural form; a key that nobody knows is said as it is.
   * @param {string} key
   * @param {Record<string, string | number>} [args]
   * @returns {string}
   */
  t(key, args = {}) {
    const said = this.table[key] ?? key;
    const form = typeof said === 'string' ? said : said[this.plurals.select(Number(args.count))] ?? said.other;
    return form.replace(/\{([a-z_]+)\}/g, (whole, name) => (name in args ? this.isolate(String(args[name])) : whole));
  }

  /**
   * A sentence around a value that is an element of its own, because it has a language or a direction of its own.
   * @param {string} key
   * @param {string} name of the value
   * @param {Node} value
   * @param {Record<string, string | number>} [args]
   * @returns {(Node | string)[]}
   */
  sentence(key, name, value, args = {}) {
    const [before, after = ''] = this.t(key, { ...args, [name]: '\u0000' }).split('\u0000');
    return [before, value, after];
  }

  /** @param {string} key */
  has(key) {
    return key in this.table;
  }

  /**
   * Keeps a value that runs against the sentence in one piece (UAX #9 section 2.2). A plain number is one piece by itself.
   * @param {string} value
   */
  isolate(value) {
    const against = this.dir === 'rtl' ? /[\p{Script=Latin}0-9]/u : /[\p{Script=Arabic}\p{Script=Hebrew}]/u;
    return against.test(value) && !/^[0-9]+$/.test(value) ? `\u2068${value}\u2069` : value;
  }

  /**
   * The label of a term by its number on cards, "" when this reader does not know it.
   * @param {number | undefined} number
   */
  label(number) {
    return (number !== undefined && this.labels.labels[number]) || '';
  }

  /** @param {number | undefined} number */
  isDrafted(number) {
    return number !== undefined && this.labels.drafted[number] === '1';
  }

  /** @param {string[]} parts */
  list(parts) {
    return new Intl.ListFormat(this.lang, { type: 'conjunction' }).format(parts);
  }

  /**
   * A date of which the day, or the month and the day, may be unknown.
   * @param {string} date yyyy, yyyy-mm or yyyy-mm-dd
   */
  date(date) {
    const [year, month, day] = date.split('-').map(Number);
    const at = new Date(Date.UTC(2000, (month ?? 1) - 1, day ?? 1));
    at.setUTCFullYear(year);
    /** @type {Intl.DateTimeFormatOptions} */
    const options = { year: 'numeric', timeZone: 'UTC' };
    if (month !== undefined) options.month = 'long';
    if (day !== undefined) options.day = 'numeric';
    return new Intl.DateTimeFormat(this.locale, options).format(at);
  }

  /** @param {Date} at */
  moment(at) {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: 'long', timeStyle: 'short' }).format(at);
  }

  /**
   * @param {'second'|'minute'|'hour'|'day'|'month'|'year'} unit
   * @param {number} count
   */
  duration(unit, count) {
    return this.t(`unit.${unit}`, { count });
  }

  /**
   * A time of any length in one unit, at least a minute: "3 hours".
   * @param {number} milliseconds
   */
  span(milliseconds) {
    const minutes = Math.max(1, Math.floor(milliseconds / 60_000));
    if (minutes < 120) return this.duration('minute', minutes);
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? this.duration('hour', hours) : this.duration('day', Math.floor(hours / 24));
  }

  /**
   * How long ago: "3 days ago".
   * @param {number} milliseconds
   */
  ago(milliseconds) {
    const minutes = Math.floor(milliseconds / 60_000);
    const relative = new Intl.RelativeTimeFormat(this.locale, { numeric: 'auto' });
    if (minutes < 1) return relative.format(0, 'second');
    if (minutes < 60) return relative.format(-minutes, 'minute');
    if (minutes < 48 * 60) return relative.format(-Math.floor(minutes / 60), 'hour');
    return relative.format(-Math.floor(minutes / 60 / 24), 'day');
  }

  /**
   * The name of a language in the reader's language.
   * @param {string} code BCP 47
   */
  language(code) {
    return this.name('language', code);
  }

  /** @param {string} code ISO 3166-1 */
  country(code) {
    return this.name('region', code);
  }

  /**
   * @param {'language'|'region'} type
   * @param {string} code
   */
  name(type, code) {
    try {
      return new Intl.DisplayNames(this.lang, { type }).of(code) ?? code;
    } catch {
      return code; // whatever a card says where a code should stand is shown as it is
    }
  }
}
