// @ts-check
// A text field that offers terms of the catalogue while one types (ARIA Authoring Practices, "Editable Combobox With List Autocomplete"). Any text may
// be left as it is; only a term that was chosen sends its key. Without this script the browser's own list does the offering.

/** @typedef {{key: string, label: string, drafted: boolean}} Offer */

/** Milliseconds of rest before the server is asked. */
const REST = 150;

const live = document.querySelector('[data-combobox-status]');

class Combobox {
  /** @param {HTMLInputElement} input */
  constructor(input) {
    this.input = input;
    const hidden = input.parentElement?.querySelector('[data-term]');
    this.key = hidden instanceof HTMLInputElement ? hidden : null;
    this.endpoint = input.form?.dataset.terms ?? '';
    /** @type {Offer[]} */
    this.offers = [];
    this.active = -1;
    this.timer = 0;
    this.request = new AbortController();
    this.list = document.createElement('ul');
    this.list.id = `${input.id}-list`;
    this.list.className = 'offers';
    this.list.hidden = true;
    this.list.setAttribute('role', 'listbox');
    const label = input.labels?.[0]?.textContent;
    if (label) this.list.setAttribute('aria-label', label);
    input.removeAttribute('list');
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-expanded', 'false');
    input.setAttribute('aria-controls', this.list.id);
    input.after(this.list);
    input.addEventListener('input', () => this.typed());
    input.addEventListener('keydown', (event) => this.pressed(event));
    input.addEventListener('blur', () => this.close());
  }

  /** What is being typed: the whole text, or the last of several reactions. */
  get word() {
    return this.key ? this.input.value.trim() : (this.input.value.split(';').pop() ?? '').trim();
  }

  typed() {
    if (this.key) this.key.value = ''; // changed words are words until a term is chosen again
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), REST);
  }

  async ask() {
    this.request.abort();
    this.request = new AbortController();
    const word = this.word;
    if (word === '') return this.close();
    const address = `${this.endpoint}&section=${encodeURIComponent(this.input.dataset.combobox ?? '')}&q=${encodeURIComponent(word.slice(0, 60))}`;
    try {
      const response = await fetch(address, { signal: this.request.signal, headers: { accept: 'application/json' } });
      if (!response.ok || document.activeElement !== this.input) return this.close();
      this.offer(await response.json());
    } catch {
      this.close(); // no network: the text stays as it is typed
    }
  }

  /** @param {Offer[]} offers */
  offer(offers) {
    this.offers = offers;
    this.active = -1;
    this.list.replaceChildren(...offers.map((offer, index) => this.option(offer, index)));
    this.list.hidden = offers.length === 0;
    this.input.setAttribute('aria-expanded', String(offers.length > 0));
    this.input.removeAttribute('aria-activedescendant');
    if (live instanceof HTMLElement) {
      live.textContent = (offers.length > 0 ? live.dataset.some ?? '' : live.dataset.none ?? '').replace('{count}', String(offers.length));
    }
  }

  /**
   * @param {Offer} offer
   * @param {number} index
   */
  option(offer, index) {
    const option = document.createElement('li');
    option.id = `${this.list.id}-${index}`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', 'false');
    option.textContent = offer.label;
    option.addEventListener('pointerdown', (event) => event.preventDefault()); // keeps the focus in the field
    option.addEventListener('click', () => this.choose(index));
    return option;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (this.list.hidden) {
      if (event.key === 'ArrowDown' && this.word !== '') void this.ask();
      return;
    }
    switch (event.key) {
      case 'ArrowDown':
        this.activate((this.active + 1) % this.offers.length);
        break;
      case 'ArrowUp':
        this.activate((this.active <= 0 ? this.offers.length : this.active) - 1);
        break;
      case 'Enter':
        if (this.active < 0) return;
        this.choose(this.active);
        break;
      case 'Escape':
        this.close();
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** @param {number} index */
  activate(index) {
    this.active = index;
    for (const [at, option] of [...this.list.children].entries()) {
      option.setAttribute('aria-selected', String(at === index));
      if (at !== index) continue;
      this.input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  }

  /** @param {number} index */
  choose(index) {
    const { key, label } = this.offers[index];
    if (this.key) {
      this.key.value = key;
      this.input.value = label;
    } else {
      const before = this.input.value.split(';').slice(0, -1).map((part) => part.trim()).filter(Boolean);
      this.input.value = [...before, label].join('; ');
    }
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    this.offers = [];
    this.active = -1;
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}

for (const input of document.querySelectorAll('input[data-combobox]')) {
  if (input instanceof HTMLInputElement) new Combobox(input);
}
