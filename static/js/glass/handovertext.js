// @ts-check
// What is handed over at the door of the emergency department, as text: SBAR, with AMPLE inside. It is read aloud, printed and pasted into other
// software, so it has at most 24 lines, says of everything who stated it and when it was confirmed, and says where something was left out.

import { settled } from '../reader/direction.js';
import { age, isDangerous, isStale } from '../reader/person.js';

/** @typedef {import('../reader/words.js').Words} Words */
/** @typedef {import('../reader/front.js').Item} Item */
/** @typedef {import('../reader/front.js').Concept} Concept */
/** @typedef {{level: 'title'|'head'|'line', text: string}} Line */

/**
 * What the responder knows besides the record.
 * @typedef {object} Told
 * @property {Date} at        when it was opened
 * @property {string} reason  a code, "" when it is not known any more
 * @property {string} reason_text
 * @property {string} callback
 * @property {string} hospital
 * @property {string[]} last    notes about the last meal and drink
 * @property {string[]} events  notes about what happened
 * @property {string[]} seen    what else was noted, and what the family has said
 */

export const MOST_LINES = 24;
const MOST_NOTES = 3; // lines; what is older shares the first of them
const LONGEST = 600; // characters of a line, beyond which items are counted and not told
const LONGEST_WORDS = 300; // characters of what somebody wrote in one go

const PAST = ['conditions', 'procedures', 'mental_health', 'sexual_health', 'substance_use', 'other_sensitive'];

/**
 * @param {import('../reader/sections.js').Shown & {sections: string[]}} record  with the names of the sections that were opened
 * @param {Told} told
 * @param {Words} words
 * @param {Date} today
 * @returns {Line[]}
 */
export function handoverText(record, told, words, today) {
  const say = new Handover(record, words, today);
  const why = [told.reason && words.t(`reason.${told.reason}`), told.reason_text && say.own(told.reason_text)].filter(Boolean).join(': ');
  /** @type {(Line | null)[]} */
  const lines = [
    { level: 'title', text: words.t('glass.handover.title', { at: words.moment(today) }) },
    { level: 'line', text: words.t('glass.handover.unverified') },
    say.part('', ['directives']),
    say.head('S', 'situation'),
    { level: 'line', text: say.person() },
    say.some(['child']),
    say.noted('', 'glass.handover.opened', [`${words.moment(told.at)}${why ? ` (${why})` : ''}`]),
    told.hospital || told.callback ? say.noted('', 'glass.handover.crew', [told.hospital, told.callback].filter(Boolean).map((text) => say.own(text))) : null,
    say.head('B', 'background'),
    say.part('A', ['allergies']),
    say.part('M', ['medications']),
    say.part('P', PAST, 'glass.handover.past'),
    say.some(['devices', 'pregnancy']),
    say.noted('L', 'glass.handover.last', told.last.map((text) => say.own(text))),
    say.noted('E', 'glass.handover.events', told.events.map((text) => say.own(text))),
    say.head('A', 'assessment'),
    ...say.assessment(told.seen),
    say.head('R', 'recommendation'),
    say.part('', ['contacts']),
    say.some(['needs']),
  ];
  return lines.filter((line) => line !== null);
}

/** @param {Line[]} lines */
export function plainText(lines) {
  return lines.map(({ text }) => text).join('\n');
}

class Handover {
  /**
   * @param {import('../reader/sections.js').Shown & {sections: string[]}} record
   * @param {Words} words
   * @param {Date} today
   */
  constructor(record, words, today) {
    this.record = record;
    this.words = words;
    this.today = today;
  }

  /**
   * @param {string} letter
   * @param {string} name
   * @returns {Line}
   */
  head(letter, name) {
    return { level: 'head', text: this.words.t('glass.handover.head', { letter, what: this.words.t(`glass.handover.${name}`) }) };
  }

  /**
   * @param {string} letter of AMPLE, or ""
   * @param {string} what
   * @param {string} text
   * @returns {Line}
   */
  line(letter, what, text) {
    return { level: 'line', text: this.words.t(letter ? 'glass.handover.ample' : 'glass.handover.line', { letter, what, text }) };
  }

  /**
   * A line about sections that is never left out: that nothing stands there is worth knowing, and so is that it was not opened.
   * @param {string} letter
   * @param {string[]} sections
   * @param {string} [key]
   */
  part(letter, sections, key = `section.${sections[0]}`) {
    const { words, record } = this;
    const nothing = sections.some((section) => record.sections.includes(section)) ? 'glass.handover.nothing' : 'glass.handover.closed';
    return this.line(letter, words.t(key), this.items(sections) || words.t(nothing));
  }

  /**
   * A line that is there when there is something to say.
   * @param {string[]} sections
   */
  some(sections) {
    const { words } = this;
    const present = sections.filter((section) => this.items([section]));
    return present.length > 0 ? this.line('', words.list(present.map((section) => words.t(`section.${section}`))), this.items(present)) : null;
  }

  /**
   * @param {string} letter
   * @param {string} key
   * @param {string[]} texts
   */
  noted(letter, key, texts) {
    return this.line(letter, this.words.t(key), this.joined(texts) || this.words.t('glass.handover.not_noted'));
  }

