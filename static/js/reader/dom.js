// @ts-check
// How the page is built: elements and text nodes, never markup in strings. What a card says can only ever be text.

/** @typedef {Node | string | false | null | undefined} Child */

/**
 * Makes an element. "class" and attributes are set as given, true as an empty attribute, false and undefined not at all; a function is a
 * listener of the event that it is named for.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.flat().filter((child) => child !== false && child !== null && child !== undefined)));
  return element;
}

/**
 * A heading that can take the focus when its page opens.
 * @param {string} text
 */
export function pageHeading(text) {
  return el('h1', { tabindex: -1 }, text);
}

/**
 * A mark with a shape of its own for each tone, so that it is told apart without colour.
 * @param {'good'|'caution'|'bad'|'busy'} tone
 */
export function mark(tone) {
  const sign = { good: '✓', caution: '!', bad: '×', busy: '…' }[tone];
  return el('span', { class: `mark mark-${tone}`, 'aria-hidden': 'true' }, el('span', {}, sign));
}
