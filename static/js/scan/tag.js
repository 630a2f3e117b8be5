// @ts-check
// NFC tags by Web NFC, where a browser has it: Chrome for Android.

const TEXT = new TextDecoder();

export function canReadTags() {
  return 'NDEFReader' in globalThis;
}

/**
 * Reads tags until the signal stops it.
 * @param {(text: string) => void} found  with the text of each tag, "" for one that says nothing
 * @param {AbortSignal} signal
 */
export async function readTags(found, signal) {
  const reader = new /** @type {any} */ (globalThis).NDEFReader();
  reader.addEventListener('reading', (/** @type {any} */ event) => found(textOf(event.message.records)), { signal });
  reader.addEventListener('readingerror', () => found(''), { signal });
  await reader.scan({ signal });
}

/**
 * The text of a message: that of its first address, and of no other; phones act on the first one too.
 * @param {any[]} records
 * @returns {string}
 */
export function textOf(records) {
  const addresses = records.flatMap((record) => {
    if (record.recordType === 'url' || record.recordType === 'absolute-url') return [TEXT.decode(record.data)];
    if (record.recordType === 'smart-poster') return [textOf(record.toRecords?.() ?? [])];
    return [];
  });
  const contact = records.find((record) => record.recordType === 'mime' && /^text\/(x-)?vcard/i.test(record.mediaType));
  return addresses.find(Boolean) ?? (contact ? TEXT.decode(contact.data) : '');
}
