// What a Hospital does with kill-the-clipboard: each message is an errand, each answer what came of it, or the code of the error.

import { mock } from 'node:test';
import { Directory, JWSProcessor, SHCReader, SHL, SHLViewer, VerifiableCredentialProcessor, decryptSHLFile } from 'kill-the-clipboard';

// What a name server and port 443 would do.
const [from, to] = process.argv.slice(2);
const { fetch } = globalThis;
globalThis.fetch = (address, options) => fetch(String(address).replace(from, to), options);

const errands = {
  /** Verifies a SMART Health Card, a file or the digits of a code, by the keys and revocations that its issuer publishes. */
  async verify({ file, digits, issuer }) {
    const reader = new SHCReader({ issuerDirectory: await Directory.fromURLs([issuer]) });
    const card = await (file ? reader.fromFileContent(file) : reader.fromQRNumeric(digits));
    return { jws: card.asJWS(), bundle: card.getOriginalBundle() };
  },

  /** Opens a SMART Health Link, whatever is behind it. */
  async open({ link, passcode, recipient, embeddedLengthMax }) {
    const viewer = new SHLViewer({ shlinkURI: link });
    const { manifest, fhirResources } = await viewer.resolveSHL({ recipient, passcode, embeddedLengthMax });
    return { manifest, resources: fhirResources };
  },

  /** Opens a file that somebody brings along, with the key of its link. */
  async decrypt({ link, jwe }) {
    return decryptSHLFile({ jwe, key: SHL.parse(link).key });
  },

  /** Makes a SMART Health Card of the hospital's own. */
  async issue({ issuer, bundle, nbf, publicKey, privateKey }) {
    const credential = new VerifiableCredentialProcessor().create(bundle);
    return new JWSProcessor().sign({ iss: issuer, nbf, ...credential }, privateKey, publicKey);
  },
};

process.on('message', async ({ number, name, given, at }) => {
  if (at) mock.timers.enable({ apis: ['Date'], now: at });
  const answer = await errands[name](given).catch((error) => ({ error: error.code ?? String(error) }));
  if (at) mock.timers.reset();
  process.send({ number, answer });
});