  /**
   * What is normal for the person, what was measured, what was noted.
   * @param {string[]} seen
   */
  assessment(seen) {
    const lines = [this.some(['baseline']), this.some(['vitals', 'results']), ...this.notes(seen)].filter((line) => line !== null);
    return lines.length > 0 ? lines : [this.noted('', 'glass.handover.seen', [])];
  }

  /** @param {string[]} seen */
  notes(seen) {
    const texts = seen.map((text) => this.own(text));
    const early = texts.splice(0, Math.max(0, texts.length - MOST_NOTES + 1));
    return [...(early.length > 0 ? [this.joined(early)] : []), ...texts].map((text) => this.line('', this.words.t('glass.handover.seen'), text));
  }

  person() {
    const { words, record: { identity } } = this;
    const years = age(identity.birth, this.today);
    return [
      identity.name ? this.own(identity.name) : words.t('reader.person.nameless'),
      identity.birth && `${words.t('reader.person.born')} ${words.date(identity.birth)}`,
      years && words.t(years.about ? 'reader.person.about' : 'reader.person.age', { age: words.duration(years.unit, years.count) }),
      identity.gender && words.t(`gender.${identity.gender}`),
      identity.languages?.length && `${words.t('reader.person.speaks')} ${words.list(identity.languages.map((code) => words.language(code)))}`,
    ].filter(Boolean).join('; ');
  }

  /**
   * The items of some sections in one line, those that are dangerous first. Who stated them is said once when it is the same for all.
   * @param {string[]} sections
   */
  items(sections) {
    const items = sections.flatMap((section) => this.record.items.filter((item) => item.section === section));
    items.sort((a, b) => Number(isDangerous(b)) - Number(isDangerous(a)));
    if (items.length === 0) return '';
    const statements = items.map((item) => this.statement(item));
    if (statements.every((statement) => statement === statements[0])) return `${this.joined(items.map((item) => this.item(item)))} [${statements[0]}]`;
    return this.joined(items.map((item, i) => `${this.item(item)} [${statements[i]}]`));
  }

  /**
   * As many as a line takes. That there are more is said.
   * @param {string[]} texts
   */
  joined(texts) {
    let taken = 0;
    for (let length = 0; taken < texts.length && (taken === 0 || length + texts[taken].length <= LONGEST); taken++) length += texts[taken].length;
    const more = texts.length - taken;
    return [...texts.slice(0, taken), ...(more > 0 ? [this.words.t('glass.handover.more', { count: more })] : [])].join('; ');
  }

  /** @param {Item} item */
  item(item) {
    const { words } = this;
    const label = this.concept(item);
    const own = item.text && words.label(item.number) ? `"${this.own(item.text)}"` : '';
    const named = item.name && [this.own(item.name), this.relation(item)].filter(Boolean).join(' ');
    const reactions = (item.reactions ?? []).map((reaction) => this.concept(reaction)).filter(Boolean).join(', ');
    const tags = [item.severity && `severity.${item.severity}`, item.criticality === 'high' && 'criticality.high', item.collect && `reader.collect.${item.collect}`,
      item.status && !['active', 'completed', 'final', 'confirmed'].includes(item.status) && `status.${item.status}`];
    const said = [
      label || (named ? '' : words.t(`section.${item.section}`)), named, own,
      reactions && `${words.t('reader.reaction')} ${reactions}`,
      ...tags.filter((key) => key && words.has(key)).map((key) => words.t(String(key))),
      ...[item.detail, item.phone, item.note].filter(Boolean).map((text) => this.own(String(text))),
      item.date && words.date(item.date),
    ];
    return said.filter(Boolean).join(', ');
  }

  /** @param {Item} item */
  relation({ relation }) {
    if (!relation) return '';
    const key = `relation.${relation}`;
    return `(${this.words.has(key) ? this.words.t(key) : this.own(relation)})`;
  }

  /**
   * What somebody wrote, in one piece of one line: it turns nothing round, and does not go on for ever.
   * @param {string} text
   */
  own(text) {
    const line = settled(text.replace(/\s+/g, ' ').trim());
    return this.words.isolate(line.length <= LONGEST_WORDS ? line : `${line.slice(0, LONGEST_WORDS - 1).replace(/[\ud800-\udbff]$/, '')}…`);
  }

  /** @param {Concept & {absent?: string}} concept */
  concept({ number, term, text, absent }) {
    const { words } = this;
    if (words.label(number)) return words.label(number);
    if (absent) return words.t(`absent.${absent}`);
    if (text) return this.own(text);
    return number || term ? words.t('reader.unknown_term', { number: number ?? term ?? '' }) : '';
  }

  /** @param {Item} item */
  statement(item) {
    const { words } = this;
    const { kind = '', name = '' } = item.source ?? {};
    const as = kind ? words.t(`source.${kind}`) : '';
    const by = name ? words.t(as ? 'reader.stated_by_as' : 'reader.stated_by', { name, kind: as })
      : as ? words.t('reader.stated_by', { name: as }) : words.t('reader.stated_by_nobody');
    const when = item.confirmed ? words.t('reader.confirmed', { date: words.date(item.confirmed) }) : words.t('reader.never_confirmed');
    return [by, when, isStale(item, this.today) && words.t('reader.stale')].filter(Boolean).join(' ');
  }
}
