// @ts-check
// What a connection says after its runtime was disposed of by force.
import { open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';
import { connection } from './database_tasks.js';

/** @typedef {import('../../../dist/index.js').Statement} Statement */

/** @type {{ select: Statement, rows: IterableIterator<unknown>, transaction: () => void } | undefined} */
let begun;

/** Reads the first rows of many more than a batch has. */
export function beginToIterate() {
  const db = connection();
  const select = db.prepare(
    'with recursive n (i) as (values (1) union all select i + 1 from n) select i from n',
  );
  const rows = select.iterate();
  rows.next();
  begun = { select, rows, transaction: db.transaction(() => db.exec('select 1')) };
}

/** What each kind of call throws. */
export function laterCalls() {
  const db = connection();
  /** @type {Record<string, () => unknown>} */
  const calls = {
    prepare: () => db.prepare('select x from t'),
    exec: () => db.exec('select 1'),
    pragma: () => db.pragma('user_version'),
    transaction: () => db.transaction(() => {})(),
    snapshot: () => db.snapshot(),
  };
  if (begun !== undefined) {
    const { select, rows, transaction } = begun;
    calls['a transaction function'] = transaction;
    // What was read before is handed out first.
    calls['an iterator'] = () => {
      for (let i = 0; i < 10_000; i++) rows.next();
    };
    calls.get = () => select.get();
    calls.run = () => select.run();
    calls.iterate = () => select.iterate().next();
  }
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => {
      try {
        call();
        return [name, null];
      } catch (error) {
        return [name, describeError(error)];
      }
    }),
  );
}

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function openAndUse({ runtime }) {
  let db;
  try {
    db = await open(runtime);
  } catch (error) {
    return { opened: false, error: describeError(error) };
  }
  try {
    // The first calls may come before the runtime's end.
    for (const end = performance.now() + 5000; performance.now() < end; ) {
      db.exec('select 1');
      await new Promise((resolve) => setTimeout(resolve));
    }
    return { opened: true };
  } catch (error) {
    return { opened: true, error: describeError(error) };
  } finally {
    db.close();
  }
}
