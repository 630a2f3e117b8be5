// @ts-check
// A record as people read it: who, what is dangerous, then section by section. The front of a card and an opened record look alike.

import { el } from './dom.js';
import { age, dialable, isDangerous, isStale, numbersIn } from './person.js';

/** @typedef {import('./front.js').Item} Item */
/** @typedef {import('./front.js').Concept} Concept */
/** @typedef {import('./words.js').Words} Words */

/**
 * What is shown: the identity and items of a front or of an opened record, in one form.
 * @typedef {object} Shown
 * @property {string} lang        BCP 47 of the holder's own words, "" when not said
 * @property {import('./front.js').Identity} identity
 * @property {Item[]} items
 */

// Reading order. The blood group comes last: nobody transfuses from a card.
const ORDER = [
  'directives', 'allergies', 'conditions', 'baseline', 'medications', 'devices', 'pregnancy', 'child', 'needs', 'contacts', 'immunizations',
  'procedures', 'results', 'vitals', 'insurance', 'documents', 'mental_health', 'sexual_health', 'substance_use', 'other_sensitive', 'blood_group',
];

/**
 * @param {Shown} shown
 * @param {Words} words
 * @param {Date} today
 * @param {Words | null} [beside]  the holder's language, when both are shown
 * @returns {HTMLElement[]}
 */
export function recordOf(shown, words, today, beside = null) {
  const view = new Sections(shown, words, today, beside);
  return [view.person(), view.danger(), ...view.sections(), view.notes()].filter((part) => part !== null);
}

class Sections {
  /**
   * @param {Shown} shown
   * @param {Words} words
   * @param {Date} today
   * @param {Words | null} beside
   */
  constructor(shown, words, today, beside) {
    this.shown = shown;
    this.words = words;
    this.today = today;
    this.beside = beside;
    this.drafted = false;
  }

  person() {
    const { words } = this;
    const { identity } = this.shown;
    const years = age(identity.birth, this.today);
    const lines = [
      identity.birth && this.line('reader.person.born', [
        words.date(identity.birth), years && `(${words.t(years.about ? 'reader.person.about' : 'reader.person.age', { age: words.duration(years.unit, years.count) })})`,
      ].filter(Boolean).join(' ')),
      identity.gender && this.line('reader.person.gender', this.said(`gender.${identity.gender}`)),
      identity.languages?.length && this.line('reader.person.speaks', words.list(identity.languages.map((code) => words.language(code)))),
      identity.answers_to && this.line('reader.person.answers_to', this.own(identity.answers_to)),
      identity.country && this.line('reader.person.country', words.country(identity.country)),
    ].filter(Boolean);
    return el('section', { class: 'person', 'aria-labelledby': 'person' },
      el('h2', { id: 'person' }, identity.name ? el('bdi', { lang: this.shown.lang || undefined }, identity.name) : words.t('reader.person.nameless')),
      lines.length > 0 && el('dl', {}, /** @type {HTMLElement[]} */ (lines)));
  }

  /**
   * @param {string} key
   * @param {Node | string | (Node | string)[]} value
   */
  line(key, value) {
    return el('div', {}, el('dt', {}, this.said(key)), el('dd', {}, value));
  }

  /**
   * What is coded is said in the reader's language, and beside it in the holder's when both are shown.
   * @param {(words: Words) => string} say
   * @returns {(Node | string)[]}
   */
  both(say) {
    const here = say(this.words);
    const there = this.beside ? say(this.beside) : '';
    if (!this.beside || !there || there === here) return [here];
    return [here, ' / ', el('span', { class: 'beside', lang: this.beside.lang, dir: this.beside.dir }, there)];
  }

  /** @param {string} key */
  said(key) {
    return this.both((words) => words.t(key));
  }

  /** What must be seen first, in short; the whole of it stands again in its section. */
  danger() {
    const dangers = this.ordered().filter(isDangerous);
    if (dangers.length === 0) return null;
    return el('section', { class: 'danger', 'aria-labelledby': 'danger' },
      el('h2', { id: 'danger' }, this.said('reader.danger')),
      el('ul', {}, dangers.map((item) => el('li', {},
        el('strong', {}, this.title(item)),
        item.section === 'directives' && item.detail ? [' ', this.own(item.detail)] : null,
        this.reactions(item)))));
  }

  sections() {
    return ORDER.filter((name) => this.shown.items.some((item) => item.section === name)).map((name) => this.section(name));
  }

