// @ts-check
// A worker whose functions others end, or whose WebAssembly instance crashes inside of one.
import { open } from '../../../dist/index.js';
import * as registered from '../../../dist/registered.js';
import { describeError, Report } from '../support/report.js';

/**
 * @typedef {import('../../../dist/index.js').Database} Database
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 */

/** @type {Database} */
let db;
/** Rows that were begun. @type {Int32Array} */
let words;

/**
 * Opens a connection with a function, an aggregate and a table that take 5 ms for each row, and tell
 * when they have begun.
 *
 * @param {{ runtime: Runtime, begun: SharedArrayBuffer }} args
 */
export async function connect({ runtime, begun }) {
  db = await open(runtime, { timeout: 60_000 });
  words = new Int32Array(begun);
  const wait = new Int32Array(new SharedArrayBuffer(4));
  const pause = () => {
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
    Atomics.wait(wait, 0, 0, 5);
  };
  db.function('slow', (x) => {
    pause();
    return x;
  });
  db.aggregate('slow_sum', {
    start: 0,
    step: (sum, x) => {
      pause();
      return sum + x;
    },
  });
  db.table('slow_rows', {
    columns: ['x'],
    *rows() {
      for (let x = 1; ; x++) {
        pause();
        yield [x];
      }
    },
  });
  return db.connectionId;
}

/** @param {{ sql: string }} args what it comes to: the error, and how long it went on */
export function attempt({ sql }) {
  try {
    const row = db.prepare(sql).run();
    return { row };
  } catch (error) {
    return { error: describeError(error), inTransaction: db.inTransaction };
  }
}

/** @param {{ sql: string }} args */
export function value({ sql }) {
  return db.prepare(sql).pluck().get();
}

/** @param {{ ms: number }} args sleeps inside of a function, with a transaction open */
export function sleep({ ms }) {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  db.function('sleep', () => {
    Atomics.add(words, 0, 1);
    return Atomics.wait(wait, 0, 0, ms);
  });
  db.exec('begin immediate; insert into t values (-1)');
  return attempt({ sql: 'insert into t values (sleep())' });
}

const sizes = () => Object.values(registered).map((slots) => slots.size);

/** @param {{ runtime: Runtime }} args */
export async function closing({ runtime }) {
  const report = new Report();
  const one = await open(runtime);
  const other = await open(runtime);
  for (const connection of [one, other]) {
    connection.function('f', () => 1);
    connection.function('f', () => 2);
    connection.function('f', { varargs: true }, () => 2);
    connection.aggregate('a', { step: () => 1 });
    connection.table('g', { columns: ['x'], rows: [[1], [2]] });
    connection.table('m', () => ({ columns: ['x'], rows: [[1], [2]] }));
    connection.exec('create virtual table temp.made using m');
    connection.prepare('select g.x + made.x from g, made').all();
    connection.prepare('select x from g').get();
  }
  const [functions = 0, ...rest] = sizes().sort((a, b) => b - a);
  report.equal('what is registered', [functions, ...rest], [4, 4, 4, 2, 0]);
  one.close();
  report.equal(
    'half of it when one is closed',
    sizes().sort((a, b) => b - a),
    [2, 2, 2, 1, 0],
  );
  const left = other.prepare('select x from g').iterate();
  left.next();
  other.close();
  report.equal('nothing when all are closed', sizes(), [0, 0, 0, 0, 0]);
  return report.result();
}

/**
 * The instance crashes in a statement of another connection, inside of a function, which goes on as if
 * nothing were: nothing of the instance below it may.
 *
 * @param {{ runtime: Runtime, other: Runtime }} args
 */
export async function crashing({ runtime, other }) {
  const report = new Report();
  const outer = await open(runtime);
  const inner = await open(other);
  let crashes = false;
  const { load } = Atomics;
  Atomics.load = function (/** @type {[any, number]} */ ...args) {
    if (crashes && /wasm-function/.test(new Error().stack ?? '')) {
      crashes = false;
      throw new WebAssembly.RuntimeError('unreachable');
    }
    return Reflect.apply(load, this, args);
  };
  /** @type {import('../support/report.js').DescribedError | undefined} */
  let caught;
  let calls = 0;
  outer.function('crash', () => {
    calls++;
    crashes = true;
    try {
      inner.prepare('select * from sqlite_schema').all();
    } catch (error) {
      caught = describeError(error);
    }
    return 1;
  });
  outer.exec('begin immediate');
  const poisoned = { type: 'SqliteError', code: 'POISONED' };
  const statement = outer.prepare('insert into t select crash() from (values (1), (2), (3))');
  report.throws('the call says so', () => statement.run(), poisoned);
  report.error('the inner call, too', caught, poisoned);
  report.equal('the statement did not go on', calls, 1);
  report.throws('and the next', () => outer.prepare('select 1'), poisoned);
  report.equal('nothing is kept', sizes(), [0, 0, 0, 0, 0]);
  return report.result();
}
