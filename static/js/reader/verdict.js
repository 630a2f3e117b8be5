// @ts-check
// What may be said of a card, from everything that was found out about it. "Verified" takes all of it: signature, issuer, id and time.

/**
 * @typedef {object} Findings
 * @property {string} [problem]       code of Unreadable, when the address is no card; "code_..." of shortcode.js, when its code led to none
 * @property {boolean} [finding]      the card of a short code is being asked for
 * @property {{status: string, reason: string} | null} [checked]  what cose.js says; null while nothing was checked
 * @property {boolean} [noKeys]       there are no keys to check with
 * @property {import('./status.js').Online['status']} [online]
 * @property {boolean} [withdrawn]    it stands in its issuer's list of withdrawn cards
 * @property {boolean} [asking]       the lists on this device have not said yet whether it does
 */

/**
 * @typedef {object} Verdict
 * @property {string} state  "reader.state.<state>.title" and ".text" are what it says
 * @property {'good'|'caution'|'bad'|'busy'} tone
 * @property {'all'|'on_request'|'nothing'} shows  whether the content is shown at once, after a button, or is not there
 * @property {boolean} trusted  whether the content is what the issuer signed, as far as can be known here
 */

const TRUSTED = ['verified', 'expired', 'not_yet_valid', 'revoked'];

/** @type {Record<string, [Verdict['tone'], Verdict['shows']]>} */
const STATES = {
  verified: ['good', 'all'],
  expired: ['caution', 'all'],
  not_yet_valid: ['caution', 'all'],
  unknown_issuer: ['caution', 'all'],
  no_keys: ['caution', 'all'],
  revoked: ['bad', 'all'],
  key_revoked: ['bad', 'all'],
  key_retired: ['caution', 'all'],
  tampered: ['bad', 'on_request'],
  checking: ['busy', 'nothing'],
  damaged: ['bad', 'nothing'],
  newer: ['caution', 'nothing'],
  no_front: ['caution', 'nothing'],
  finding: ['busy', 'nothing'],
  code_wrong: ['bad', 'nothing'],
  code_slow: ['caution', 'nothing'],
  code_offline: ['caution', 'nothing'],
  code_failed: ['caution', 'nothing'],
};

/**
 * @param {Findings} findings
 * @returns {Verdict}
 */
export function judge(findings) {
  const state = stateOf(findings);
  const [tone, shows] = STATES[state];
  // While the lists are asked the signature is known to be good: what was signed is shown, and the verdict waits.
  const signed = state === 'checking' && Boolean(findings.checked);
  return { state, tone, shows: signed ? 'all' : shows, trusted: signed || TRUSTED.includes(state) };
}

/** @param {Findings} findings */
function stateOf({ problem, finding, checked, noKeys, online, withdrawn, asking }) {
  if (finding) return 'finding';
  if (problem === 'no_front') return 'no_front';
  if (problem === 'newer_format') return 'newer';
  if (problem) return problem.startsWith('code_') ? problem : 'damaged';
  if (!checked) return noKeys ? 'no_keys' : 'checking';
  if (checked.reason === 'key_compromised') return 'key_revoked'; // anybody who has that key can have made it
  if (checked.reason === 'key_retired') return 'key_retired';
  // Only a card that its issuer really signed can be revoked by that issuer.
  const signed = checked.status !== 'tampered' && checked.status !== 'unknown_issuer';
  if (signed && (online === 'revoked' || withdrawn)) return 'revoked';
  if (signed && asking) return 'checking';
  return checked.status;
}
