// A house behind TLS on the loopback interface, as hospital software wants it: a certificate of its own making, and a proxy that ends TLS. It has a
// name as houses have; whoever goes there is sent to the loopback interface instead.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { House, must } from '../harness/house.mjs';
import { Program, directory, freePort } from '../harness/locket.mjs';

const run = promisify(execFile);

/** Makes a key and a certificate for localhost, good for a day; returns their paths. */
async function selfSigned() {
  const folder = directory();
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate]);
  return { key, certificate };
}

export class SecureHouse extends House {
  static async open() {
    const house = new SecureHouse();
    house.dir = directory();
    house.data = join(house.dir, 'data');
    house.port = await freePort();
    const { key, certificate } = await selfSigned();
    await house.#endTLS(readFileSync(key), readFileSync(certificate));
    house.base = 'https://card.locket.example';
    /** What somebody needs to reach it: a certificate to trust, and where the house stands in truth. */
    house.way = { certificate, from: house.base, to: `https://localhost:${house.proxy.address().port}` };
    await must(['keys', 'init', '--data', house.data, '--url', house.base]);
    await house.serve();
    return house;
  }

  #sockets = new Set();

  async #endTLS(key, cert) {
    this.proxy = createServer({ key, cert }, (client) => {
      const program = connect(this.port, '127.0.0.1');
      for (const [from, to] of [[client, program], [program, client]]) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    await new Promise((resolve) => this.proxy.listen(0, '127.0.0.1', resolve));
  }

  async serve() {
    this.program = await Program.start(
      ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--checkpoint-every', '200ms'], `http://127.0.0.1:${this.port}`);
  }

  async close() {
    await this.program.stop();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.proxy.close(resolve));
  }
}
