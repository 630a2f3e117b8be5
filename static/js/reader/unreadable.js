// @ts-check

/**
 * Bytes that are not what they should be. The code says what to tell the person ("damaged", or "newer" for a format that this reader does not
 * know); the message is for whoever reads a test's output.
 */
export class Unreadable extends Error {
  /**
   * @param {'damaged'|'newer'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'Unreadable';
    this.code = code;
  }
}
