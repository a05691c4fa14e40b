// @ts-check
// What the dashboard's workers do with the database. Each commit of a writer adds a row with the
// commit's number; the newest rows of each writer are kept, and how many there were. So from any
// snapshot a reader knows whether a commit is missing.

/** @typedef {import('../../dist/index.js').Database} Database */

/** Rows of each writer that are kept. */
const KEPT = 500;
/** Rows that a reader looks at. */
const LOOKED_AT = 50;
/** Pages of the log after which a commit is followed by a checkpoint. */
const CHECKPOINT_FRAMES = 1000;

export const SCHEMA = `
  create table if not exists writers (id integer primary key, commits integer not null);
  create table if not exists events (
    writer integer not null references writers, number integer not null, at real not null, note text,
    primary key (writer, number)
  ) without rowid;`;

/**
 * @param {Database} db
 * @param {number} id
 */
export function prepareWriter(db, id) {
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_FRAMES}`);
  const insert = db.prepare('insert into events values (?, ?, ?, hex(randomblob(60)))');
  const count = db.prepare(
    'insert into writers values (?, 1) on conflict do update set commits = commits + 1',
  );
  const forget = db.prepare('delete from events where writer = ? and number <= ?');
  return {
    begin: db.prepare('begin immediate'),
    commit: db.prepare('commit'),
    /** @param {number} number of the commit */
    write(number) {
      count.run(id);
      insert.run(id, number, Date.now());
      forget.run(id, number - KEPT);
    },
  };
}

/**
 * What the database has of a writer's commits.
 *
 * @typedef {{ commits: number, rows: number, last: number }} Found
 */

/** @param {Database} db */
export function prepareReader(db) {
  const look = db.prepare(`
    select writers.commits, count(events.number) as rows, coalesce(max(events.number), 0) as last
    from writers left join events
      on events.writer = writers.id and events.number > writers.commits - ${LOOKED_AT}
    where writers.id = ? group by writers.id`);
  /**
   * @param {number} writer
   * @returns {Found}
   */
  return (writer) =>
    /** @type {Found | undefined} */ (look.get(writer)) ?? { commits: 0, rows: 0, last: 0 };
}

/**
 * Whether every commit that was acknowledged before the look is there, and its rows with it.
 *
 * @param {Found} found
 * @param {number} acknowledged
 */
export function isWhole({ commits, rows, last }, acknowledged) {
  return commits >= acknowledged && last === commits && rows === Math.min(commits, LOOKED_AT);
}
