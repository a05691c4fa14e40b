// @ts-check
// Databases that are opened at once, in a worker whose event loop runs only when it is told to.
import Database, { init } from '../../../dist/better_sqlite3.js';
import { Signals } from '../support/signals.js';

/** @typedef {import('../../../dist/index.js').Runtime} Runtime */

/** Word of the signals: whether the transaction is open. */
const WRITTEN = 0;

/** Kept open. @type {unknown[]} */
const connections = [];

/** Loads the module. @param {{ runtime: Runtime }} args */
export async function register({ runtime }) {
  await init({ runtimes: { app: runtime } });
}

/**
 * Opens, and writes in a transaction that stays open; then `idle` lets the event loop run, `asleep` and
 * `busy` never do.
 *
 * @param {{ signals: SharedArrayBuffer, then: 'idle' | 'asleep' | 'busy' }} args
 */
export function openAndWrite({ signals: buffer, then }) {
  const db = new Database('app');
  db.exec('begin immediate; insert into t values (-1)');
  new Signals(buffer).add(WRITTEN);
  if (then === 'asleep') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  while (then === 'busy') db.prepare('select count(*) from t').get();
}

/** Opens, and runs nothing for so long. @param {{ signals: SharedArrayBuffer, ms: number }} args */
export function openAndSleep({ signals: buffer, ms }) {
  connections.push(new Database('app'));
  new Signals(buffer).add(WRITTEN);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Opens and closes so many, before the event loop runs again. @param {{ count: number }} args */
export function openAndClose({ count }) {
  for (let i = 0; i < count; i++) new Database('app').close();
}
