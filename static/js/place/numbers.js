// @ts-check
// Emergency numbers of the countries, as their own services make them known: first the one for an ambulance, then the general one where that is
// another. 112 serves the whole of the European Union (directive 2018/1972, article 109). A country of which we are not sure is not here.

/** @type {Record<string, string>} numbers by ISO 3166-1 code */
const NUMBERS = {
  AD: '112', AE: '998', AL: '127 112', AM: '103 112', AR: '107 911', AT: '144 112', AU: '000', AZ: '103 112', BA: '124 112', BD: '999', BE: '112',
  BG: '112', BH: '999', BN: '991', BR: '192', BT: '112', BW: '997', BY: '103 112', BZ: '911', CA: '911', CH: '144 112', CL: '131', CN: '120',
  CO: '123', CR: '911', CU: '104', CY: '112', CZ: '155 112', DE: '112', DK: '112', DO: '911', EC: '911', EE: '112', EG: '123', ES: '112',
  FI: '112', FJ: '911', FO: '112', FR: '15 112', GB: '999 112', GE: '112', GF: '15 112', GG: '999 112', GH: '193 112', GI: '112', GL: '112',
  GP: '15 112', GR: '166 112', HK: '999', HR: '112', HU: '104 112', ID: '119 112', IE: '112 999', IL: '101 112', IM: '999 112', IN: '112',
  IR: '115', IS: '112', IT: '112', JE: '999 112', JM: '110', JO: '911', JP: '119', KE: '999 112', KG: '103 112', KH: '119', KR: '119 112',
  KW: '112', KZ: '103 112', LB: '140 112', LI: '144 112', LK: '1990', LT: '112', LU: '112', LV: '113 112', MA: '15', MC: '112', MD: '112',
  ME: '124 112', MK: '194 112', MN: '103', MO: '999', MQ: '15 112', MT: '112', MU: '114', MV: '102', MX: '911', MY: '999', NC: '15', NG: '112',
  NL: '112', NO: '113 112', NP: '102', NZ: '111', OM: '9999', PA: '911', PE: '106', PF: '15', PH: '911', PK: '1122', PL: '112', PR: '911',
  PS: '101', PT: '112', PY: '911', QA: '999', RE: '15 112', RO: '112', RS: '194 112', RU: '103 112', RW: '912 112', SA: '997 911', SE: '112',
  SG: '995', SI: '112', SK: '155 112', SV: '132 911', TH: '1669', TJ: '103 112', TN: '190', TR: '112', TT: '811', TW: '119', TZ: '112',
  UA: '103 112', UG: '999 112', US: '911', UY: '911', UZ: '103 112', VE: '911', VN: '115', YT: '15 112', ZA: '10177 112', ZW: '994 999',
};

/** What every mobile phone takes for an emergency call, with any network and without a SIM card (3GPP TS 22.101, section 10.1.1). */
const EVERYWHERE = ['112', '911'];

/** @typedef {{ambulance: string, general: string}} Emergency  general is "" when one number serves for all */

/** The countries that are known here, by their codes. */
export const COUNTRIES = Object.keys(NUMBERS);

/**
 * @param {string} country ISO 3166-1, or "" when it is not known
 * @returns {Emergency}
 */
export function emergencyIn(country) {
  const [ambulance, general = ''] = COUNTRIES.includes(country) ? NUMBERS[country].split(' ') : EVERYWHERE;
  return { ambulance, general };
}
