// The software of a hospital: kill-the-clipboard in a process of its own (errands.mjs), which trusts the certificate of a house and fetches from it
// over TLS.

import { fork } from 'node:child_process';
import { join } from 'node:path';

export class Hospital {
  #child;
  #waiting = new Map();
  #count = 0;

  /**
   * @param {{ certificate: string, from: string, to: string }} way to a house: a certificate to trust besides those of Node, and the origin where
   *   what has another name in truth is found
   */
  static near({ certificate, from, to }) {
    const hospital = new Hospital();
    hospital.#child = fork(join(import.meta.dirname, 'errands.mjs'), [from, to],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate }, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    hospital.#child.on('message', ({ number, answer }) => {
      hospital.#waiting.get(number)(answer);
      hospital.#waiting.delete(number);
    });
    return hospital;
  }

  /**
   * Sends it on an errand.
   * @param {'verify' | 'open' | 'decrypt' | 'issue'} name see errands.mjs
   * @param {object} given
   * @param {{ at?: number }} [options] what the hospital's clock shows, in milliseconds since 1970
   * @returns {Promise<any>} `{ error: CODE }` when it failed
   */
  ask(name, given, { at } = {}) {
    const number = ++this.#count;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#child.send({ number, name, given, at });
    });
  }

  async close() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}
