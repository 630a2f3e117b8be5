// @ts-check
// The front: the lines of a record that stand on the card itself. The format is written down in emergency/summary/front.go and
// deploy/docs/format.md; this file reads it as strictly as the server does, so that one front has one spelling.

import { decode } from './cbor.js';
import { settle } from './direction.js';
import { inflate } from './inflate.js';
import { Unreadable } from './unreadable.js';

/** @typedef {{kind?: string, name?: string}} Source */
/** @typedef {{number?: number, term?: string, text?: string}} Concept */

/**
 * One line of a record. On the front "number" is a term's number on cards and "term" its key; an unknown number has no key.
 * @typedef {object} Item
 * @property {string} section
 * @property {number} [number]
 * @property {string} [term]
 * @property {string} [text]      the holder's own words
 * @property {string} [detail]
 * @property {string} [note]
 * @property {Concept[]} [reactions]
 * @property {string} [severity]
 * @property {string} [criticality]
 * @property {string} [status]
 * @property {string} [date]      yyyy, yyyy-mm or yyyy-mm-dd
 * @property {string} [name]
 * @property {string} [phone]
 * @property {string} [relation]
 * @property {string} [collect]   "may" or "must_not": whether a child may be given to this contact
 * @property {boolean} [out_of_area]
 * @property {string} [supply_until]  the day a medicine at hand ends; only in an opened record
 * @property {string} [absent]    "known-none" or "no-information"
 * @property {Source} [source]
 * @property {string} [confirmed]
 */

/** @typedef {{name?: string, birth?: string, gender?: string, languages?: string[], country?: string, answers_to?: string}} Identity */
/** @typedef {{lang?: string, confirmed?: string, sources?: Source[], identity?: Identity, items: Item[]}} Front */

const MAX_FRONT = 1500;
const MAX_INFLATED = 16 << 10;
const MAX_ITEMS = 200;
const MAX_TEXT = 500;
const MAX_LIST = 16;

const SECTIONS = [
  '', 'identity', 'directives', 'allergies', 'conditions', 'baseline', 'medications', 'devices', 'pregnancy', 'child', 'needs', 'contacts',
  'immunizations', 'procedures', 'results', 'vitals', 'insurance', 'documents', 'blood_group',
];
const LAST_SECTION = SECTIONS.length - 1; // what comes after is sensitive, and no card carries it

const DATED = ['concept', 'detail', 'date', 'note'];
const TAKEN = ['concept', 'detail', 'note', 'date'];
const DONE = ['concept', 'date', 'detail', 'note'];
/** @type {Record<string, string[]>} */
const COLUMNS = {
  directives: DATED, conditions: DATED, baseline: DATED, pregnancy: DATED, child: DATED, results: DATED, vitals: DATED, documents: DATED,
  allergies: ['concept', 'flags', 'reactions', 'note', 'date'],
  medications: TAKEN, devices: TAKEN, needs: TAKEN, insurance: TAKEN,
  immunizations: DONE, procedures: DONE, blood_group: DONE,
  contacts: ['name', 'phone', 'relation', 'note'],
};
const RARE = ['source', 'confirmed', 'status', 'flags', 'reactions', 'absent', 'concept', 'detail', 'date', 'note', 'name', 'phone', 'relation', 'standing'];
// A date or a status of nothing is not an item.
const SPEAKING = ['concept', 'detail', 'note', 'name', 'phone', 'absent'];

// Codes by their number on cards. The lists only grow at their end.
const KINDS = ['', 'self', 'guardian', 'clinician', 'organization', 'imported'];
const GENDERS = ['', 'male', 'female', 'other', 'unknown'];
const SEVERITIES = ['', 'mild', 'moderate', 'severe'];
const CRITICALITIES = ['', 'low', 'high', 'unable-to-assess'];
const COLLECTS = ['', 'may', 'must_not'];
const OUT_OF_AREA = 4; // what the standing of a contact counts who lives out of the area
const ABSENCES = ['', 'known-none', 'no-information'];
const STATUSES = [
  '', 'inactive', 'resolved', 'remission', 'recurrence', 'relapse', 'on-hold', 'stopped', 'intended', 'not-taken',
  'preliminary', 'draft', 'proposed', 'rejected', 'superseded',
];
const RELATIONS = [
  '', 'HUSB', 'WIFE', 'SPS', 'DOMPART', 'MTH', 'FTH', 'PRN', 'DAUC', 'SONC', 'CHILD', 'DAU', 'SON', 'SIS', 'BRO', 'SIB',
  'GRMTH', 'GRFTH', 'GRPRN', 'GRNDCHILD', 'AUNT', 'UNCLE', 'COUSN', 'FRND', 'NBOR', 'FAMMEMB', 'GUARD', 'SIGOTHR', 'NIECE', 'NEPHEW',
];

/**
 * @param {any} summary decoded CBOR: the map of a front, or a byte string that holds it compressed
 * @param {Uint8Array} dictionary preset dictionary 1
 * @param {string[]} keys catalogue keys by card number
 * @returns {Front}
 * @throws {Unreadable}
 */