  /** @param {string} name */
  section(name) {
    const items = this.shown.items.filter((item) => item.section === name);
    // What all items of a section have in common is said once, below its heading.
    const together = items.length > 1 && items.every((item) => sameStatement(item, items[0]));
    return el('section', { class: `part part-${name}`, 'aria-labelledby': `part-${name}` },
      el('h2', { id: `part-${name}` }, this.said(`section.${name}`)),
      name === 'blood_group' && el('p', {}, this.said('reader.blood')),
      together && this.stated(items[0]),
      el('ul', { class: 'items' }, items.map((item) => el('li', {}, this.item(item), !together && this.stated(item)))));
  }

  ordered() {
    return ORDER.flatMap((name) => this.shown.items.filter((item) => item.section === name));
  }

  /**
   * @param {Item} item
   * @returns {(HTMLElement | null)[]}
   */
  item(item) {
    return [
      el('p', { class: 'what' }, el('strong', {}, this.title(item)), this.reactions(item), this.tags(item)),
      item.name && item.section !== 'contacts' && (item.text || item.number) ? el('p', {}, this.own(item.name)) : null,
      item.detail ? el('p', { class: 'detail' }, this.callable(item.detail, item)) : null,
      item.phone ? this.phone(item.phone) : null,
      item.note ? el('p', {}, this.callable(item.note, item)) : null,
      item.supply_until ? el('p', {}, this.words.t('reader.supply', { date: this.words.date(item.supply_until) })) : null,
      this.ownWords(item),
      item.number && item.text && !this.words.label(item.number)
        ? el('p', { class: 'quiet' }, this.words.t('reader.unknown_term', { number: item.number })) : null,
      this.dated(item),
    ];
  }

  /**
   * The line that an item is known by: its label in the reader's language, else its words, else the person's name.
   * @param {Item} item
   * @returns {(Node | string)[]}
   */
  title(item) {
    const { words } = this;
    if (item.absent && !words.label(item.number)) return this.said(`absent.${item.absent}`);
    if (item.name && (item.section === 'contacts' || (!item.number && !item.text))) {
      return [this.own(item.name), ...(item.relation ? [' (', ...this.relation(item.relation), ')'] : [])];
    }
    if (!item.number && !item.term && !item.text) return this.said(`section.${item.section}`);
    return this.concept(item);
  }

  /**
   * @param {string} relation a code of HL7 v3 RoleCode, or words
   * @returns {(Node | string)[]}
   */
  relation(relation) {
    const key = `relation.${relation}`;
    return this.words.has(key) ? this.said(key) : [this.own(relation)];
  }

  /**
   * @param {Concept} concept
   * @returns {(Node | string)[]}
   */
  concept(concept) {
    const { words } = this;
    const label = words.label(concept.number);
    if (label) {
      if ([words, this.beside].some((each) => each?.isDrafted(concept.number))) this.drafted = true;
      return this.both((each) => each.label(concept.number));
    }
    if (concept.text) return [this.own(concept.text)];
    if (!concept.number && !concept.term) return [];
    return [words.t('reader.unknown_term', { number: concept.number ?? concept.term ?? '' })];
  }

  /** @param {Item} item */
  reactions(item) {
    const reactions = (item.reactions ?? []).map((reaction) => this.concept(reaction));
    if (reactions.length === 0) return null;
    const parts = reactions.flatMap((reaction, i) => (i === 0 ? reaction : [' · ', ...reaction]));
    return el('span', { class: 'reaction' }, ' ', this.words.t('reader.reaction'), ' ', parts);
  }

  /** @param {Item} item */
  tags(item) {
    const said = [
      item.severity && `severity.${item.severity}`,
      item.criticality === 'high' && 'criticality.high',
      item.status && !['active', 'completed', 'final', 'confirmed'].includes(item.status) && `status.${item.status}`,
      item.collect && `reader.collect.${item.collect}`,
      item.out_of_area && 'reader.out_of_area',
    ].filter((key) => key && this.words.has(key));
    return said.map((key) => el('span', { class: key === 'reader.collect.must_not' ? 'tag tag-bad' : 'tag' }, this.said(String(key))));
  }

