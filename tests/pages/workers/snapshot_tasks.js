// @ts-check
// Reading at snapshots, and writing meanwhile.
import { Signals } from '../support/signals.js';
import { connection } from './database_tasks.js';

/**
 * @typedef {import('../../../dist/index.js').Snapshot} Snapshot
 */

const MODES = ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'];

/** Begins a transaction and takes a snapshot in it. @param {{ readFirst: boolean }} args */
export function take({ readFirst }) {
  const db = connection();
  db.exec('begin');
  const before = readFirst ? look() : undefined;
  const snapshot = db.snapshot();
  return { snapshot, seen: before ?? look() };
}

/** The same, of a transaction that does nothing else. */
export function takeAlone() {
  connection().exec('begin');
  return { snapshot: connection().snapshot() };
}

/** What this connection sees: sums over the table and its index, and a digest of every row. */
function look() {
  const db = connection();
  const value = (/** @type {string} */ sql) => db.prepare(sql).pluck().get();
  return [
    value('select sum(x) from t not indexed'),
    value('select sum(x) from t indexed by by_x where x > -1e15'),
    value('select sum(id * x) from t'),
    value('select sum(unicode(substr(pad, 1 + id % 50, 1)) * id) from t'),
    value('select count(*) from t'),
  ];
}

/**
 * Reads at the snapshot so many times, and until `commits` are made; what was seen, as far as it
 * differs.
 *
 * @param {{ snapshot: Snapshot, scans: number, commits: number, signals: SharedArrayBuffer }} args
 */
export function scan({ snapshot, scans, commits, signals: buffer }) {
  const db = connection();
  const signals = new Signals(buffer);
  const seen = new Set();
  const deadline = performance.now() + 20_000;
  for (let i = 0; i < scans || signals.value(1) < commits; i++) {
    seen.add(JSON.stringify(db.readAt(snapshot, look)));
    if (performance.now() > deadline) throw new Error('nobody commits');
  }
  return { seen: [...seen], inTransaction: db.inTransaction };
}

/**
 * Moves amounts between rows and checkpoints in all modes until signal 0 is given; signal 1 counts
 * the commits.
 *
 * @param {{ rows: number, signals: SharedArrayBuffer }} args
 */
export function write({ rows, signals: buffer }) {
  const db = connection();
  const signals = new Signals(buffer);
  const take = db.prepare(
    'update t set x = x - 1, pad = hex(randomblob(40 + abs(random() % 60))) where id = ?',
  );
  const give = db.prepare('update t set x = x + 1 where id = ?');
  const move = db.transaction((/** @type {number} */ n) => {
    take.run(1 + (n % rows));
    give.run(1 + ((n * 7 + 3) % rows));
  });
  let checkpoints = 0;
  let n = 0;
  for (; signals.value(0) === 0; n++) {
    move.immediate(n);
    signals.add(1);
    if (n % 10 === 0) {
      // One that waited for the maker would keep the readers waiting. A commit has to wait: a reader
      // takes WRITE for a moment when it finds the header half written.
      db.pragma('busy_timeout = 0');
      db.pragma(`wal_checkpoint(${MODES[(n / 10) % MODES.length]})`);
      db.pragma('busy_timeout = 5000');
      checkpoints += 1;
    }
  }
  return { commits: n, checkpoints };
}
