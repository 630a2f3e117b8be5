// @ts-check

/**
 * Bytes that are not what they should be. The code is the one of the published vectors ("newer_format" is a format that this reader does not yet
 * know); the message is for whoever reads a test's output.
 */
export class Unreadable extends Error {
  /**
   * @param {'malformed'|'too_long'|'newer_format'|'mismatch'|'no_front'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'Unreadable';
    this.code = code;
  }
}
