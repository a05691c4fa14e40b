// @ts-check
// What workers do to a database without ever pausing.
import { describeError } from '../support/report.js';
import { Signals } from '../support/signals.js';
import { connection } from './database_tasks.js';

/** Words of the signals: workers that are ready, and whether to stop. */
const READY = 0;
const STOP = 1;

/**
 * @typedef {import('../support/report.js').DescribedError} DescribedError
 * @typedef {{ commits: number, longestMs: number, errors: DescribedError[] }} Share
 * @typedef {{ reads: number, falls: number, longestMs: number, errors: DescribedError[] }} Reads
 */

/**
 * Commits to a row of its own until the time is over.
 *
 * @param {{ writer: number, ms: number, workers: number, signals: SharedArrayBuffer }} args
 * @returns {Share}
 */
export function writeWithoutPause({ writer, ms, workers, signals: buffer }) {
  const update = connection().prepare('update counts set n = n + 1 where writer = ?');
  const signals = new Signals(buffer);
  signals.add(READY);
  signals.waitFor(READY, workers);
  /** @type {Share} */
  const share = { commits: 0, longestMs: 0, errors: [] };
  const start = performance.now();
  let last = start;
  while (last - start < ms && signals.value(STOP) === 0) {
    try {
      share.commits += update.run(writer).changes;
    } catch (error) {
      share.errors.push(describeError(error));
      if (share.errors.length > 20) break;
    }
    const now = performance.now();
    share.longestMs = Math.max(share.longestMs, now - last);
    last = now;
  }
  return share;
}

/**
 * Reads in one transaction each until the time is over; a sum that falls would be an older state.
 *
 * @param {{ ms: number, workers: number, signals: SharedArrayBuffer }} args
 * @returns {Reads}
 */
export function readWithoutPause({ ms, workers, signals: buffer }) {
  const sum = connection().prepare('select sum(n) from counts').pluck();
  const signals = new Signals(buffer);
  signals.add(READY);
  signals.waitFor(READY, workers);
  /** @type {Reads} */
  const done = { reads: 0, falls: 0, longestMs: 0, errors: [] };
  const start = performance.now();
  let last = start;
  let previous = 0;
  while (last - start < ms && signals.value(STOP) === 0) {
    try {
      const found = Number(sum.get());
      if (found < previous) done.falls += 1;
      previous = found;
      done.reads += 1;
    } catch (error) {
      done.errors.push(describeError(error));
      if (done.errors.length > 20) break;
    }
    const now = performance.now();
    done.longestMs = Math.max(done.longestMs, now - last);
    last = now;
  }
  return done;
}
