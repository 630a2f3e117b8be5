// @ts-check
// The public log, checked in the browser: commitments, leaf hashes, inclusion and consistency proofs (RFC 6962 section 2.1) and checkpoints
// (C2SP tlog-checkpoint, signed-note with Ed25519). Nothing here believes the server: all it takes are bytes and a verifier key.

const UTF8 = new TextEncoder();
const LABEL = 'locket-audit/v1\n'; // first 16 bytes of every entry
const COMMITMENT = 'locket-audit/commit/v1';
const ED25519 = 1; // algorithm byte of key ids and verifier keys
const MAX_NOTE = 64 << 10;
const MAX_PROOF = 64;

/**
 * Why a checkpoint does not hold. "unsupported" says nothing about it: this browser cannot check Ed25519 signatures.
 * @typedef {'key'|'checkpoint'|'signature'|'unsupported'} Reason
 */

/** @typedef {{origin: string, size: number, root: Uint8Array}} Tree a tree that a log has signed */

/**
 * @param {Reason} reason
 * @returns {{ok: false, reason: Reason}}
 */
function no(reason) {
  return { ok: false, reason };
}

// Entries

/**
 * The public entry of a payload: a label and a salted hash. Without the salt it says nothing about the payload.
 * @param {Uint8Array} salt 32 bytes
 * @param {Uint8Array} payload
 */
export async function commitment(salt, payload) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, payload.length);
  return concat(UTF8.encode(LABEL), await sha256(UTF8.encode(COMMITMENT), salt, length, payload));
}

/**
 * The leaf of a payload as it is written in JSON, null when the salt is none.
 * @param {string} salt     base64url
 * @param {string} payload  the exact text that was committed to
 */
export async function leafOf(salt, payload) {
  const bytes = fromBase64(salt, 'url');
  return bytes?.length === 32 ? leafHash(await commitment(bytes, UTF8.encode(payload))) : null;
}

/** @param {Uint8Array} entry */
export function leafHash(entry) {
  return sha256(Uint8Array.of(0), entry);
}

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
function nodeHash(left, right) {
  return sha256(Uint8Array.of(1), left, right);
}

// Proofs. The numbers may exceed 32 bits, so they are halved by division.

/**
 * Whether the leaf stands at the index of the tree with this size and root (RFC 9162 section 2.1.3.2).
 * @param {Uint8Array} leaf
 * @param {number} index
 * @param {number} size
 * @param {Uint8Array[]} hashes from the leaf's sibling upwards
 * @param {Uint8Array} root
 */
export async function verifyInclusion(leaf, index, size, hashes, root) {
  if (!isCount(index) || !isCount(size) || index >= size || hashes.length > MAX_PROOF) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = await nodeHash(sibling, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = await nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equal(hash, root);
}

/**
 * Whether the larger tree is the smaller one with entries added (RFC 9162 section 2.1.4.2).
 * @param {number} oldSize
 * @param {Uint8Array} oldRoot
 * @param {number} newSize
 * @param {Uint8Array} newRoot
 * @param {Uint8Array[]} hashes
 */
export async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, hashes) {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize || oldSize === 0 || hashes.length > MAX_PROOF) return false;
  if (oldSize === newSize) return hashes.length === 0 && equal(oldRoot, newRoot);
  let [at, last] = [oldSize - 1, newSize - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A smaller tree that is a full subtree of the larger one is itself the first hash, and is not sent.
  const path = at === 0 ? [oldRoot, ...hashes] : hashes;
  if (path.length === 0) return false;
  let [before, after] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      before = await nodeHash(sibling, before);
      after = await nodeHash(sibling, after);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      after = await nodeHash(after, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equal(before, oldRoot) && equal(after, newRoot);
}

// Checkpoints

/**
 * Reads a checkpoint and checks its signature by the key. Lines of other signers (witnesses) are passed over.
 * @param {string} note
 * @param {string} vkey
 * @returns {Promise<({ok: true} & Tree) | {ok: false, reason: Reason}>}
 */
export async function verifyCheckpoint(note, vkey) {
  const key = await parseVKey(vkey);
  if (key === null) return no('key');
  const checkpoint = parseCheckpoint(note);
  if (checkpoint === null || checkpoint.origin !== key.name) return no('checkpoint');
  for (const { name, bytes } of checkpoint.signatures) {
    if (name !== key.name || !equal(bytes.subarray(0, 4), key.id)) continue;
    const valid = await verifyEd25519(key.publicKey, bytes.subarray(4), UTF8.encode(checkpoint.text));
    if (valid === null) return no('unsupported');
    if (!valid) return no('signature');
    return { ok: true, origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root };
  }
  return no('signature');
}

/**
 * @param {string} note
 */
function parseCheckpoint(note) {
  if (note.length > MAX_NOTE) return null;
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return null;
  const text = note.slice(0, end + 1);
  const [origin, size, rootText, ...rest] = text.slice(0, -1).split('\n');
  const root = fromBase64(rootText ?? '', 'standard');
  if (!origin || rest.length > 0 || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? '') || root?.length !== 32) return null;
  const signatures = [];
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [dash, name, encoded, ...more] = line.split(' ');
    const bytes = fromBase64(encoded ?? '', 'standard');
    if (dash !== '\u2014' || !name || more.length > 0 || bytes === null || bytes.length < 5) return null;
    signatures.push({ name, bytes });
  }
  return { text, origin, size: Number(size), root, signatures };
}

