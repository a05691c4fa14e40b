// @ts-check
// Four workers scan one state of the database, by a snapshot that travels by postMessage, while a
// fifth goes on writing and checkpointing: all see the same, and the snapshot is refused once it is
// gone.
import { createRuntime, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { Signals } from './support/signals.js';

/** @typedef {import('sharedwal').Snapshot} Snapshot */

const READERS = 4;
const ROWS = 300;
const BALANCE = 100;

/** @param {{ quick?: string }} [params] */
export async function run({ quick } = {}) {
  const report = new Report();
  await report.part('a parallel scan', () => parallelScan(report, quick ? 6 : 30));
  await report.part('its end', () => itsEnd(report));
  await report.part('the functions', () => functions(report));
  return report.result();
}

/**
 * @param {Report} report
 * @param {number} rounds
 */
async function parallelScan(report, rounds) {
  const runtime = createRuntime({ name: 'snapshot' });
  const workers = await Promise.all(
    Array.from({ length: READERS + 2 }, () => ConnectedWorker.open(runtime)),
  );
  const [maker, writer, ...readers] =
    /** @type {[ConnectedWorker, ConnectedWorker, ...ConnectedWorker[]]} */ (workers);
  await maker.exec(`create table t (id integer primary key, x, pad);
    create index by_x on t (x, id);
    with recursive c (i) as (select 1 union all select i + 1 from c where i < ${ROWS})
      insert into t select i, ${BALANCE}, hex(randomblob(40 + i % 60)) from c`);
  const signals = new Signals();
  const writing = writer.run('snapshot_tasks', 'write', { rows: ROWS, signals: signals.buffer });
  await signals.reached(1, 20);
  const states = new Set();
  let meanwhile = Infinity;
  let differing = 0;
  for (let round = 0; round < rounds; round++) {
    /** @type {{ snapshot: Snapshot, seen: number[] }} */
    const { snapshot, seen } = await maker.run('snapshot_tasks', 'take', {
      readFirst: round % 2 === 0,
    });
    const before = signals.value(1);
    const scans = await Promise.all(
      readers.map((reader) =>
        reader.run('snapshot_tasks', 'scan', {
          snapshot,
          scans: 5,
          commits: before + 3,
          signals: signals.buffer,
        }),
      ),
    );
    meanwhile = Math.min(meanwhile, signals.value(1) - before);
    await maker.exec('commit');
    const expected = JSON.stringify(seen);
    states.add(expected);
    for (const scan of scans) {
      if (scan.seen.length !== 1 || scan.seen[0] !== expected || scan.inTransaction) differing += 1;
    }
    if (seen[0] !== ROWS * BALANCE || seen[1] !== seen[0] || seen[4] !== ROWS) differing += 1;
  }
  signals.add(0);
  const wrote = await writing;
  report.equal('scans that saw something else', differing, 0);
  report.atLeast('commits during each scan', meanwhile, 1);
  report.atLeast('different states', states.size, rounds);
  report.atLeast('checkpoints', wrote.checkpoints, rounds);
  report.equal('integrity', await writer.value('pragma integrity_check'), 'ok');
  report.figures.snapshot = { ...wrote, meanwhile, states: states.size };
  for (const worker of workers) {
    await worker.close();
    worker.terminate();
  }
}

/** Held, a snapshot outlives every checkpoint; then it is refused. @param {Report} report */
async function itsEnd(report) {
  const runtime = createRuntime({ name: 'snapshot-end' });
  const maker = await ConnectedWorker.open(runtime);
  const db = await open(runtime);
  db.exec('create table t (x)');
  const sum = db.prepare('select sum(x) from t').pluck();
  for (const mode of ['passive', 'full', 'restart', 'truncate']) {
    db.exec('delete from t; insert into t values (1), (2)');
    /** @type {{ snapshot: Snapshot }} */
    const { snapshot } = await maker.run('snapshot_tasks', 'takeAlone');
    for (let i = 0; i < 3; i++) {
      db.exec('insert into t values (10)');
      db.pragma(`wal_checkpoint(${mode})`);
      report.equal(
        `${mode}, held: the old state`,
        db.readAt(snapshot, () => sum.get()),
        3,
      );
    }
    await maker.exec('commit');
    db.pragma(`wal_checkpoint(${mode})`);
    db.exec('insert into t values (100)');
    report.throws(`${mode}, let go: refused`, () => db.readAt(snapshot, () => sum.get()), {
      type: 'SqliteError',
      code: 'SQLITE_ERROR_SNAPSHOT',
    });
    report.check(`${mode}: no transaction is left`, !db.inTransaction);
    report.equal(`${mode}: the present state`, sum.get(), 133);
  }
  db.close();
  await maker.close();
  maker.terminate();
}

/** @param {Report} report */
async function functions(report) {
  const runtime = createRuntime({ name: 'snapshot-api' });
  const [db, other] = await Promise.all([open(runtime), open(runtime)]);
  report.throws('without a transaction', () => db.snapshot(), {
    type: 'SqliteError',
    code: 'NO_READ_TRANSACTION',
  });
  db.exec('begin');
  const empty = structuredClone(db.snapshot());
  other.exec('create table t (x); insert into t values (1)');
  const tables = () => other.prepare('select count(*) from sqlite_schema').pluck().get();
  report.equal('right after open', other.readAt(empty, tables), 0);
  report.throws('inside of a transaction', () => db.readAt(empty, () => 1), {
    type: 'SqliteError',
    code: 'IN_TRANSACTION',
  });
  db.exec('commit; begin; insert into t values (2)');
  report.throws('in a transaction that has written', () => db.snapshot(), {
    type: 'SqliteError',
    code: 'NO_READ_TRANSACTION',
  });
  db.exec('commit; begin');
  const snapshot = db.snapshot();
  const sum = other.prepare('select sum(x) from t').pluck();
  report.equal(
    'what the function returns',
    other.readAt(snapshot, () => [sum.get()]),
    [3],
  );
  report.equal(
    'it is in a transaction',
    other.readAt(snapshot, () => other.inTransaction),
    true,
  );
  report.equal('and not after it', other.inTransaction, false);
  const failure = new Error('thrown');
  report.throws(
    'what it throws',
    () =>
      other.readAt(snapshot, () => {
        throw failure;
      }),
    { message: 'thrown' },
  );
  report.equal('ends it too', other.inTransaction, false);
  report.throws('a promise', () => other.readAt(snapshot, async () => 1), {
    type: 'TypeError',
    code: 'INVALID_ARGUMENT',
  });
  report.equal('ends it as well', other.inTransaction, false);
  other.exec('insert into t values (4)');
  report.throws(
    'a write on an old state',
    () => other.readAt(snapshot, () => other.exec('insert into t values (5)')),
    { type: 'SqliteError', code: 'SQLITE_BUSY_SNAPSHOT' },
  );
  const rows = other.prepare('select x from t').pluck().iterate();
  rows.next();
  report.equal(
    'beside an iterator',
    other.readAt(snapshot, () => sum.get()),
    3,
  );
  report.equal('which goes on', [...rows], [2, 4]);
  report.throws('no function', () => other.readAt(snapshot, /** @type {any} */ (5)), {
    type: 'TypeError',
    code: 'INVALID_ARGUMENT',
  });
  const damaged = { snapshot: snapshot.snapshot.map((byte, at) => (at === 17 ? byte ^ 1 : byte)) };
  for (const wrong of [
    undefined,
    null,
    5,
    {},
    { snapshot: 'x' },
    { snapshot: new Uint8Array(9) },
    damaged,
  ]) {
    report.throws(
      `not a snapshot: ${JSON.stringify(wrong)?.slice(0, 30)}`,
      () => other.readAt(/** @type {any} */ (wrong), () => 1),
      {
        type: 'SqliteError',
        code: 'INVALID_SNAPSHOT',
      },
    );
  }
  const foreign = await open(createRuntime({ name: 'snapshot-foreign' }));
  report.throws('of another runtime', () => foreign.readAt(snapshot, () => 1), {
    type: 'SqliteError',
    code: 'FOREIGN_SNAPSHOT',
  });
  report.equal('and no transaction is left', foreign.inTransaction, false);
  foreign.close();
  const rollback = await open(createRuntime({ name: 'snapshot-rollback' }), {
    journalMode: 'delete',
  });
  rollback.exec('create table t (x); begin');
  rollback.prepare('select * from t').all();
  report.throws('in rollback mode', () => rollback.snapshot(), {
    type: 'SqliteError',
    code: 'SNAPSHOT_UNAVAILABLE',
  });
  rollback.close();
  db.exec('commit');
  db.close();
  report.throws('closed', () => db.snapshot(), { type: 'TypeError', code: 'CONNECTION_CLOSED' });
  other.close();
}
