// @ts-check
// A backup into another runtime, page by page, while both are used.

const COUNT = 'select count(*) from t';
const SUM = 'select count(*), sum(length(x)) from t';

const MIB = 1024 * 1024;
const capacities = {
  ...{ initialDatabaseCapacityBytes: MIB, maxDatabaseCapacityBytes: MIB },
  ...{ initialWriteAheadCapacityBytes: MIB, maxWriteAheadCapacityBytes: MIB },
};

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function backup(report, env) {
  const { open, again, openSource, createRuntime, connections } = env;
  const db = await open();
  db.exec(`create table t (id integer primary key, x);
           with recursive n (i) as (select 1 union all select i + 1 from n limit 1000)
           insert into t select i, randomblob(3000) from n`);
  const pages = Number(db.pragma('page_count', { simple: true }));
  report.atLeast('pages', pages, 900);
  const wanted = db.prepare(SUM).raw().get();
  const destination = createRuntime({ name: 'destination' });
  const reader = await openSource(destination);
  reader.exec("create table old (x); insert into old values ('old')");
  const isOld = () => reader.prepare('select x from old').pluck().get() === 'old';

  /** @type {unknown[]} */
  const commits = [];
  const stop = env.onCommit(destination, ({ tables }) => commits.push(tables));
  /** @type {import('../../../dist/index.js').BackupMetadata[]} */
  const seen = [];
  const done = await db.backup(destination, {
    progress: (info) => {
      seen.push(info);
      if (seen.length < 4) report.check('readers of the destination see it as it was', isOld());
      return seen.length < 3 ? 10 : 300;
    },
  });
  report.equal('the end', done, { totalPages: pages, remainingPages: 0 });
  report.equal('the beginning', seen[0], { totalPages: pages, remainingPages: pages });
  report.equal(
    'each step',
    seen.map(({ remainingPages }) => pages - remainingPages),
    [0, 10, 20, 320, 620, 920].slice(0, seen.length),
  );
  report.atLeast('several', seen.length, 3);
  report.equal('everything is there', reader.prepare(SUM).raw().get(), wanted);
  report.equal('and sound', reader.pragma('integrity_check', { simple: true }), 'ok');
  report.throws('nothing else is', isOld, { message: 'no such table: old' });
  for (let i = 0; i < 500 && commits.length === 0; i++) await sleep(10);
  stop();
  report.equal('who listens is told', commits, ['unknown']);
  report.equal('it stays in WAL mode', reader.pragma('journal_mode', { simple: true }), 'wal');
  report.equal('no connection is left', connections(destination), 1);
  reader.exec("delete from t; create table old (x); insert into old values ('old')");

  /** @type {number[]} */
  const steps = [];
  await db.backup(destination, { progress: (info) => void steps.push(info.remainingPages) });
  report.equal(
    '100 pages a step',
    [steps[0], steps[1], steps[2]],
    [pages, pages - 100, pages - 200],
  );
  report.equal('by default', reader.prepare(SUM).raw().get(), wanted);
  reader.exec('delete from t');
  report.equal('without options', (await db.backup(destination)).totalPages, pages);
  report.equal('as well', reader.prepare(SUM).raw().get(), wanted);

  reader.exec("delete from t; create table old (x); insert into old values ('old')");
  /** @type {(name: string, progress: any, expected: import('../support/report.js').ExpectedError) => Promise<void>} */
  const fails = async (name, progress, expected) => {
    await report.rejects(name, () => db.backup(destination, { progress }), expected);
    report.equal(`${name}: undone`, [isOld(), connections(destination)], [true, 1]);
    report.equal(`${name}: free`, reader.prepare('insert into t (x) values (0)').run().changes, 1);
  };
  const notANumber = {
    type: 'TypeError',
    message: 'Expected progress callback to return a number or undefined',
  };
  await fails('a progress that answers NaN', () => Number.NaN, notANumber);
  await fails('a progress that answers text', () => '5', notANumber);
  const enough = () => {
    throw new Error('enough');
  };
  await fails('a progress that throws', enough, { message: 'enough' });
  let calls = 0;
  const here = createRuntime({ name: 'here' });
  const closing = await openSource(here);
  closing.exec('create table t as select zeroblob(2000000) as x');
  let left = -1;
  const closed = closing.backup(destination, {
    progress: () => {
      if (++calls === 3) {
        closing.close();
        left = connections(here);
      }
      return 50;
    },
  });
  await report.rejects('the source is closed', () => closed, {
    type: 'TypeError',
    message: 'The database connection is not open',
  });
  report.equal('undone', [isOld(), connections(destination)], [true, 1]);
  report.equal('it was closed at once', [calls, left], [3, 0]);

  const other = await again(db);
  let first = true;
  const totals = new Set();
  await db.backup(destination, {
    progress: ({ totalPages, remainingPages }) => {
      totals.add(totalPages);
      if (first && remainingPages < totalPages / 2) {
        first = false;
        other.exec('insert into t select id + 1000, x from t where id <= 50');
      }
      return 100;
    },
  });
  report.equal('what others wrote meanwhile', reader.prepare(COUNT).pluck().get(), 1050);
  report.equal('made it begin anew', totals.size, 2);
  first = true;
  await db.backup(destination, {
    progress: ({ totalPages, remainingPages }) => {
      if (first && remainingPages < totalPages / 2) {
        first = false;
        db.exec('delete from t where id > 1000');
      }
      return 100;
    },
  });
  report.equal('what the connection wrote itself', reader.prepare(SUM).raw().get(), wanted);

  reader.exec('begin immediate');
  setTimeout(() => reader.exec('commit'), 100);
  const start = performance.now();
  report.equal('a writer of the destination', (await db.backup(destination)).remainingPages, 0);
  report.equal('is waited for', reader.inTransaction, false);
  report.below('by the event loop (ms)', performance.now() - start, 2000);
  reader.exec('begin immediate');
  await report.rejects('but not for ever', () => db.backup(destination), {
    type: 'SqliteError',
    code: 'SQLITE_BUSY',
    message: /^database is locked/,
  });
  reader.exec('rollback');

  for (const end of ['interrupt', 'dispose']) {
    let called = 0;
    const [there, here] = [createRuntime({ name: 'there' }), createRuntime({ name: 'here' })];
    const source = await openSource(here);
    source.exec('create table t as select x from (select zeroblob(2000000) as x)');
    const progress = () => {
      if (++called !== 2) return 20;
      if (end === 'interrupt') env.interrupt(here, source.connectionId);
      else env.dispose(there, { force: true });
      return 20;
    };
    await report.rejects(end, () => source.backup(there, { progress }), {
      type: 'SqliteError',
      code: end === 'interrupt' ? 'SQLITE_INTERRUPT' : 'RUNTIME_DISPOSED',
    });
    report.equal(`${end}: at once`, [called, connections(there)], [2, 0]);
    source.close();
  }
  const tiny = createRuntime({ name: 'tiny', ...capacities });
  await report.rejects('no room', () => db.backup(tiny), {
    type: 'SqliteError',
    code: 'SQLITE_FULL',
    message: /^database or disk is full/,
  });
  report.equal('no room: nobody is left', connections(tiny), 0);

  db.exec("attach ':memory:' as side; create table side.t (x); insert into side.t values (1), (2)");
  await db.backup(destination, { attached: 'side' });
  report.equal('an attached database', reader.prepare(COUNT).pluck().get(), 2);
  const small = await openSource(':memory:');
  small.exec('pragma page_size = 1024; create table t (x)');
  await report.rejects('pages of another size', () => small.backup(destination), {
    type: 'SqliteError',
    code: 'SQLITE_READONLY',
    message: "the destination's pages have another size than the source's",
  });
  report.equal('change nothing', reader.prepare(COUNT).pluck().get(), 2);
  await report.rejects('an unknown database', () => db.backup(destination, { attached: 'x' }), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
    message: /unknown database x/,
  });
  /** @type {any} */
  const wrong = db;
  await report.rejects('no runtime', () => wrong.backup({}), { code: 'INVALID_RUNTIME' });
  await report.rejects('options that are none', () => wrong.backup(destination, 5), {
    type: 'TypeError',
    message: 'Expected second argument to be an options object',
  });
  await report.rejects('no function', () => wrong.backup(destination, { progress: 5 }), {
    type: 'TypeError',
    message: 'Expected the "progress" option to be a function',
  });
  await sleep(0);
  report.equal('nobody is left', connections(destination), 1);
  for (const one of [db, other, reader, small]) one.close();
  await report.rejects('a closed source', () => db.backup(destination), {
    type: 'TypeError',
    message: 'The database connection is not open',
  });
}