/**
 * Reads a verifier key: <name>+<8 hex digits of its id>+<base64 of the algorithm byte and the key>.
 * @param {string} vkey
 * @returns {Promise<{name: string, id: Uint8Array, publicKey: Uint8Array<ArrayBuffer>} | null>}
 */
export async function parseVKey(vkey) {
  const match = /^([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(vkey);
  const key = match && fromBase64(match[3], 'standard');
  if (!match || !key || key.length !== 33 || key[0] !== ED25519) return null;
  const id = (await sha256(UTF8.encode(`${match[1]}\n`), key)).subarray(0, 4);
  return toHex(id) === match[2] ? { name: match[1], id, publicKey: key.slice(1) } : null;
}

/**
 * Whether the key has signed these bytes.
 * @param {string} vkey
 * @param {Uint8Array<ArrayBuffer>} message
 * @param {Uint8Array<ArrayBuffer>} signature
 * @returns {Promise<boolean | null>} null where the browser knows no Ed25519
 */
export async function verifySignature(vkey, message, signature) {
  const key = await parseVKey(vkey);
  return key !== null && verifyEd25519(key.publicKey, signature, message);
}

/**
 * @param {Uint8Array<ArrayBuffer>} publicKey
 * @param {Uint8Array<ArrayBuffer>} signature
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {Promise<boolean | null>} null where the browser knows no Ed25519
 */
async function verifyEd25519(publicKey, signature, message) {
  let key;
  try {
    key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return null;
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message);
}

// Bytes

/** @param {...Uint8Array} parts */
export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

/** @param {...Uint8Array} parts */
function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function equal(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** @param {Uint8Array} bytes */
function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Decodes the one spelling that bytes have in base64 (RFC 4648): padded in the standard alphabet, unpadded in that for URLs.
 * @param {string} text
 * @param {'standard'|'url'} alphabet
 * @returns {Uint8Array<ArrayBuffer> | null}
 */
export function fromBase64(text, alphabet) {
  const standard = alphabet === 'standard' ? text : text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4);
  try {
    const binary = atob(standard);
    if (btoa(binary) !== standard || (alphabet === 'url' && /[+/=]/.test(text))) return null;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/**
 * @param {string[]} texts hashes in standard base64
 * @returns {Uint8Array[] | null}
 */
export function hashesOf(texts) {
  const hashes = [];
  for (const text of texts) {
    const hash = fromBase64(text, 'standard');
    if (hash?.length !== 32) return null;
    hashes.push(hash);
  }
  return hashes;
}

/** @param {number} n */
function isCount(n) {
  return Number.isSafeInteger(n) && n >= 0;
}

/** @param {number} n */
function isOdd(n) {
  return n % 2 === 1;
}

/** @param {number} n */
function half(n) {
  return Math.floor(n / 2);
}
