// @ts-check
// A worker of the measurement with a connection: fills the database, lengthens its log, and times what it
// is told to. Every time is the least of several rounds, since whatever else runs only adds to it.
import { diagnostics, open } from '../../dist/index.js';
import { CACHE_PAGES, PAGE_BYTES, pragmas } from '../settings.js';

/**
 * @typedef {import('../../dist/index.js').Database} Database
 * @typedef {import('../../dist/index.js').Runtime} Runtime
 */

const ROUNDS = 9;
/** Between two rounds, or all could fall into a moment in which something else ran. */
const PAUSE_MS = 30;
/** Rows that stay in the cache. */
const CACHED_ROWS = 1000;
/** Of these two make a page of an item, and one that of a filler. */
const [ITEM_BYTES, FILLER_BYTES] = [1800, 3500];
const ITEMS_PER_PAGE = Math.floor(PAGE_BYTES / ITEM_BYTES);
/** Pages of the table that is written again and again to make a log longer. */
const FILLERS = 2000;
const MOST_FRAMES = 100_000;
const READ = 'select amount from items where id = ?';
/** How often they were. */
let rewritten = 0;

/** @type {Runtime} */
let runtime;
/** @type {Database} */
let db;
/** @type {import('../../dist/index.js').Statement<unknown[], any>} */
let read;
/** @type {import('../../dist/index.js').Statement} */
let insert;
/** @type {import('../../dist/index.js').Statement} */
let update;

/** @param {Database} connection @param {string} sql @returns {number} */
const value = (connection, sql) => Number(connection.prepare(sql).pluck().get());

/** None is ever deleted. */
const rows = () => value(db, 'select max(id) from items');

/** The same choices in each run. */
let seed = 1;
function random(/** @type {number} */ below) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/**
 * Microseconds for each of `count` actions.
 *
 * @param {number} count
 * @param {() => number | void} action may say how many ms of it count
 */
async function least(count, action) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    await pause();
    const start = performance.now();
    let told = 0;
    for (let i = 0; i < count; i++) told += action() ?? 0;
    best = Math.min(best, told || performance.now() - start);
  }
  return (best * 1000) / count;
}

/** @param {() => unknown} action in ms */
function time(action) {
  const start = performance.now();
  action();
  return performance.now() - start;
}

/** @param {number} n */
const randomUpdates = (n) => {
  const count = rows();
  db.exec('begin immediate');
  for (let i = 0; i < n; i++) update.run(i, 1 + random(count));
};

const commit = () => db.exec('commit');
/** @returns {any} */
const checkpoint = () => db.pragma('wal_checkpoint(passive)');

/** @type {Record<string, () => Promise<number> | number>} */
const parts = {
  cachedRead: () => least(2000, () => void read.get(1 + random(CACHED_ROWS))),
  read() {
    const count = rows();
    return least(500, () => void read.get(1 + random(count)));
  },
  insert: () => least(50, () => void insert.run(1)),
  commit: () =>
    least(20, () => {
      randomUpdates(10);
      return time(commit);
    }),
  async open() {
    let best = Infinity;
    for (let round = 0; round < 3 * ROUNDS; round++) {
      await pause();
      const start = performance.now();
      const another = await open(runtime);
      another.prepare(READ).get(1);
      best = Math.min(best, performance.now() - start);
      another.close();
    }
    return best * 1000;
  },
  async seen() {
    const another = await open(runtime);
    const write = another.prepare('insert into items (amount, data) values (?, null)');
    const cost = await least(50, () => {
      write.run(1);
      read.get(1);
    });
    another.close();
    return cost;
  },
  /** Of up to 1,000 pages anywhere in the database, for each. */
  checkpoint: () =>
    least(1, () => {
      checkpoint();
      randomUpdates(1000);
      commit();
      const start = performance.now();
      const [{ log, checkpointed }] = checkpoint();
      const milliseconds = performance.now() - start;
      if (log !== checkpointed) throw new Error(`${checkpointed} of ${log} were checkpointed`);
      return milliseconds / log;
    }),
  /** Of every page of items, or of as many as a log is to have, for each. */
  checkpointAll() {
    checkpoint();
    const items = value(db, 'select count(*) from items where data is not null');
    const pages = Math.min(Math.ceil(items / ITEMS_PER_PAGE), MOST_FRAMES);
    // Rows without data, which other measurements add, are many to a page.
    const update = db.prepare(
      `update items set amount = amount + 1
         where id in (select id from items where data is not null order by id limit ?)`,
    );
    update.run(ITEMS_PER_PAGE * pages);
    const start = performance.now();
    const [{ log, checkpointed }] = checkpoint();
    const milliseconds = performance.now() - start;
    if (log !== checkpointed || log < 0.8 * pages) {
      throw new Error(`${checkpointed} of ${log} were checkpointed, for ${pages}`);
    }
    return (milliseconds * 1000) / log;
  },
  /** Of the whole log, once. */
  checkpointLog: () => time(checkpoint),
};

