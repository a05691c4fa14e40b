// @ts-check
import { open } from '../../../dist/index.js';
import { Share, Signals } from '../support/signals.js';

/** @typedef {import('../../../dist/index.js').Database} Database */

/** @type {Database | undefined} */
let db;

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function connect({ runtime }) {
  db = await open(runtime, { timeout: 60_000 });
}

/**
 * Ways of adding one to the counter; each answers the value it wrote and how often it had to start
 * again.
 *
 * @type {Record<string, (db: Database) => () => { value: number, retries: number }>}
 */
const methods = {
  /** Read and write in one transaction that takes the write lock first. */
  immediate(db) {
    const read = db.prepare('select n from counter where id = 1').pluck();
    const write = db.prepare('update counter set n = ? where id = 1');
    const increment = db.transaction(() => {
      const value = Number(read.get()) + 1;
      write.run(value);
      return value;
    }).immediate;
    return () => ({ value: increment(), retries: 0 });
  },

  /** One statement in autocommit. */
  single(db) {
    const update = db.prepare('update counter set n = n + 1 where id = 1 returning n').pluck();
    return () => ({ value: Number(update.get()), retries: 0 });
  },

  /** Read first, upgrade afterwards, start again where another worker was faster. */
  deferred(db) {
    const read = db.prepare('select n from counter where id = 1').pluck();
    const write = db.prepare('update counter set n = ? where id = 1');
    const increment = db.transaction(() => {
      const value = Number(read.get()) + 1;
      write.run(value);
      return value;
    }).deferred;
    return () => {
      for (let retries = 0; ; retries++) {
        try {
          return { value: increment(), retries };
        } catch (error) {
          const code = /** @type {{ code?: unknown }} */ (error).code;
          if (code !== 'SQLITE_BUSY' && code !== 'SQLITE_BUSY_SNAPSHOT') throw error;
        }
      }
    };
  },
};

/**
 * Counts until the time is over and each worker has come to its floor; answers every value that it
 * wrote.
 *
 * @param {{ method: string, ms: number, floor: number, workers: number, signals: SharedArrayBuffer }} args
 */
export function increment({ method, ms, floor, workers, signals: buffer }) {
  if (db === undefined) throw new Error('this worker is not connected');
  const prepare = methods[method];
  if (prepare === undefined) throw new Error(`unknown method ${method}`);
  const next = prepare(db);
  const signals = new Signals(buffer);
  signals.add(0);
  signals.waitFor(0, workers);
  const share = new Share(signals, 1, workers, ms);
  /** @type {number[]} */
  const values = [];
  let retries = 0;
  while (share.goesOn(values.length >= floor)) {
    const step = next();
    values.push(step.value);
    retries += step.retries;
  }
  return { values: Int32Array.from(values), retries };
}

export function close() {
  db?.close();
}
