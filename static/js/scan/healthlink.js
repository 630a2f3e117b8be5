// @ts-check
// A SMART Health Link as far as it can be known before it is opened: where it leads, how it is labelled, until when it works, and who made it if a
// trusted issuer signed it. This page does not open it: that is for hospital software.

import { signatureHolds, thumbprint } from '../reader/cose.js';
import { decodeBase64url, toBase64url } from '../reader/fragment.js';

/** @typedef {import('../reader/cose.js').Key} Key */

/**
 * @typedef {object} HealthLink
 * @property {string} host      "" when the link cannot be read
 * @property {string} label
 * @property {number} expires   seconds since 1970, 0 when not said
 * @property {boolean} passcode whether it asks for one
 * @property {{url: string, key: string, exp: number, flag: string, label: string, sig: string} | null} signed
 */

const MAX_LINK = 4096; // characters
const MAX_URL = 128;
const MAX_LABEL = 80;
const MAX_TIME = 253402300799; // the last second of the year 9999
const KEY_ID_BYTES = 8;
const UTF8 = new TextEncoder();
const UNREADABLE = { host: '', label: '', expires: 0, passcode: false, signed: null };

/**
 * @param {string} text "shlink:/..." with or without the address of a viewer before it
 * @returns {HealthLink}
 */
export function readHealthLink(text) {
  try {
    const token = text.slice(text.search(/shlink:\//i) + 'shlink:/'.length);
    if (token.length > MAX_LINK) return UNREADABLE;
    const { url, key, exp = 0, flag = '', label = '', sig } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64url(token)));
    if (typeof url !== 'string' || url.length > MAX_URL || typeof flag !== 'string' || typeof label !== 'string') return UNREADABLE;
    const { protocol, host, username, password } = new URL(url);
    if (protocol !== 'https:' || username || password) return UNREADABLE;
    const whole = typeof key === 'string' && Number.isSafeInteger(exp) && typeof sig === 'string';
    return {
      host,
      label: label.slice(0, MAX_LABEL).replace(/[\p{Cc}\p{Cf}]/gu, ''),
      expires: typeof exp === 'number' && exp > 0 && exp <= MAX_TIME ? exp : 0, // some write milliseconds
      passcode: flag.includes('P'),
      signed: whole ? { url, key, exp, flag, label, sig } : null,
    };
  } catch {
    return UNREADABLE; // whatever else it is, it is not opened here
  }
}

/**
 * The issuer that signed a link: one of its host, with a key that is not withdrawn.
 * @param {HealthLink} link
 * @param {Key[]} keys of trusted issuers
 * @returns {Promise<string>} its host, "" when nobody trusted signed it
 */
export async function signerOf({ host, signed }, keys) {
  if (!signed) return '';
  let sig;
  try {
    sig = decodeBase64url(signed.sig);
  } catch {
    return '';
  }
  if (sig.length !== KEY_ID_BYTES + 64) return '';
  const keyId = toBase64url(sig.slice(0, KEY_ID_BYTES));
  const text = UTF8.encode(['locket-shlink/v1', signed.url, signed.key, signed.exp, signed.flag, signed.label].join('\n'));
  for (const key of keys) {
    if (key.iss !== host || key.revoked || await thumbprint(key, KEY_ID_BYTES) !== keyId) continue;
    if (await signatureHolds(key, sig.slice(KEY_ID_BYTES), text)) return host;
  }
  return '';
}
