// @ts-check
// Pure questions about dates and dangers: how old is the person, is a statement stale, what must be seen first.

/** @typedef {import('./front.js').Item} Item */

const DAY = 86_400_000;

/** Days after which a statement is called old. Medicines change faster than people do. */
const STALE_DAYS = 365;
const STALE_MEDICINE_DAYS = 180;

// Medicines and conditions that change what is safe to do within the first minutes: bleeding, steroids, insulin, airway, anaesthesia.
const DANGEROUS = new Set([
  'med-warfarin', 'med-acenocoumarol', 'med-phenprocoumon', 'med-apixaban', 'med-rivaroxaban', 'med-edoxaban', 'med-dabigatran-etexilate',
  'med-heparin', 'med-enoxaparin', 'med-fondaparinux', 'med-clopidogrel', 'med-prasugrel', 'med-ticagrelor', 'med-insulin',
  'med-hydrocortisone', 'med-prednisolone', 'med-prednisone', 'med-fludrocortisone',
  'malignant-hyperthermia', 'pseudocholinesterase-deficiency', 'difficult-airway', 'addison-disease', 'adrenal-insufficiency',
  'congenital-adrenal-hyperplasia', 'hypopituitarism', 'haemophilia-a', 'haemophilia-b', 'von-willebrand-disease', 'bleeding-disorder',
  'long-qt-syndrome', 'brugada-syndrome', 'hereditary-angioedema', 'porphyria', 'g6pd-deficiency', 'autonomic-dysreflexia',
  'myasthenia-gravis', 'heparin-induced-thrombocytopenia',
]);

const DANGEROUS_REACTIONS = new Set([
  'reaction-anaphylaxis', 'reaction-anaphylactic-shock', 'reaction-angioedema', 'reaction-laryngeal-oedema', 'reaction-bronchospasm',
  'reaction-cardiac-arrest', 'reaction-stevens-johnson', 'reaction-toxic-epidermal-necrolysis', 'reaction-neuroleptic-malignant',
]);

// Wishes that matter, and not within the first minutes.
const QUIET_DIRECTIVES = new Set(['directive-organ-donor', 'directive-healthcare-proxy']);

/**
 * Whether an item belongs into the box that is read first: wishes and limits of treatment, allergies unless they are stated to be less than
 * severe, implants, and what stands in the tables above.
 * @param {Item} item
 */
export function isDangerous(item) {
  if (item.absent || ['inactive', 'resolved', 'stopped', 'not-taken', 'rejected', 'superseded'].includes(item.status ?? '')) return false;
  switch (item.section) {
    case 'directives':
      return !QUIET_DIRECTIVES.has(item.term ?? '');
    case 'devices':
      return true;
    case 'allergies':
      return isDangerousAllergy(item);
    default:
      return DANGEROUS.has(item.term ?? '');
  }
}

/** @param {Item} item */
function isDangerousAllergy(item) {
  if (item.criticality === 'high' || item.severity === 'severe') return true;
  if ((item.reactions ?? []).some((reaction) => DANGEROUS_REACTIONS.has(reaction.term ?? ''))) return true;
  return !item.severity && item.criticality !== 'low';
}

/**
 * Age in whole years, or in months below two years. Null when it is not known or makes no sense.
 * @param {string | undefined} birth yyyy, yyyy-mm or yyyy-mm-dd
 * @param {Date} today
 * @returns {{unit: 'year'|'month', count: number, about: boolean} | null}
 */
export function age(birth, today) {
  if (!birth) return null;
  const [year, month, day] = birth.split('-').map(Number);
  let months = (today.getFullYear() - year) * 12;
  if (month !== undefined) months += today.getMonth() + 1 - month;
  if (day !== undefined && today.getDate() < day) months -= 1;
  if (months < 0 || months > 130 * 12) return null;
  if (month !== undefined && months < 24) return { unit: 'month', count: months, about: false };
  return { unit: 'year', count: Math.floor(months / 12), about: month === undefined };
}

/**
 * Whether a statement was last confirmed so long ago that it has to be doubted. A day that has not come yet confirms nothing either.
 * @param {Item} item
 * @param {Date} today
 */
export function isStale(item, today) {
  if (!item.confirmed) return false;
  const [year, month, day] = item.confirmed.split('-').map(Number);
  const earliest = Date.UTC(year, (month ?? 1) - 1, day ?? 1);
  const latest = Date.UTC(year, (month ?? 12) - 1, day ?? 28);
  if (earliest > today.getTime() + DAY) return true; // a day's grace: it is tomorrow already somewhere
  const days = (today.getTime() - latest) / DAY;
  return days > (item.section === 'medications' ? STALE_MEDICINE_DAYS : STALE_DAYS);
}

/**
 * A telephone number as a link may carry it, or "" for words that are none: 3 to 15 digits (ITU-T E.164), and nothing that a phone would act on.
 * @param {string | undefined} phone
 */
export function dialable(phone) {
  if (!phone || !/^\+?[0-9(][0-9 ()./-]{1,24}$/.test(phone)) return '';
  const number = phone.replace(/[^+0-9]/g, '');
  return /^\+?[0-9]{3,15}$/.test(number) ? number : '';
}

/**
 * A text in parts, those that are international telephone numbers with the number to call. Digits without a "+" may be those of a policy.
 * @param {string} text
 * @returns {{words: string, number: string}[]}
 */
export function numbersIn(text) {
  const parts = text.split(/(\+[1-9][0-9 ()./-]{6,22}[0-9])/); // every second part is one
  return parts.map((words, i) => ({ words, number: i % 2 === 1 ? dialable(words) : '' })).filter(({ words }) => words !== '');
}
