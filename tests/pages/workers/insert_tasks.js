// @ts-check
import { open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';
import { Signals } from '../support/signals.js';

/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('this worker is not connected');
  return db;
}

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function connect({ runtime }) {
  db = await open(runtime);
  return db.pragma('journal_mode', { simple: true });
}

/**
 * Inserts single rows in autocommit until the time is over, without ever yielding to the event loop.
 * A row counts as acknowledged when `run` has returned.
 *
 * @param {{ worker: number, ms: number, signals: SharedArrayBuffer, workers: number }} args
 */
export function insertRows({ worker, ms, signals: buffer, workers }) {
  const signals = new Signals(buffer);
  const insert = opened().prepare('insert into acknowledged (worker, n, noise) values (?, ?, ?)');
  signals.add(0);
  signals.waitFor(0, workers);
  const start = performance.now();
  let acknowledged = 0;
  /** @type {import('../support/report.js').DescribedError[]} */
  const errors = [];
  while (performance.now() - start < ms) {
    try {
      insert.run(worker, acknowledged, (acknowledged * 2654435761) % 4294967296);
      acknowledged += 1;
    } catch (error) {
      errors.push(describeError(error));
      if (errors.length > 20) break;
    }
  }
  return { acknowledged, errors, ms: performance.now() - start };
}

/** What this connection sees of each worker's rows. */
export function countRows() {
  return opened()
    .prepare(
      `select worker, count(*), count(distinct n), min(n), max(n),
              sum(noise <> (n * 2654435761) % 4294967296)
         from acknowledged group by worker order by worker`,
    )
    .raw()
    .all();
}

export function checkIntegrity() {
  return opened().pragma('integrity_check', { simple: true });
}

export function close() {
  opened().close();
}
