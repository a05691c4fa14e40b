// @ts-check
// What is counted: each operation on a new database, made ready first, so that nothing but itself is
// left to be counted. What is given per page is the difference that so many pages more make.

import Database, { init } from '../../dist/better_sqlite3.js';
import { diagnostics, open } from '../../dist/index.js';
import { tally } from './tally.js';

/**
 * @typedef {import('../../dist/index.js').Database} Connection
 * @typedef {import('../../dist/index.js').Runtime} Runtime
 * @typedef {Runtime | ':memory:'} Source
 * @typedef {import('./tally.js').Tally} Tally
 */

/**
 * @typedef {object} Operation
 * @property {string} title
 * @property {'shared' | 'no web lock' | 'private'} database
 * @property {number} [pages] counted is one of so many pages
 * @property {(source: any) => Promise<Tally | Tally[] | undefined>} count one, or those of fewer and of more pages
 */

const ITEMS = 'create table items (id integer primary key, name text, amount integer)';
const PAGES = 'create table pages (id integer primary key, data blob)';
const READ = 'select * from items where id = ?';
const INSERT = 'insert into items (name, amount) values (?, ?)';

/**
 * A connection that never checkpoints by itself, and whose life is proven, if it can be.
 *
 * @param {Source} source
 */
async function connect(source) {
  const db = await open(source);
  db.pragma('wal_autocheckpoint = 0');
  if (source !== ':memory:' && isVouchedFor(source)) {
    for (let turns = 0; states(source).some((state) => state !== 'live'); turns++) {
      if (turns === 10_000) throw new Error(`connections are ${states(source)}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return db;
}

/** Whether it was shared with this thread by name. @param {Runtime} runtime */
const isVouchedFor = ({ worker }) => worker !== 0;

/** @param {Runtime} runtime */
const states = (runtime) => diagnostics(runtime).connections.map(({ state }) => state);

/** @param {Runtime} runtime */
async function fifteenIdle(runtime) {
  for (let i = 0; i < 15; i++) (await connect(runtime)).pragma('user_version');
}

/** How long a log is that takes three pages of the wal-index. */
const LONG = 9000;

/**
 * The same with 1,000 rows, checkpointed.
 *
 * @param {Source} source
 * @param {number} frames what is in the log besides
 */
async function withItems(source, frames = 0) {
  const db = await connect(source);
  db.exec(ITEMS);
  const insert = db.prepare(INSERT);
  db.transaction(() => {
    for (let n = 0; n < 1000; n++) insert.run(`item ${n}`, n);
  })();
  db.pragma('wal_checkpoint(truncate)');
  if (frames > 0) addPages(db, 'filler', frames);
  return db;
}

/**
 * Adds a table of rows that fill a page each.
 *
 * @param {Connection} db
 * @param {string} table
 * @param {number} pages
 */
function addPages(db, table, pages) {
  db.exec(PAGES.replace('pages', table));
  db.prepare(
    `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
     insert into ${table} select i, zeroblob(3500) from n`,
  ).run(pages);
}

/**
 * Does something until nothing about it is new, then once more.
 *
 * @param {() => unknown} action
 */
function warm(action) {
  for (let i = 0; i < 5; i++) action();
  return tally(action);
}

/**
 * @param {Source} source
 * @param {number} [frames] in the log
 */
async function pointRead(source, frames) {
  const read = (await withItems(source, frames)).prepare(READ);
  return warm(() => read.get(500));
}

/**
 * @param {Source} source
 * @param {number} [frames] in the log
 */
async function autocommitInsert(source, frames) {
  const insert = (await withItems(source, frames)).prepare(INSERT);
  return warm(() => insert.run('one more', 1));
}

/**
 * @param {Source} source
 * @param {number} [frames] in the log
 */
async function readAfterCommit(source, frames) {
  const read = (await withItems(source, frames)).prepare(READ);
  const insert = (await connect(source)).prepare(INSERT);
  const again = () => {
    insert.run('one more', 1);
    return tally(() => read.get(500));
  };
  for (let i = 0; i < 5; i++) again();
  return again();
}

/**
 * Scans with a cache that is too small for either table.
 *
 * @param {Source} source
 * @param {boolean} inLog
 */
async function scan(source, inLog) {
  const db = await connect(source);
  db.pragma('cache_size = 10');
  addPages(db, 'few', 100);
  addPages(db, 'many', 200);
  if (!inLog) db.pragma('wal_checkpoint(truncate)');
  const few = db.prepare('select count(*) from few');
  const many = db.prepare('select count(*) from many');
  return [warm(() => few.get()), warm(() => many.get())];
}

/**
 * Changes a row on each of so many pages, and counts what comes then.
 *
 * @param {Source} source
 * @param {(db: Connection) => () => unknown} ready
 * @param {string} begin
 * @param {number[]} pages
 */
async function afterUpdate(source, ready, begin, ...pages) {
  const db = await connect(source);
  addPages(db, 'pages', 1500);
  db.pragma('wal_checkpoint(truncate)');
  const action = ready(db);
  return pages.map((changed) => {
    // So that the log is not begun anew in between.
    db.exec(`update pages set data = zeroblob(${changed}) where id = 1500`);
    db.exec(`${begin}; update pages set data = zeroblob(${3500 - changed}) where id <= ${changed}`);
    return tally(action);
  });
}

/** @param {Connection} db */
const commit = (db) => {
  const statement = db.prepare('commit');
  return () => statement.run();
};

/** @param {Connection} db */
const checkpoint = (db) => {
  const statement = db.prepare('pragma wal_checkpoint(passive)');
  return () => statement.get();
};

/**
 * Opens a second connection, which reads a row.
 *
 * @param {Source} source
 * @param {number} [frames] in the log
 */
async function openAnother(source, frames) {
  await withItems(source, frames);
  const another = () => {
    const opened = new Database(source);
    opened.prepare(READ).get(1);
    return opened;
  };
  // What only the first one has to do.
  another().close();
  return tally(another);
}

/**
 * An operation by itself, and where it might cost more.
 *
 * @param {string} title
 * @param {(source: any, frames?: number) => Promise<Tally | undefined>} count
 * @returns {Operation[]}
 */
function inFourWays(title, count) {
  return [
    { title, database: 'shared', count: (source) => count(source) },
    {
      title: `${title} with 9,000 frames in the log`,
      database: 'shared',
      count: (source) => count(source, LONG),
    },
    {
      title: `${title} beside 15 idle connections`,
      database: 'shared',
      async count(source) {
        await fifteenIdle(source);
        return count(source);
      },
    },
    {
      title: `${title}, without proof of life`,
      database: 'no web lock',
      count: (source) => count(source),
    },
  ];
}

/** @type {Operation[]} */
export const operations = [
  {
    title: 'point read, private database',
    database: 'private',
    async count(source) {
      const db = await connect(source);
      db.exec(ITEMS);
      db.prepare(INSERT).run('one', 1);
      const read = db.prepare(READ);
      return warm(() => read.get(1));
    },
  },
  ...inFourWays('point read', pointRead),
  {
    title: 'point read in a transaction',
    database: 'shared',
    async count(source) {
      const db = await withItems(source);
      const read = db.prepare(READ);
      db.exec('begin');
      return warm(() => read.get(500));
    },
  },
  {
    title: '`all()` of 1,000 rows',
    database: 'shared',
    async count(source) {
      const read = (await withItems(source)).prepare('select * from items');
      return warm(() => read.all());
    },
  },
  {
    title: "point read after another one's commit of a page",
    database: 'shared',
    count: (source) => readAfterCommit(source),
  },
  {
    title: 'the same with 9,000 frames in the log',
    database: 'shared',
    count: (source) => readAfterCommit(source, LONG),
  },
  ...inFourWays('autocommit insert', autocommitInsert),
  {
    title: 'insert in a transaction',
    database: 'shared',
    async count(source) {
      const db = await withItems(source);
      const insert = db.prepare(INSERT);
      db.exec('begin');
      return warm(() => insert.run('one more', 1));
    },
  },
  {
    title: 'commit of 10 pages',
    database: 'shared',
    count: async (source) => (await afterUpdate(source, commit, 'begin', 10))[0],
  },
  {
    title: 'commit, a page more',
    database: 'shared',
    pages: 100,
    count: (source) => afterUpdate(source, commit, 'begin', 10, 110),
  },
  {
    title: 'page read from the database file',
    database: 'shared',
    pages: 100,
    count: (source) => scan(source, false),
  },
  {
    title: 'page read from the log',
    database: 'shared',
    pages: 100,
    count: (source) => scan(source, true),
  },
  {
    title: 'checkpoint of 1,000 pages',
    database: 'shared',
    count: async (source) => (await afterUpdate(source, checkpoint, '', 1000))[0],
  },
  {
    title: 'checkpoint, a page more',
    database: 'shared',
    pages: 1000,
    count: (source) => afterUpdate(source, checkpoint, '', 100, 1100),
  },
  {
    title: 'open and read a row',
    database: 'shared',
    count: (source) => openAnother(source),
  },
  {
    title: 'open and read a row with 9,000 frames in the log',
    database: 'shared',
    count: (source) => openAnother(source, LONG),
  },
];

/** To be called once, before anything is counted. */
export const ready = () => init();
