// A house of its own for a test file: data directory, keys, a running server
// behind a wire, and cards issued from documents as a clinic would.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, directory, freePort, locket } from './locket.mjs';
import { Wire } from './wire.mjs';

/** A fictional person of ours as a FHIR document: "adult", "traveller-ja", "family-ar-daughter", ... */
export function fixture(name) {
  return join(import.meta.dirname, `../../emergencytest/fixtures/${name}.json`);
}

export class House {
  /**
   * Makes a data directory and serves it.
   * @param {{ mail?: import('./mail.mjs').Mail }} [options] mail: where it sends its notices
   */
  static async open({ mail } = {}) {
    const house = new House();
    house.mail = mail;
    house.dir = directory();
    house.data = join(house.dir, 'data');
    house.port = await freePort();
    house.wire = await Wire.to(house.port);
    house.base = `http://localhost:${house.wire.port}`;
    await must(['keys', 'init', '--data', house.data, '--url', house.base]);
    await house.serve();
    return house;
  }

  async serve() {
    this.program = await Program.start(
      ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--checkpoint-every', '200ms', ...(this.mail?.flags ?? [])], this.base);
  }

  /**
   * Issues a wallet card with the command line, beside the running server.
   * @param {string | object} document a path, or a bundle
   * @returns {Promise<{ url: string, folder: string, report: any }>}
   */
  async issue(document, data = this.data) {
    const folder = join(directory(), 'card');
    let path = document;
    if (typeof document !== 'string') {
      path = join(directory(), 'bundle.json');
      writeFileSync(path, JSON.stringify(document));
    }
    await must(['issue', '--data', data, '--in', path, '--carrier', 'wallet', '--out', folder]);
    return {
      url: readFileSync(join(folder, 'card.url'), 'utf8').trim(),
      report: JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8')),
      folder,
    };
  }

  /** A card of a house that nobody here knows, under the same address. */
  async foreignCard(document) {
    const data = join(this.dir, 'foreign');
    mkdirSync(this.dir, { recursive: true });
    await must(['keys', 'init', '--data', data, '--url', this.base]);
    return this.issue(document, data);
  }

  async close() {
    await this.program.stop();
    await this.wire.cut();
  }
}

/** Runs a command that has to succeed. */
export async function must(args, options) {
  const result = await locket(args, options);
  if (result.code !== 0) {
    throw new Error(`locket ${args.join(' ')} ended with ${result.code}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}

/** The bytes of a card's fragment. */
export function fragmentBytes(url) {
  const hex = BigInt(new URL(url).hash.slice(1)).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

/** The same address with other bytes in its fragment. */
export function withFragment(url, bytes) {
  const address = new URL(url);
  address.hash = BigInt(`0x${bytes.toString('hex')}`).toString();
  return address.href;
}

/** Everything that would give away the secret of a card, in each spelling it could travel in. */
export function secretsOf(url) {
  const bytes = fragmentBytes(url);
  const secret = bytes.subarray(1, 17);
  return {
    fragment: [new URL(url).hash.slice(1, 60), bytes.toString('base64url').slice(0, 60)],
    secret: [secret.toString('base64url'), secret.toString('hex'), secret.toString('base64').replace(/=+$/, ''), secret.toString('latin1')],
  };
}
