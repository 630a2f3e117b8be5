// @ts-check
// Passkeys: the two halves of a ceremony, and what is said while it runs. Nothing here knows what a ceremony is for.

/**
 * @typedef {object} Begun
 * @property {string} ceremony
 * @property {any} publicKey
 */

/** An answer of the server that is a problem (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    super(body?.title ?? String(status));
    this.status = status;
    this.code = body?.code ?? '';
    this.detail = body?.detail ?? '';
  }
}

/**
 * Posts JSON to this server and returns its answer.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    cache: 'no-store',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

/** Whether this browser can use passkeys at all. */
export function supported() {
  return typeof PublicKeyCredential === 'function' && Boolean(navigator.credentials);
}

/** Whether this browser can offer passkeys inside the field of a form. */
export async function offersInForms() {
  return supported() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
}

/**
 * Makes a passkey.
 * @param {Begun} begun
 */
export async function create(begun) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(begun.publicKey) ?? creationOptions(begun.publicKey);
  return answer(begun, await navigator.credentials.create({ publicKey }));
}

/**
 * Asks for a passkey.
 * @param {Begun} begun
 * @param {{mediation?: CredentialMediationRequirement, signal?: AbortSignal}} [how]
 */
export async function get(begun, how = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(begun.publicKey) ?? requestOptions(begun.publicKey);
  return answer(begun, await navigator.credentials.get({ publicKey, ...how }));
}

/**
 * The second half of a ceremony as the server reads it.
 * @param {Begun} begun
 * @param {Credential | null} credential
 */
function answer(begun, credential) {
  return { ceremony: begun.ceremony, credential: serialise(/** @type {PublicKeyCredential} */ (credential)) };
}

/**
 * A credential as JSON. What the PRF extension computed is key material: it never leaves the device.
 * @param {PublicKeyCredential} credential
 */
export function serialise(credential) {
  let json;
  try {
    json = /** @type {any} */ (credential).toJSON();
  } catch { // not there, or broken by an extension's output
    json = byHand(credential);
  }
  const results = json.clientExtensionResults ?? {};
  if (results.prf) delete results.prf.results;
  return json;
}

/** @param {PublicKeyCredential} credential */
function byHand(credential) {
  const response = /** @type {any} */ (credential.response);
  /** @type {Record<string, any>} */
  const out = { clientDataJSON: toBase64url(response.clientDataJSON) };
  for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) out[name] = toBase64url(response[name]);
  }
  if (response.getTransports) out.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: out,
  };
}

/** @param {any} options */
function creationOptions(options) {
  return {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
    extensions: { credProps: true },
  };
}

/** @param {any} options */
function requestOptions(options) {
  return {
    ...options,
    challenge: fromBase64url(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(descriptor),
    extensions: {},
  };
}

/** @param {any} credential */
function descriptor(credential) {
  return { ...credential, id: fromBase64url(credential.id) };
}

/** @param {ArrayBuffer} buffer */
export function toBase64url(buffer) {
  let binary = '';
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} text */
export function fromBase64url(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
