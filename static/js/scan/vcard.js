// @ts-check
// A vCard (RFC 6350, and 3.0 as RFC 2426 has it) as a scanner needs it: a name, telephone numbers, a note and an address.

/** @typedef {{name: string, phones: string[], note: string, url: string}} Contact */

const MAX_PHONES = 8;

/**
 * @param {string} text
 * @returns {Contact}
 */
export function readContact(text) {
  /** @type {Contact} */
  const contact = { name: '', phones: [], note: '', url: '' };
  for (const line of text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const match = /^(?:[a-z0-9-]+\.)?(FN|TEL|NOTE|URL)(?:;[^:]*)?:(.*)$/i.exec(line);
    if (!match) continue;
    const value = unescaped(match[2]).trim();
    switch (match[1].toUpperCase()) {
      case 'FN': contact.name ||= value; break;
      case 'NOTE': contact.note ||= value; break;
      case 'URL': contact.url ||= value; break;
      default: if (contact.phones.length < MAX_PHONES) contact.phones.push(value.replace(/^tel:/i, ''));
    }
  }
  return contact;
}

/** @param {string} value */
function unescaped(value) {
  return value.replace(/\\([\\,;:nN])/g, (_, sign) => (sign === 'n' || sign === 'N' ? '\n' : sign));
}
