// What `locket issue` writes for a carrier, as somebody finds it in a folder.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../harness/house.mjs';
import { directory } from '../harness/locket.mjs';

/** The files of a card. */
export class Issued {
  constructor(folder) {
    this.folder = folder;
  }

  get names() {
    return readdirSync(this.folder).sort();
  }

  path(name) {
    return join(this.folder, name);
  }

  bytes(name) {
    return readFileSync(this.path(name));
  }

  /** A file of one line, or of several as they stand. */
  text(name) {
    return this.bytes(name).toString('utf8').replace(/(?<!\r)\n$/, '');
  }

  json(name) {
    return JSON.parse(this.text(name));
  }

  get report() {
    return this.json('card.json');
  }
}

/**
 * Issues a card from a document, or one for each document of a folder.
 * @param {string} data the issuer's data directory
 * @param {string} carrier
 * @param {string} document path
 * @param {...string} flags
 */
export async function issue(data, carrier, document, ...flags) {
  const folder = join(directory(), carrier);
  await must(['issue', '--data', data, '--in', document, '--carrier', carrier, '--out', folder, ...flags]);
  return new Issued(folder);
}