/** @type {Record<string, (args: any) => unknown>} */
const tasks = {
  /** Has the module loaded, so that to open takes no time for it. */
  load: async () => (await open(':memory:')).close(),
  /** Answers how many ms it took until the schema was read. */
  async open(/** @type {{ runtime: Runtime, cachePages?: number }} */ args) {
    runtime = args.runtime;
    const start = performance.now();
    db = await open(runtime, { timeout: 60_000 });
    const [tables] = db.prepare('select count(*) from sqlite_schema').pluck().all();
    const milliseconds = performance.now() - start;
    db.exec(pragmas(args.cachePages ?? CACHE_PAGES));
    db.pragma('wal_autocheckpoint = 0');
    if (tables === 0) {
      db.exec(`create table items (id integer primary key, amount integer, data blob);
        create table fillers (id integer primary key, data blob);
        insert into items (amount, data) values (0, zeroblob(${ITEM_BYTES}));
        pragma wal_checkpoint(truncate)`);
    }
    read = db.prepare(READ);
    insert = db.prepare('insert into items (amount, data) values (?, null)');
    update = db.prepare('update items set amount = ? where id = ?');
    return milliseconds;
  },
  /** Has the items take so many MiB. */
  fill(/** @type {{ mebibytes: number }} */ { mebibytes }) {
    const pages = (mebibytes * 2 ** 20) / PAGE_BYTES;
    const missing = () => pages - value(db, 'pragma page_count');
    const more = db.prepare(
      `insert into items (amount, data)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
        select i, zeroblob(${ITEM_BYTES}) from n`,
    );
    while (missing() > 0) {
      more.run(2 * Math.min(missing(), 4096));
      db.pragma('wal_checkpoint(truncate)');
    }
  },
  addFillers: () =>
    db.exec(`insert into fillers
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ${FILLERS})
      select i, zeroblob(${FILLER_BYTES}) from n`),
  /** Begins the log anew and has it reach so many frames. */
  lengthen(/** @type {{ frames: number }} */ { frames }) {
    db.pragma('wal_checkpoint(truncate)');
    const rewrite = db.prepare(
      `update fillers set data = zeroblob(${FILLER_BYTES} - ?) where id <= ?`,
    );
    // In transactions that the cache has room for.
    for (let left = frames; left > 0; left -= FILLERS) {
      rewrite.run(++rewritten % 100, Math.min(left, FILLERS));
    }
    const { writeAheadFrames } = diagnostics(runtime);
    // And each of them writes a few pages besides.
    if (writeAheadFrames < frames || writeAheadFrames > 1.1 * frames) {
      throw new Error(`the log has ${writeAheadFrames} frames, not ${frames}`);
    }
  },
  part: (/** @type {{ name: string }} */ { name }) => parts[name]?.(),
  /** Until the engine has compiled what is measured as well as it can. */
  async warm() {
    for (const name of ['cachedRead', 'insert', 'seen', 'commit']) await parts[name]?.();
  },
  /** Answers how many commits it made in so many ms. */
  insertFor(/** @type {{ milliseconds: number }} */ { milliseconds }) {
    let commits = 0;
    for (const end = performance.now() + milliseconds; performance.now() < end; commits++) {
      insert.run(1);
    }
    return commits;
  },
  /** Holds the lock of writers, in the middle of a transaction. */
  holdWrite() {
    db.exec('begin immediate');
    insert.run(1);
  },
  /** Commits as soon as it can; on the clock of all workers. */
  commitOnce() {
    insert.run(1);
    return performance.timeOrigin + performance.now();
  },
  rows,
  integrity: () => db.prepare('pragma quick_check').pluck().get(),
  close: () => db.close(),
};

globalThis.addEventListener('message', async ({ data: { id, task, args } }) => {
  try {
    const result = await tasks[task]?.(args);
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.stack : String(error) });
  }
});