export function readFront(summary, dictionary, keys) {
  const map = summary instanceof Uint8Array ? unpack(summary, dictionary) : summary;
  if (!(map instanceof Map)) throw malformed('a front that is no map');
  const head = readHead(map.get(0));
  /** @type {Front} */
  const front = { ...head.front, items: [] };
  for (const [number, value] of map) {
    if (number === 0) continue;
    if (number === 1) {
      front.identity = readIdentity(value);
    } else if (typeof number === 'number' && number > 1 && number <= LAST_SECTION) {
      const rows = list(value, MAX_ITEMS);
      for (const row of rows) front.items.push(readItem(SECTIONS[number], row, head, keys));
    } else {
      throw malformed('a section that no card carries');
    }
  }
  if (front.items.length > MAX_ITEMS) throw malformed('too many items');
  return settle(front);
}

/**
 * @param {Uint8Array} packed
 * @param {Uint8Array} dictionary
 */
function unpack(packed, dictionary) {
  if (packed.length > MAX_FRONT) throw malformed('a front of more than 1,500 bytes');
  return decode(inflate(packed, dictionary, MAX_INFLATED));
}

/** @typedef {{front: {lang?: string, confirmed?: string, sources?: Source[]}, sources: Source[]}} Head */

/**
 * @param {any} value
 * @returns {Head}
 */
function readHead(value) {
  if (value === undefined) return { front: {}, sources: [] };
  const [lang, confirmed, ...stated] = row(value, 2 + MAX_ITEMS);
  const sources = stated.map(readSource);
  return { front: defined({ lang: text(lang), confirmed: date(confirmed), sources: sources.length ? sources : undefined }), sources };
}

/**
 * @param {any} value
 * @returns {Source}
 */
function readSource(value) {
  if (!Array.isArray(value)) return defined({ kind: code(KINDS, value) });
  if (value.length !== 2 || value[1] === null) throw malformed('a source');
  return defined({ kind: code(KINDS, value[0]), name: text(value[1]) });
}

/**
 * @param {any} value
 * @returns {Identity}
 */
function readIdentity(value) {
  const [name, birth, gender, languages, country, answersTo] = row(value, 6);
  const spoken = text(languages)?.split(' ');
  if (spoken && (spoken.length > MAX_LIST || spoken.includes(''))) throw malformed('languages');
  return defined({
    name: text(name), birth: date(birth), gender: given(code(GENDERS, gender)), languages: spoken, country: text(country), answers_to: text(answersTo),
  });
}

/**
 * @param {string} section
 * @param {any} value
 * @param {Head} head
 * @param {string[]} keys
 * @returns {Item}
 */
function readItem(section, value, head, keys) {
  const fields = fieldsOf(COLUMNS[section], value);
  const flags = fields.flags === undefined ? 0 : whole(fields.flags, 1, SEVERITIES.length * CRITICALITIES.length - 1);
  const source = fields.source === undefined ? 0 : whole(fields.source, 1, head.sources.length - 1);
  return defined({
    section,
    ...(fields.concept === undefined ? {} : concept(fields.concept, keys)),
    detail: text(fields.detail),
    note: text(fields.note),
    reactions: reactions(fields.reactions, keys),
    severity: given(SEVERITIES[flags % 4]),
    criticality: given(CRITICALITIES[flags >> 2]),
    status: coded(STATUSES, fields.status),
    date: date(fields.date),
    name: text(fields.name),
    phone: phone(fields.phone),
    relation: coded(RELATIONS, fields.relation),
    ...standing(fields.standing),
    absent: given(code(ABSENCES, fields.absent)),
    source: head.sources[source],
    confirmed: date(fields.confirmed) ?? head.front.confirmed,
  });
}

/**
 * The values of an item by the names of their fields.
 * @param {string[]} columns
 * @param {any} value
 * @returns {Record<string, any>}
 */
function fieldsOf(columns, value) {
  if (columns[0] === 'concept' && isBare(value)) return { concept: value };
  const cells = list(value, columns.length + 1).slice();
  // The map of rarer fields stands behind all columns, the missing ones too.
  const rare = cells.length === columns.length + 1 ? cells.pop() : undefined;
  if (rare === undefined && cells[cells.length - 1] === null) throw malformed('a missing value at the end');
  /** @type {Record<string, any>} */
  const fields = {};
  cells.forEach((cell, i) => {
    if (cell !== null) fields[columns[i]] = cell;
  });
  if (rare) addRare(fields, columns, rare);
  if (!SPEAKING.some((name) => name in fields)) throw malformed('an item that says nothing');
  if (!rare && cells.length === 1 && columns[0] === 'concept' && isBare(fields.concept)) throw malformed('an array for a bare concept');
  return fields;
}

/**
 * @param {Record<string, any>} fields
 * @param {string[]} columns
 * @param {any} rare
 */
