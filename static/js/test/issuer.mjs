// An issuer of our own making for the tests of lists: a key pair, and what it signs.

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

export class Issuer {
  static async make(iss) {
    const issuer = new Issuer();
    const { privateKey, publicKey } = await crypto.subtle.generateKey(ES256, true, ['sign', 'verify']);
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
    const thumbprint = await crypto.subtle.digest('SHA-256', Buffer.from(JSON.stringify({ crv, kty, x, y })));
    return Object.assign(issuer, { privateKey, iss, key: { kty, use: 'sig', alg: 'ES256', crv, kid: base64url(thumbprint), x, y, iss } });
  }

  /**
   * A compact JWS. Header and payload may be given as text, to write what JSON.stringify would not.
   * @param {string} typ
   * @param {object | string} payload
   * @param {object | string} [header]
   */
  async sign(typ, payload, header = { alg: 'ES256', kid: this.key.kid, typ }) {
    const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
    const signed = `${base64url(text(header))}.${base64url(text(payload))}`;
    return `${signed}.${base64url(await crypto.subtle.sign(ES256, this.privateKey, Buffer.from(signed)))}`;
  }
}