  /**
   * The holder's own words beside a coded label. Words that are all there is are the title already.
   * @param {Item} item
   */
  ownWords(item) {
    const free = [item.text, item.detail, item.note, ...(item.reactions ?? []).map((reaction) => reaction.text)].some(Boolean);
    if (!free) return null;
    const { words } = this;
    const foreign = this.shown.lang !== '' && !sameLanguage(this.shown.lang, words.lang);
    const beside = item.text && words.label(item.number) ? [words.t('reader.own_words'), ' ', el('q', {}, this.own(item.text)), ' '] : [];
    const reactions = (item.reactions ?? []).filter((reaction) => reaction.text && words.label(reaction.number));
    const more = reactions.flatMap((reaction) => [el('q', {}, this.own(reaction.text ?? '')), ' ']);
    if (beside.length + more.length === 0 && !foreign) return null;
    const tag = foreign ? words.t('reader.as_written_in', { language: words.language(this.shown.lang) }) : words.t('reader.as_written');
    return el('p', { class: 'own' }, beside, more, el('span', { class: 'quiet' }, tag));
  }

  /**
   * Text that somebody wrote: in its own language and direction, never translated.
   * @param {string} text
   */
  own(text) {
    return el('bdi', { lang: this.shown.lang || undefined }, text);
  }

  /**
   * The holder's words, in which an international telephone number of an insurer or a contact can be called.
   * @param {string} text
   * @param {Item} item
   */
  callable(text, { section }) {
    if (section !== 'insurance' && section !== 'contacts') return this.own(text);
    return el('bdi', { lang: this.shown.lang || undefined }, numbersIn(text).map(({ words, number }) => (
      number ? el('a', { class: 'call', href: `tel:${number}` }, el('bdi', { dir: 'ltr' }, words)) : words)));
  }

  /** @param {string} phone */
  phone(phone) {
    const number = dialable(phone);
    if (!number) return el('p', {}, this.own(phone));
    return el('p', {}, el('a', { class: 'call', href: `tel:${number}` }, this.words.t('reader.call'), ' ', el('bdi', { dir: 'ltr' }, phone)));
  }

  /** @param {Item} item */
  dated(item) {
    if (!item.date) return null;
    const key = `reader.date.${item.section}`;
    return el('p', { class: 'quiet' }, this.words.t(this.words.has(key) ? key : 'reader.date.other', { date: this.words.date(item.date) }));
  }

  /**
   * Who stated it, when it was last confirmed, and whether that is long ago.
   * @param {Item} item
   */
  stated(item) {
    const { words } = this;
    const { kind = '', name = '' } = item.source ?? {};
    const as = kind ? words.t(`source.${kind}`) : '';
    const by = name ? words.sentence(as ? 'reader.stated_by_as' : 'reader.stated_by', 'name', this.own(name), { kind: as })
      : [as ? words.t('reader.stated_by', { name: as }) : words.t('reader.stated_by_nobody')];
    const when = item.confirmed ? words.t('reader.confirmed', { date: words.date(item.confirmed) }) : words.t('reader.never_confirmed');
    return el('p', { class: 'quiet stated' }, by, ' ', when,
      isStale(item, this.today) && [' ', el('strong', {}, words.t('reader.stale'))]);
  }

  /** What holds for the whole list. It is asked for last, when it is known which labels were used. */
  notes() {
    return this.drafted ? el('p', { class: 'quiet drafted' }, this.words.t('reader.drafted')) : null;
  }
}

/**
 * @param {Item} a
 * @param {Item} b
 */
function sameStatement(a, b) {
  return a.confirmed === b.confirmed && a.source?.kind === b.source?.kind && a.source?.name === b.source?.name;
}

/**
 * @param {string} a
 * @param {string} b
 */
function sameLanguage(a, b) {
  return a.split('-')[0] === b.split('-')[0];
}

/**
 * An opened record in the form that is shown. Its terms are known by key; labels are known by card number.
 * @param {any} record {lang, identity, items} as POST /v1/cards/{id}/open gives it
 * @param {string[]} keys catalogue keys by card number
 * @returns {Shown}
 */
export function shownRecord(record, keys) {
  /** @param {any} concept */
  const numbered = (concept) => {
    const number = concept.term ? keys.indexOf(concept.term) : -1;
    return number > 0 ? { ...concept, number } : concept;
  };
  const { name, ...identity } = record.identity ?? {};
  const parts = [...(name?.given ?? []), name?.family];
  return {
    lang: record.lang ?? '',
    identity: { ...identity, name: name?.display || parts.filter(Boolean).join(' ') },
    items: (record.items ?? []).map((/** @type {any} */ item) => ({ ...numbered(item), reactions: item.reactions?.map(numbered) })),
  };
}
