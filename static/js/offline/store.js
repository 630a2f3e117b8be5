// @ts-check
// What this browser keeps between visits: lists, receipts and the key that signs them, by name, in one IndexedDB store. Nothing of a card is kept
// but what its receipt says. A browser that refuses storage keeps it as long as the page is open. Nothing here waits for ever: some browsers never
// answer after they were put to sleep.

const DATABASE = 'locket';
const KEPT = 'kept';
const PATIENCE = 5000; // milliseconds that storage may take for one answer

/**
 * @typedef {object} Store
 * @property {boolean} remembers  whether it knows what was kept at the last visit
 * @property {(name: string) => Promise<any>} get  undefined when nothing is kept under the name
 * @property {(name: string, value: any) => Promise<void>} put
 * @property {(name: string) => Promise<void>} remove
 * @property {(prefix: string) => Promise<string[]>} names  in their order
 */

/**
 * @param {number} [patience] milliseconds
 * @returns {Promise<Store>}
 */
export async function openStore(patience = PATIENCE) {
  const opening = opened();
  try {
    return new Database(await answered(opening, patience), patience);
  } catch {
    opening.then((database) => database.close(), () => {}); // it comes too late
    return new Memory({ remembers: false });
  }
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @param {number} patience milliseconds
 * @returns {Promise<T>}
 */
function answered(answer, patience) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, patience, new Error('no answer'));
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(KEPT);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

/** @implements {Store} */
class Database {
  /**
   * @param {IDBDatabase} database
   * @param {number} patience milliseconds
   */
  constructor(database, patience) {
    this.database = database;
    this.patience = patience;
    this.remembers = true;
  }

  /**
   * A write is there when its transaction is complete, not when its request is.
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} act
   * @returns {Promise<any>}
   */
  run(mode, act) {
    const done = new Promise((resolve, reject) => {
      const transaction = this.database.transaction(KEPT, mode);
      const request = act(transaction.objectStore(KEPT));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    return answered(done, this.patience);
  }

  /** @param {string} name */
  get(name) {
    return this.run('readonly', (store) => store.get(name));
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  async put(name, value) {
    await this.run('readwrite', (store) => store.put(value, name));
  }

  /** @param {string} name */
  async remove(name) {
    await this.run('readwrite', (store) => store.delete(name));
  }

  /** @param {string} prefix */
  names(prefix) {
    return this.run('readonly', (store) => store.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`)));
  }
}

/** @implements {Store} */
export class Memory {
  /** @param {{remembers?: boolean}} [options]  false when something may be kept that cannot be read */
  constructor({ remembers = true } = {}) {
    this.remembers = remembers;
    /** @type {Map<string, any>} */
    this.values = new Map();
  }

  /** @param {string} name */
  async get(name) {
    return this.values.get(name);
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  async put(name, value) {
    this.values.set(name, value);
  }

  /** @param {string} name */
  async remove(name) {
    this.values.delete(name);
  }

  /** @param {string} prefix */
  async names(prefix) {
    return [...this.values.keys()].filter((name) => name.startsWith(prefix)).sort();
  }
}
