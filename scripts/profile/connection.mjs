// @ts-check
// A thread of `npm run profile`: one connection that does one thing, sampled by V8.
import { Session } from 'node:inspector/promises';
import { parentPort, workerData } from 'node:worker_threads';

const SAMPLE_MICROSECONDS = 200;
const WARM_MS = 500;
const ROWS = 50_000;

const SCHEMA = `
  create table items (id integer primary key, name text not null, amount real not null);
  insert into items
    with recursive ids (id) as (select 1 union all select id + 1 from ids where id < ${ROWS})
    select id, 'item ' || id, id / 4.0 from ids;
  create table pairs (a integer primary key, b integer not null);
  create table latest (id integer primary key, n integer not null);
  insert into latest values (1, 0);`;

/** @typedef {import('../../dist/index.js').Database} Database */

/** @type {Record<string, (db: Database, openAnother: () => Database) => () => unknown>} */
const roles = {
  reader(db) {
    const select = db.prepare('select * from items where id = ?');
    let id = 1;
    return () => {
      // 17 generates all numbers below the prime 50,021.
      do id = (id * 17) % 50_021;
      while (id > ROWS);
      return select.get(id);
    };
  },
  inserter(db) {
    const insert = db.prepare('insert into pairs (a, b) values (?, ?)');
    let n = 0;
    return () => insert.run(++n, n * 3);
  },
  updater(db) {
    const update = db.prepare('update latest set n = n + 1 where id = 1');
    return () => update.run();
  },
  'bulk inserter'(db) {
    const insert = db.prepare('insert into pairs (a, b) values (?, ?)');
    let n = 0;
    return db.transaction(() => {
      for (let i = 0; i < 1000; i++) insert.run(++n, n * 3);
    });
  },
  scanner(db) {
    db.pragma('cache_size = 64');
    const sum = db.prepare('select sum(length(name)) from items').pluck();
    return () => sum.get();
  },
  checkpointer(db) {
    const leaves = "select count(*) from dbstat where name = 'items' and pagetype = 'leaf'";
    const pages = db.prepare(leaves).pluck().get();
    const update = db.prepare('update items set amount = -amount');
    const checkpoint = db.prepare('pragma wal_checkpoint(passive)');
    return () => {
      update.run();
      const { checkpointed } = /** @type {{ checkpointed: number }} */ (checkpoint.get());
      if (checkpointed < Number(pages)) throw new Error(`${checkpointed} of ${pages} pages`);
    };
  },
  opener(_db, openAnother) {
    return () => {
      const another = openAnother();
      another.prepare('select * from items where id = 1').get();
      another.close();
    };
  },
};

/**
 * @param {() => unknown} call
 * @param {number} milliseconds
 */
function repeat(call, milliseconds) {
  const start = performance.now();
  let calls = 0;
  let taken = 0;
  while (taken < milliseconds) {
    for (let i = 0; i < 10; i++) call();
    calls += 10;
    taken = performance.now() - start;
  }
  return { calls, taken };
}

/**
 * The functions by their own time, as parts of the whole.
 *
 * @param {import('node:inspector').Profiler.Profile} profile
 * @returns {[string, number][]}
 */
function selfTimes({ nodes, samples = [], timeDeltas = [] }) {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']),
  );
  /** @type {Map<string, number>} */
  const times = new Map();
  let all = 0;
  for (const [i, id] of samples.entries()) {
    const time = timeDeltas[i] ?? 0;
    // The compiler's suffix says nothing to a reader.
    const name = (names.get(id) ?? '').replace(/::h[0-9a-f]{16}$/, '');
    times.set(name, (times.get(name) ?? 0) + time);
    all += time;
  }
  return [...times]
    .map(([name, time]) => /** @type {[string, number]} */ ([name, time / all]))
    .sort(([, a], [, b]) => b - a);
}

// The one that opens at once, without a promise.
const { default: Stand, init } = await import(workerData.entry);
const { role } = workerData;
await init();
parentPort?.once('message', async (runtime) => {
  const openAnother = () => new Stand(runtime);
  const db = openAnother();
  if (db.prepare('select count(*) from sqlite_schema').pluck().get() === 0) db.exec(SCHEMA);
  const call = /** @type {NonNullable<typeof roles[string]>} */ (roles[role])(db, openAnother);
  parentPort?.once('message', async (milliseconds) => {
    repeat(call, WARM_MS);
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
    await session.post('Profiler.start');
    const { calls, taken } = repeat(call, milliseconds);
    const { profile } = await session.post('Profiler.stop');
    parentPort?.postMessage({
      name: role,
      callsPerSecond: Math.round((calls * 1000) / taken),
      microseconds: (taken * 1000) / calls,
      functions: selfTimes(profile),
    });
  });
  parentPort?.postMessage('open');
});
