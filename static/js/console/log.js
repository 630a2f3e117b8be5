// @ts-check
// Who looked: the browser itself checks that each entry on the page stands in the published log. What the server says about its own log is worth
// less than that.

import { verifyEntry } from '../log/tlog.js';

const log = document.querySelector('[data-log]');
const summary = document.querySelector('[data-log-status]');

if (log instanceof HTMLElement) await check(log);

/** @param {HTMLElement} log */
async function check(log) {
  const words = log.dataset;
  let answer;
  try {
    const response = await fetch(words.log ?? '', { cache: 'no-store', headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(String(response.status));
    answer = await response.json();
  } catch {
    return tell(words.unable ?? '', 'unable');
  }
  const entries = new Map(answer.entries.map((/** @type {any} */ entry) => [String(entry.seq), entry]));
  let proven = 0;
  let failed = 0;
  for (const item of log.querySelectorAll('[data-seq]')) {
    const entry = entries.get(/** @type {HTMLElement} */ (item).dataset.seq ?? '');
    const state = await stateOf(answer, entry);
    if (state === 'proven') proven += 1;
    if (state === 'failed') failed += 1;
    const proof = item.querySelector('[data-proof]');
    if (proof) proof.textContent = words[state] ?? '';
    item.classList.add(`proof-${state}`);
  }
  if (failed > 0) tell((words.alarm ?? '').replace('{count}', String(failed)), 'failed');
  else if (proven > 0) tell((words.all ?? '').replace('{count}', String(proven)), 'proven');
}

/**
 * @param {{vkey: string, checkpoint: string}} answer
 * @param {any} entry
 * @returns {Promise<'proven'|'waiting'|'failed'|'unable'>}
 */
async function stateOf(answer, entry) {
  if (!entry) return 'failed'; // the page shows what the log does not hold
  if (!entry.proof) return 'waiting';
  if (entry.salt === null) return 'unable'; // erased: its leaf stands, its words are gone
  const { vkey, checkpoint } = answer;
  const { index, salt, payload, proof } = entry;
  const result = await verifyEntry({ vkey, checkpoint, index, salt, payload, proof });
  if (result.ok) return 'proven';
  return result.reason === 'unsupported' ? 'unable' : 'failed';
}

/**
 * @param {string} text
 * @param {string} tone
 */
function tell(text, tone) {
  if (!summary) return;
  summary.textContent = text;
  summary.classList.add(`proof-${tone}`);
}
