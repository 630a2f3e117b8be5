// @ts-check
// The text of a stream of events, taken apart (WHATWG HTML section 9.2.6). Only data is of interest: what there is to tell is one kind of thing a stream.

const MOST = 256 << 10; // characters of one event: whoever sends more is not our server

export class Events {
  constructor() {
    this.rest = ''; // of a line that has not ended
    this.data = /** @type {string[]} */ ([]);
    this.size = 0;
  }

  /**
   * @param {string} text the next piece, cut anywhere
   * @returns {string[]} the data of the events that end in it
   * @throws {RangeError} for an event that does not end
   */
  push(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    const whole = [];
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) whole.push(this.data.join('\n'));
        this.data = [];
        this.size = 0;
      } else if (line.startsWith('data:')) {
        this.data.push(line.slice(line[5] === ' ' ? 6 : 5));
        this.size += line.length;
      }
    }
    if (this.size + this.rest.length > MOST) throw new RangeError('an event without an end');
    return whole;
  }
}
