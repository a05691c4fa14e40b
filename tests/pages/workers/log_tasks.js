// @ts-check
// Readers that are never out of the log together, and a writer that fills it.
import { diagnostics } from '../../../dist/index.js';
import { describeError } from '../support/report.js';
import { Signals } from '../support/signals.js';
import { connection } from './database_tasks.js';

/** @typedef {import('../../../dist/index.js').Runtime} Runtime */

/**
 * Reads until signal 0 is given. Signal 1 + n counts how often reader n has begun: each ends its
 * transaction only after the next one has begun another.
 *
 * @param {{ reader: number, readers: number, signals: SharedArrayBuffer }} args
 */
export function overlap({ reader, readers, signals: buffer }) {
  const db = connection();
  const signals = new Signals(buffer);
  const next = 1 + ((reader + 1) % readers);
  const count = db.prepare('select count(*), max(id) from t').raw();
  let states = 0;
  let last = -1;
  while (signals.value(0) === 0) {
    const begun = signals.value(next);
    db.exec('begin');
    const [rows, max] = /** @type {[number, number]} */ (count.get());
    if (rows !== max || rows < last) throw new Error(`${rows} rows up to ${max}, ${last} before`);
    if (rows > last) states += 1;
    last = rows;
    signals.add(1 + reader);
    while (signals.value(next) === begun && signals.value(0) === 0) {
      Atomics.wait(signals.words, next, begun, 10);
    }
    db.exec('commit');
  }
  return states;
}

/**
 * Inserts a row of 9000 bytes per commit: `commits` times, or until the log has `upTo` bytes, or
 * until it is refused.
 *
 * @param {{ runtime: Runtime, commits?: number, upTo?: number }} args
 */
export function fill({ runtime, commits = 100_000, upTo = Infinity }) {
  const insert = connection().prepare('insert into t (x) values (randomblob(9000))');
  const result = { commits: 0, longest: 0, largest: 0, error: /** @type {any} */ (undefined) };
  while (result.commits < commits && result.largest < upTo && result.error === undefined) {
    const start = performance.now();
    try {
      insert.run();
      result.commits += 1;
    } catch (error) {
      result.error = describeError(error);
    }
    result.longest = Math.max(result.longest, performance.now() - start);
    result.largest = Math.max(result.largest, diagnostics(runtime).writeAhead.bytes);
  }
  return result;
}
