// @ts-check
// A worker whose WebAssembly instance crashes at its n-th access to shared memory: the functions of
// the engine through which every such access goes are wrapped, in this worker alone, and throw out of
// the instance. That leaves it as a trap does: its frames are gone, and nothing was cleaned up.
import Database, { init } from '../../../dist/better_sqlite3.js';
import { open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';

/**
 * @typedef {import('../../../dist/index.js').Database} Connection
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 */

let accesses = 0;
let crashAt = Infinity;
let didCrash = false;

const descend = () => {
  descend();
};

/** By turns: an exception, a trap's, and an exhausted stack. */
function end() {
  didCrash = true;
  const kind = crashAt % 3;
  crashAt = Infinity;
  if (kind === 0) throw new Error('the engine threw');
  if (kind === 1) throw new WebAssembly.RuntimeError('unreachable');
  descend();
}

/** The package's JavaScript uses the same functions, and what it does is no part of the instance. */
function calledByWasm() {
  return /wasm-function/.test(new Error().stack ?? '');
}

/**
 * @param {any} owner
 * @param {string} name
 */
function wrap(owner, name) {
  const original = owner[name];
  owner[name] = function (/** @type {unknown[]} */ ...args) {
    if (crashAt === Infinity || !calledByWasm()) return Reflect.apply(original, this, args);
    accesses += 1;
    // Every other time after it was done.
    if (accesses === crashAt && accesses % 2 === 0) end();
    const result = Reflect.apply(original, this, args);
    if (accesses === crashAt) end();
    return result;
  };
}

for (const name of ['store', 'compareExchange', 'add', 'and', 'or', 'load']) wrap(Atomics, name);
// What file bytes and words of the wal-index are copied with.
wrap(Object.getPrototypeOf(Uint8Array.prototype), 'set');

/** @type {Connection} */
let db;
/** @type {(at: number) => unknown} */
let operate = () => {};

/** @param {{ runtime: Runtime, operation: string, run: number }} args */
export async function prepare({ runtime, operation, run }) {
  if (operation === 'open') {
    const other = await open(runtime);
    other.prepare('insert into t values (?, 1)').run(run);
    other.close();
    operate = () => open(runtime);
    return;
  }
  if (operation === 'unproven commit') {
    await init();
    // All in one turn of the event loop, so that no Web Lock can be granted.
    operate = (at) => {
      db = new Database(runtime, { timeout: 60_000 });
      const insert = db.prepare('insert into t values (?, ?)');
      insert.run(run, 1);
      db.exec('begin immediate');
      for (const n of [2, 3, 4]) insert.run(run, n);
      const commit = db.prepare('commit');
      arm({ at });
      commit.run();
    };
    return;
  }
  db = await open(runtime, { timeout: 60_000 });
  db.pragma('wal_autocheckpoint = 0');
  if (operation === 'idle') return;
  const insert = db.prepare('insert into t values (?, ?)');
  insert.run(run, 1);
  const commit = db.prepare('commit');
  if (operation === 'commit') {
    db.exec('begin immediate');
    for (const n of [2, 3, 4]) insert.run(run, n);
    operate = () => commit.run();
  } else if (operation === 'checkpoint') {
    operate = () => db.pragma('wal_checkpoint(restart)');
  } else {
    operate = () => db.close();
  }
}

/** @param {{ at: number }} args */
export function arm({ at }) {
  accesses = 0;
  crashAt = at;
}

export function crashed() {
  crashAt = Infinity;
  return didCrash;
}

/** @param {{ operation: string, at: number }} args */
export async function crash({ operation, at }) {
  arm({ at });
  // It arms by itself when the commit begins.
  if (operation === 'unproven commit') crashAt = Infinity;
  let error;
  try {
    await operate(at);
  } catch (thrown) {
    error = describeError(thrown);
  }
  return { crashed: crashed(), accesses, error };
}

/** What a call says after it. @param {{ runtime: Runtime }} args */
export async function next({ runtime }) {
  try {
    if (db?.open) db.exec('select 1');
    await open(runtime);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