function addRare(fields, columns, rare) {
  if (!(rare instanceof Map) || rare.size === 0) throw malformed('no map of rarer fields');
  for (const [number, value] of rare) {
    const name = RARE[number];
    if (name === undefined || columns.includes(name) || value === null) throw malformed('a rare field');
    fields[name] = value;
  }
}

/**
 * @param {any} value
 * @param {string[]} keys
 * @returns {Concept}
 */
function concept(value, keys) {
  if (typeof value === 'string') return { text: text(value) };
  if (typeof value === 'number') return named(value, keys);
  const [number, words] = list(value, 2);
  if (typeof words !== 'string') throw malformed('a concept');
  return { ...named(number, keys), text: text(words) };
}

/**
 * @param {any} value
 * @param {string[]} keys
 * @returns {Concept}
 */
function named(value, keys) {
  const number = whole(value, 1, 0xffffffff);
  return defined({ number, term: given(keys[number]) });
}

/**
 * @param {any} value
 * @param {string[]} keys
 */
function reactions(value, keys) {
  if (value === undefined) return undefined;
  if (isBare(value)) return [concept(value, keys)];
  const all = list(value, MAX_LIST);
  if (all.length === 1 && isBare(all[0])) throw malformed('an array for one reaction');
  return all.map((each) => concept(each, keys));
}

/** @param {any} value */
function isBare(value) {
  return typeof value === 'number' || typeof value === 'string';
}

/**
 * A list of at least one value.
 * @param {any} value
 * @param {number} most
 * @returns {any[]}
 */
function list(value, most) {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) throw malformed('a list');
  return value;
}

/**
 * Columns: missing ones are null, and the last one is there.
 * @param {any} value
 * @param {number} most
 */
function row(value, most) {
  const cells = list(value, most);
  if (cells[cells.length - 1] === null) throw malformed('a missing value at the end');
  return cells.map((cell) => (cell === null ? undefined : cell));
}

/** @param {any} value */
function text(value) {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || new TextEncoder().encode(value).length > MAX_TEXT) throw malformed('a text');
  if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) throw malformed('control characters');
  return value;
}

/**
 * @param {any} value
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
function whole(value, least, most) {
  if (typeof value !== 'number' || value < least || value > most) throw malformed('a number out of range');
  return value;
}

/**
 * @param {string[]} codes
 * @param {any} value
 */
function code(codes, value) {
  return value === undefined ? undefined : codes[whole(value, 0, codes.length - 1)];
}

/**
 * A code by its number, or words that are no code of the list.
 * @param {string[]} codes
 * @param {any} value
 */
function coded(codes, value) {
  if (typeof value === 'number') return codes[whole(value, 1, codes.length - 1)];
  const words = text(value);
  if (words !== undefined && codes.includes(words)) throw malformed('a code in words');
  return words;
}

/**
 * @param {any} value
 * @returns {string | undefined}
 */
function date(value) {
  if (value === undefined) return undefined;
  const written = typeof value === 'number' ? packedDate(value) : text(value);
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(written ?? '');
  if (!match || !exists(Number(match[1]), match[2], match[3])) throw malformed('a date');
  if ((typeof value === 'number') !== (Number(match[1]) > 1900)) throw malformed('a date in the other form');
  return written;
}

/** @param {number} value */
function packedDate(value) {
  const day = value % 32;
  const month = Math.floor(value / 32) % 13;
  const year = 1900 + Math.floor(value / 32 / 13);
  if (month === 0 && day !== 0) throw malformed('a day without a month');
  const part = (/** @type {number} */ n) => (n === 0 ? '' : `-${String(n).padStart(2, '0')}`);
  return `${String(year).padStart(4, '0')}${part(month)}${part(day)}`;
}

/**
 * @param {number} year
 * @param {string} [month]
 * @param {string} [day]
 */
function exists(year, month, day) {
  if (year < 1) return false;
  if (month === undefined) return true;
  const m = Number(month);
  const d = day === undefined ? 1 : Number(day);
  const asked = new Date(0);
  asked.setUTCFullYear(year, m - 1, d);
  return asked.getUTCMonth() === m - 1 && asked.getUTCDate() === d;
}

/** @param {any} value */
function standing(value) {
  if (value === undefined) return {};
  const number = whole(value, 1, 2 * OUT_OF_AREA - 1);
  return { collect: given(code(COLLECTS, number % OUT_OF_AREA)), out_of_area: number >= OUT_OF_AREA || undefined };
}

/** @param {any} value */
function phone(value) {
  if (typeof value === 'number') {
    const digits = String(value);
    if (digits.length < 8 || digits.length > 15) throw malformed('a telephone number');
    return `+${digits}`;
  }
  const written = text(value);
  if (written !== undefined && /^\+[1-9][0-9]{7,14}$/.test(written)) throw malformed('a telephone number in words');
  return written;
}

/** @param {string | undefined} value */
function given(value) {
  return value === '' ? undefined : value;
}

/**
 * The object without the fields that have no value.
 * @template {object} T
 * @param {T} object
 * @returns {T}
 */
function defined(object) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));
}

/** @param {string} what */
function malformed(what) {
  return new Unreadable('malformed', what);
}
