// @ts-check
// A worker of which nothing is heard for a while, and that goes on as if nothing had been.
import { describeError } from '../support/report.js';
import { Signals } from '../support/signals.js';
import { connection } from './database_tasks.js';

/** Words of the signals: whether the worker sleeps, and whether it is to wake up. */
const ASLEEP = 0;
const AWAKE = 1;

/**
 * @typedef {import('../support/report.js').DescribedError} DescribedError
 * @typedef {{ sql: string, error?: DescribedError }} Outcome
 */

/**
 * Runs `before`, is deaf and dumb until it is woken, then tries each statement of `after`, and last to
 * close the connection.
 *
 * @param {{ before: string, after: string[], signals: SharedArrayBuffer }} args
 * @returns {Outcome[]}
 */
export function sleepAndGoOn({ before, after, signals: buffer }) {
  const db = connection();
  db.exec(before);
  sleep(buffer);
  const outcomes = after.map((sql) => outcome(sql, () => db.exec(sql)));
  outcomes.push(outcome('inTransaction', () => db.inTransaction));
  outcomes.push(outcome('close', () => db.close()));
  return outcomes;
}

/**
 * The same in the middle of reading a result.
 *
 * @param {{ sql: string, signals: SharedArrayBuffer }} args
 * @returns {{ before: number, after: number, error?: DescribedError }}
 */
export function sleepInResult({ sql, signals: buffer }) {
  const rows = connection().prepare(sql).raw().iterate();
  let [before, after] = [0, 0];
  for (; before < 10; before++) rows.next();
  sleep(buffer);
  try {
    for (const _ of rows) after++;
  } catch (error) {
    return { before, after, error: describeError(error) };
  }
  return { before, after };
}

/** @param {SharedArrayBuffer} buffer */
function sleep(buffer) {
  const signals = new Signals(buffer);
  signals.add(ASLEEP);
  signals.waitFor(AWAKE, 1);
}

/**
 * @param {string} sql
 * @param {() => unknown} run
 * @returns {Outcome}
 */
function outcome(sql, run) {
  try {
    run();
    return { sql };
  } catch (error) {
    return { sql, error: describeError(error) };
  }
}
