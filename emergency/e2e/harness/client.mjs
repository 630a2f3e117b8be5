// Somebody with an account and no browser: the forms and the API of the program
// over HTTP, with passkeys made in software, for stories in which no page is
// looked at.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { basename } from 'node:path';
import { readFileSync } from 'node:fs';
import { Encoder } from 'cbor-x';

const cbor = new Encoder({ mapsAsObjects: false, useRecords: false, tagUint8Array: false });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

export class Client {
  #cookies = new Map();
  #keys = [];

  constructor(base) {
    this.base = base;
  }

  /** @returns {Promise<Response>} redirects are left to the caller */
  async ask(path, options = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(path, this.base), { redirect: 'manual', ...options,
      headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }), ...options.headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#cookies.set(name, value);
    }
    return answer;
  }

  async page(path) {
    const answer = await this.ask(path);
    assert.equal(answer.status, 200, `GET ${path}`);
    return answer.text();
  }

  /** Sends a form: fields by name, or a FormData with a file. */
  async form(path, fields) {
    const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
    const answer = await this.ask(path, { method: 'POST', body });
    assert.ok(answer.status < 400, `POST ${path}: ${answer.status}`);
    return answer;
  }

  /** Asks the API. A status that is not expected fails. */
  async post(path, body, status = 200) {
    const answer = await this.ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', accept: 'application/json' } });
    assert.equal(answer.status, status, `POST ${path}`);
    return answer.json();
  }

  async signUp(name) {
    const { ceremony, publicKey } = await this.post('/v1/signup/begin', { name });
    await this.post('/v1/signup/finish', { ceremony, credential: this.#create(publicKey), label: '' });
    return this;
  }

  async approve(act) {
    const { ceremony, publicKey } = await this.post('/v1/approve/begin', act);
    return this.post('/v1/approve/finish', { ceremony, credential: this.#get(publicKey), label: '' });
  }

  /** Takes an invitation up; returns where it leads to, and a contact's code. */
  accept(link, more = {}) {
    return this.post('/v1/invite/accept', { token: secretOf(link), ...more });
  }

  /** Makes a person with the record of a document; remembers their address. */
  async addPerson(name, document) {
    const made = await this.form('/patients/new', { name });
    this.person = made.headers.get('location');
    this.patient = this.person.split('/').pop();
    const file = new FormData();
    file.set('file', new Blob([readFileSync(document)], { type: 'application/json' }), basename(document));
    const preview = await this.form(`${this.person}/import`, file);
    await this.form(`${this.person}/import/confirm`, hidden(await preview.text(), '/import/confirm'));
  }

  /** Issues a wallet card; returns its id and secret, as a responder's page has them. Whoever has no recovery code yet makes one. */
  async issueCard() {
    await this.form('/account/recovery', {});
    const preview = await this.form(`${this.person}/cards/preview`, { carrier: 'wallet' });
    const issued = await this.form(`${this.person}/cards`, hidden(await preview.text(), '/cards'));
    const page = await this.page(issued.headers.get('location'));
    const address = new URL(unescaped(/href="([^"]*\/c\/[^"]*#[^"]*)"/.exec(page)[1]));
    const hex = BigInt(address.hash.slice(1)).toString(16);
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
    return { id: address.pathname.split('/').pop(), secret: bytes.subarray(1, 17).toString('base64url') };
  }

  /** Approves a preset of rules, changed as the second argument does. */
  async choose(preset, change = () => {}) {
    const [, form] = /<form[^>]*(data-approve="[^>]*)>/.exec(await this.page(`${this.person}/simulate?preset=${preset}`));
    const said = Object.fromEntries([...form.matchAll(/data-(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value)]));
    const policy = JSON.parse(said.body);
    change(policy);
    await this.approve({ kind: said.approve, target: said.target, body: policy, base: Number(said.base) });
  }

  /** Names somebody as a contact, who confirms by a code. Returns what proves to be them. */
  async nameContact(name) {
    const made = await this.form(`${this.person}/contacts/new`, { name, lang: 'en' });
    const { location, code } = await new Client(this.base).accept(linkIn(await made.text()), { proof: 'code' });
    return { token: secretOf(location), code };
  }

  #create({ rp, user, challenge }) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { id: randomBytes(32), rpId: rp.id, handle: user.id, privateKey, count: 0 };
    this.#keys.push(key);
    const { x, y } = publicKey.export({ format: 'jwk' });
    const cose = cbor.encode(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(key.id.length);
    const authData = Buffer.concat([this.#data(key, 0x45), Buffer.alloc(16), length, key.id, cose]);
    const attestationObject = cbor.encode(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData]]));
    return credential(key, { clientDataJSON: this.#client('webauthn.create', challenge).toString('base64url'),
      attestationObject: Buffer.from(attestationObject).toString('base64url'), transports: ['internal'] });
  }

  #get({ rpId, challenge, allowCredentials = [] }) {
    const key = this.#keys.findLast(({ id, rpId: own }) => own === rpId && (!allowCredentials.length || allowCredentials.some((allowed) => allowed.id === id.toString('base64url'))));
    key.count += 1;
    const client = this.#client('webauthn.get', challenge);
    const data = this.#data(key, 0x05);
    return credential(key, { clientDataJSON: client.toString('base64url'), authenticatorData: data.toString('base64url'),
      signature: sign('sha256', Buffer.concat([data, sha256(client)]), key.privateKey).toString('base64url'), userHandle: key.handle });
  }

  #client(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.base, crossOrigin: false }));
  }

  #data({ rpId, count }, flags) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter]);
  }
}

function credential({ id }, response) {
  const name = id.toString('base64url');
  return { id: name, rawId: name, type: 'public-key', authenticatorAttachment: 'platform', response, clientExtensionResults: {} };
}

const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&#34;': '"', '&#39;': "'", '&#43;': '+' };

/** What an attribute of a page says. */
export function unescaped(text) {
  return text.replace(/&(?:amp|lt|gt|#34|#39|#43);/g, (entity) => entities[entity]);
}

/** The link of an invitation in a page. */
export function linkIn(page) {
  return unescaped(/https?:\/\/[^"<\s]*\/(?:invite|event)#[\w-]+/.exec(page)[0]);
}

/** What stands behind the # of a link. */
export function secretOf(link) {
  return link.slice(link.indexOf('#') + 1);
}

/** The hidden fields of the form whose address ends so. */
function hidden(page, action) {
  const [, form] = page.match(new RegExp(`<form[^>]*action="[^"]*${action}"[^>]*>([\\s\\S]*?)</form>`)) ?? assert.fail(`there is no form ${action}`);
  return [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value)]);
}
