// A wire between browser and program that keeps every byte the browser sends:
// what is not in here was not sent by the page, by its service worker, or in a
// header that developer tools do not show.

import { connect, createServer } from 'node:net';

export class Wire {
  #server;
  #sockets = new Set();
  #sent = [];

  /** Listens on a free loopback port and passes everything on to `port`. */
  static async to(port) {
    const wire = new Wire();
    wire.#server = createServer((client) => wire.#join(client, connect(port, '127.0.0.1')));
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    wire.port = wire.#server.address().port;
    return wire;
  }

  #join(client, program) {
    for (const socket of [client, program]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.on('data', (chunk) => this.#sent.push(chunk));
    client.pipe(program);
    program.pipe(client);
    client.on('close', () => program.destroy());
    program.on('close', () => client.destroy());
  }

  /** Everything sent so far, as Latin-1 so that no byte is lost. */
  get sent() {
    return Buffer.concat(this.#sent).toString('latin1');
  }

  /** Forgets what was sent so far. */
  clear() {
    this.#sent = [];
  }

  async cut() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
