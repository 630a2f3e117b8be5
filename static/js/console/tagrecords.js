// @ts-check
// The records of a tag as Web NFC writes them and reads them back.

/** @typedef {{recordType: string, lang?: string, data: string}} TagRecord */

/**
 * The address comes first: telephones act on the first record and on nothing else.
 * @param {{[name: string]: string | undefined}} words url, and lang and text where the tag has room for them
 * @returns {TagRecord[]}
 */
export function tagRecords({ url = '', lang = '', text = '' }) {
  /** @type {TagRecord[]} */
  const records = [{ recordType: 'url', data: url }];
  if (text) records.push({ recordType: 'text', lang, data: text });
  return records;
}

/**
 * Whether a tag holds these records, all of them and nothing else.
 * @param {{recordType: string, lang?: string, encoding?: string, data?: DataView | null}[]} read
 * @param {TagRecord[]} wanted
 */
export function sameRecords(read, wanted) {
  return read.length === wanted.length && wanted.every(({ recordType, lang, data }, i) =>
    read[i].recordType === recordType && (recordType !== 'text' || read[i].lang === lang) && wordsOf(read[i]) === data);
}

/** @param {{encoding?: string, data?: DataView | null}} record */
function wordsOf({ encoding = 'utf-8', data }) {
  if (!data) return '';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(data);
  } catch {
    return ''; // bytes or an encoding that no text of ours has
  }
}
