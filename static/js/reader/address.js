// @ts-check

/**
 * The parts of an address, null for a text that is none. (URL.canParse is younger than many phones.)
 * @param {unknown} text
 */
export function parseAddress(text) {
  try {
    return typeof text === 'string' ? new URL(text) : null;
  } catch {
    return null;
  }
}
