// A thread with one connection: does what it is told, one message after another.
import { parentPort } from 'node:worker_threads';
import Database, { init } from '../../dist/better_sqlite3.js';
import { diagnostics, dispose, open } from '../../dist/index.js';

/** @type {import('../../dist/index.js').Database} */
let db;
/** @type {number} */
let next = 0;

/** @type {Record<string, (argument: any) => unknown>} */
const tasks = {
  open: async ({ runtime }) => {
    db = await open(runtime, { timeout: 20_000 });
    return db.connectionId;
  },
  openAtOnce: async ({ runtime }) => {
    await init();
    db = new Database(runtime, { timeout: 20_000 });
    return db.connectionId;
  },
  /** Stops in the middle of opening, until it is told to go on. */
  openSlowly: async (/** @type {{ runtime: any, words: Int32Array }} */ { runtime, words }) => {
    const opening = open(runtime);
    const attaching = () =>
      diagnostics(runtime).connections.some((one) => one.state === 'attaching');
    for (let turns = 0; turns < 1000 && !attaching(); turns++) await undefined;
    Atomics.store(words, 0, attaching() ? 1 : 2);
    Atomics.wait(words, 1, 0, 20_000);
    db = await opening;
  },
  close: () => void db.close(),
  exec: ({ sql }) => void db.exec(sql),
  value: ({ sql }) => db.prepare(sql).pluck().get(),
  /** A long read in the middle of an iteration, and what comes then. */
  readBesideIterator: ({ sql }) => {
    const attempt = (/** @type {() => unknown} */ action) => {
      try {
        return action();
      } catch (error) {
        return /** @type {{ code?: string }} */ (error).code;
      }
    };
    const rows = db
      .prepare(
        'with recursive n (i) as (select 1 union all select i + 1 from n limit 1000) select i from n',
      )
      .iterate();
    rows.next();
    const long = attempt(() => db.prepare(sql).get());
    const { inTransaction } = db;
    const short = attempt(() => db.prepare('select 1').pluck().get());
    return { long, inTransaction, short, rows: attempt(() => [...rows].length) };
  },
  /** Tries to dispose of a runtime that is in use; answers how often it was refused. */
  disposeInVain: ({ runtime, ms }) => {
    let refused = 0;
    for (const end = performance.now() + ms; performance.now() < end; ) {
      try {
        dispose(runtime);
        return -1;
      } catch {
        refused++;
      }
    }
    return refused;
  },
  spin: () => {
    for (;;) {}
  },
  /** Rows 1, 2, 3, …: `progress[index]` is the last whose commit it has seen return. */
  insertWithoutPause: (
    /** @type {{ progress: Int32Array, index: number }} */ { progress, index },
  ) => {
    const insert = db.prepare('insert into rows (thread, n) values (?, ?)');
    const three = db.transaction(() => {
      for (let i = 0; i < 3; i++) insert.run(index, ++next);
    });
    while (Atomics.load(progress, 0) === 0) {
      if (next % 4 === 0) three.immediate();
      else insert.run(index, ++next);
      Atomics.store(progress, index, next);
    }
    db.close();
    return next;
  },
};

parentPort?.on('message', async ({ task, argument }) => {
  try {
    parentPort?.postMessage({ result: await tasks[task]?.(argument) });
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error);
    parentPort?.postMessage({ error: { code, message } });
  }
});
