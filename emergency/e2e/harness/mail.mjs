// A mail server of the loopback interface that keeps what it is given, so that a
// test reads the mails that people would get.

import { SMTPServer } from 'smtp-server';

export class Mail {
  #server;
  #kept = [];
  #waiting = new Set();

  /** Listens on a free port. */
  static async start() {
    const mail = new Mail();
    mail.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      onData(stream, session, done) {
        const chunks = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', () => {
          mail.#keep(session.envelope.rcptTo.map(({ address }) => address), Buffer.concat(chunks).toString('latin1'));
          done();
        });
      },
    });
    mail.#server.on('error', () => {}); // a program that is stopped may hang up
    await new Promise((resolve) => mail.#server.listen(0, '127.0.0.1', resolve));
    mail.port = mail.#server.server.address().port;
    return mail;
  }

  /** What `locket serve` has to be told to send its mails here. */
  get flags() {
    return ['--smtp-host', '127.0.0.1', '--smtp-port', `${this.port}`, '--smtp-tls', 'none', '--smtp-from', 'locket@locket.example'];
  }

  #keep(to, raw) {
    const message = { to, ...parse(raw), taken: false };
    this.#kept.push(message);
    for (const look of this.#waiting) look();
  }

  /** Every mail so far, oldest first: `{ to, headers, subject, text, link }`. `to` is a list, `link` the address in its last line. */
  messages() {
    return [...this.#kept];
  }

  /**
   * The next mail to an address that no call has returned yet; one that was sent
   * already is returned at once.
   * @param {string} to
   * @param {(message: { subject: string, text: string, link: string }) => boolean} [wanted] the next one of these
   */
  async waitFor(to, wanted = () => true, patience = 15_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#kept.find((message) => !message.taken && message.to.includes(to) && wanted(message));
        if (!found) return;
        found.taken = true;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const had = this.#kept.map((message) => `${message.to}: ${message.subject}`).join('\n  ');
        reject(new Error(`no such mail to ${to} within ${patience} ms; there were:\n  ${had}`));
      }, patience);
      this.#waiting.add(look);
      look();
    });
  }

  async stop() {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A mail of one plain text. */
function parse(raw) {
  const end = raw.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const text = decode(headers['content-transfer-encoding'], raw.slice(end + 4)).toString('utf8').replaceAll('\r\n', '\n').trimEnd();
  return { headers, subject: words(headers.subject ?? ''), text, link: text.slice(text.lastIndexOf('\n') + 1) };
}

/** The bytes of a body (RFC 2045, section 6). */
function decode(encoding = '', body) {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64');
    case 'quoted-printable':
      return Buffer.from(unquote(body.replace(/=\r\n/g, '')), 'latin1');
    default:
      return Buffer.from(body, 'latin1');
  }
}

const unquote = (text) => text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** A header's encoded words (RFC 2047). */
function words(header) {
  return header.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, said) =>
    (kind.toLowerCase() === 'b' ? Buffer.from(said, 'base64') : Buffer.from(unquote(said.replaceAll('_', ' ')), 'latin1')).toString('latin1'))
    .replace(/[\x80-\xff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
}
