// @ts-check
// The files that SQLite opens beside the database, and what else it asks of its VFS.
import { createRuntime, diagnostics } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';

/** @typedef {import('./support/connected_worker.js').ConnectedWorker} ConnectedWorker */
/** @typedef {NonNullable<import('sharedwal').OpenOptions['journalMode']>} JournalMode */

export async function run() {
  const report = new Report();
  for (const mode of /** @type {const} */ (['delete', 'truncate', 'persist'])) {
    await report.part(`journal mode ${mode}`, () => rollbackJournal(report, mode));
  }
  await report.part('changing the mode', () => changeMode(report));
  await report.part('super-journal', () => superJournal(report));
  await report.part('VACUUM', () => vacuum(report));
  await report.part('temporary files', () => temporary(report));
  await report.part('clock', () => clock(report));
  await report.part('randomness', () => randomness(report));
  await report.part('last connection', () => lastConnection(report));
  return report.result();
}

/**
 * @param {Report} report
 * @param {JournalMode} mode
 */
async function rollbackJournal(report, mode) {
  const runtime = createRuntime({ name: `journal-${mode}` });
  await withConnections(
    runtime,
    3,
    async ([a, b, c]) => {
      if (!a || !b || !c) throw new Error('three workers are needed');
      report.equal('PRAGMA journal_mode', await b.value('pragma journal_mode'), mode);
      await a.exec('create table t (id integer primary key, n integer)');
      for (const worker of [b, c]) {
        report.equal('the others see the table', await worker.value('select count(*) from t'), 0);
      }

      // A small cache spills pages into the database file before the commit.
      await a.exec('pragma cache_size = 10; begin');
      await a.exec(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
         insert into t select i, i * 3 from n`,
      );
      report.equal('the writer sees its rows', await a.value('select count(*) from t'), 5000);
      report.error(
        'a reader cannot read what was spilled',
        (await b.attempt('select * from t')).error,
        {
          code: 'SQLITE_BUSY',
        },
      );
      await a.exec('rollback');
      report.equal('ROLLBACK plays the journal back', await b.value('select count(*) from t'), 0);
      report.equal('integrity_check', await c.value('pragma integrity_check'), 'ok');

      await Promise.all(
        [a, b, c].map(async (worker, i) => {
          for (let n = 0; n < 50; n++) {
            await worker.exec(`insert into t (n) values (${i * 1000 + n})`);
          }
        }),
      );
      report.equal(
        '150 rows of three writers',
        await b.value('select count(distinct n) from t'),
        150,
      );
      report.equal('for everybody', await c.value('select count(*) from t'), 150);

      await b.exec('begin; select count(*) from t');
      await b.value('select count(*) from t');
      await a.exec('begin; insert into t (n) values (-1)');
      report.error('a reader holds up the commit', (await a.attempt('commit')).error, {
        code: 'SQLITE_BUSY',
      });
      await b.exec('commit');
      report.check('which works when it has finished', (await a.attempt('commit')).ok);
      report.equal('the row is there', await b.value('select count(*) from t where n = -1'), 1);
      for (const worker of [a, b, c]) await worker.close();
    },
    { journalMode: mode, timeout: 300 },
  );
  await withConnections(runtime, 1, async ([fresh]) => {
    report.equal(
      'a fresh connection brings it into WAL mode',
      await fresh?.value('pragma journal_mode'),
      'wal',
    );
    report.equal('with all rows', await fresh?.value('select count(*) from t'), 151);
    report.equal('integrity_check', await fresh?.value('pragma integrity_check'), 'ok');
    await fresh?.close();
  });
}

/** @param {Report} report */
async function changeMode(report) {
  const runtime = createRuntime({ name: 'modes' });
  await withConnections(
    runtime,
    2,
    async ([a, b]) => {
      if (!a || !b) throw new Error('two workers are needed');
      await a.exec('create table t (x); insert into t values (1)');
      await b.value('select x from t');
      report.error(
        'WAL mode stays while others are connected',
        (await a.attempt('pragma journal_mode = delete')).error,
        { code: 'SQLITE_BUSY' },
      );
      await b.close();
      report.equal('alone, it goes', await a.value('pragma journal_mode = delete'), 'delete');
      await a.exec('insert into t values (2)');
      report.equal('and comes back', await a.value('pragma journal_mode = wal'), 'wal');
      await a.exec('insert into t values (3)');
      await b.connect(runtime);
      report.equal('no row was lost', await b.value('select group_concat(x) from t'), '1,2,3');
      report.equal('the other is in WAL mode', await b.value('pragma journal_mode'), 'wal');
      await a.close();
      await b.close();
    },
    { timeout: 100 },
  );
}

/**
 * A transaction over two databases in a rollback-journal mode writes a super-journal.
 *
 * @param {Report} report
 */
async function superJournal(report) {
  const first = createRuntime({ name: 'super-first' });
  const second = createRuntime({ name: 'super-second' });
  await withConnections(
    first,
    2,
    async ([a, b]) => {
      if (!a || !b) throw new Error('two workers are needed');
      for (const worker of [a, b])
        await worker.connect(second, { journalMode: 'delete' }, 'second');
      await a.exec('create table t (x)');
      await a.exec('create table u (x)', 'second');
      for (const worker of [a, b]) await worker.exec("attach 'super-second' as other");
      report.equal(
        'mode of the attached one',
        await a.value('pragma other.journal_mode'),
        'delete',
      );
      for (let i = 0; i < 20; i++) {
        await a.exec(
          `begin; insert into t values (${i}); insert into other.u values (${i}); commit`,
        );
      }
      await a.exec('begin; insert into t values (-1); insert into other.u values (-1); rollback');
      report.equal('rows in the first', await b.value('select count(*) from t'), 20);
      report.equal('rows in the second', await b.value('select count(*) from other.u'), 20);
      report.equal(
        'by its own connection, too',
        await b.value('select sum(x) from u', [], 'second'),
        190,
      );
      report.equal('integrity of the first', await b.value('pragma integrity_check'), 'ok');
      report.equal('integrity of the second', await b.value('pragma other.integrity_check'), 'ok');
      for (const worker of [a, b]) {
        await worker.close();
        await worker.close('second');
      }
    },
    { journalMode: 'delete', timeout: 1000 },
  );
}

/** @param {Report} report */
async function vacuum(report) {
  const runtime = createRuntime({ name: 'vacuum' });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(`create table t (id integer primary key, body text);
                  with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
                  insert into t select i, 'body of row ' || i || hex(zeroblob(50)) from n;
                  delete from t where id % 10 <> 0`);
    const before = await a.value('pragma page_count');
    await a.exec('vacuum');
    const after = await b.value('pragma page_count');
    report.check('VACUUM gives pages back', after < before / 2, `${before} pages, then ${after}`);
    report.equal('rows', await b.value('select count(*) from t'), 2000);
    report.equal(
      'the other worker sees the same',
      await b.value("select body like 'body of row 500%' from t where id = 500"),
      1,
    );
    await b.exec('pragma wal_checkpoint(truncate)');
    report.check(
      'the file shrinks',
      diagnostics(runtime).database.bytes === after * 4096,
      String(diagnostics(runtime).database.bytes),
    );
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    await a.exec("vacuum into 'file:copy?vfs=unknown'").then(
      () => report.check('VACUUM INTO an unknown place is refused', false),
      (error) =>
        report.check(
          'VACUUM INTO an unknown place is refused',
          error.message.length > 10,
          error.message,
        ),
    );
    await a.close();
    await b.close();
  });
}

/** @param {Report} report */
async function temporary(report) {
  const runtime = createRuntime({ name: 'temporary' });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    for (const [i, worker] of [a, b].entries()) {
      await worker.exec(`pragma temp_store = file; pragma cache_size = 20; pragma temp.cache_size = 10;
                         create temp table mine (id integer primary key, body text);
                         with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
                         insert into mine select i, 'worker ${i} row ' || i || hex(zeroblob(40)) from n`);
    }
    for (const [i, worker] of [a, b].entries()) {
      report.equal(
        `worker ${i} has its own temporary table`,
        await worker.value(`select count(*) from mine where body like 'worker ${i} row %'`),
        20_000,
      );
      report.equal(
        `worker ${i}: integrity of temp`,
        await worker.value('pragma temp.integrity_check'),
        'ok',
      );
    }
    report.equal(
      'nothing of it is in the shared database',
      await a.value('select count(*) from sqlite_schema'),
      0,
    );
    report.check(
      'which stays small',
      diagnostics(runtime).database.bytes < 65536,
      String(diagnostics(runtime).database.bytes),
    );
    // A sort larger than the cache spills into temporary files.
    const sorted = await a.rows('select id from mine order by body desc, id limit 3 offset 19997');
    const expected = await b.rows('select id from mine order by body, id desc limit 3');
    report.equal('sorting through temporary files', sorted, expected.reverse());
    await a.exec('begin; update mine set body = 0; rollback');
    report.equal(
      'ROLLBACK of a temporary table',
      await a.value('select count(*) from mine where body = 0'),
      0,
    );
    await a.exec('create table big as select * from mine; create index by_body on big (body)');
    report.equal(
      'an index of it',
      await b.value('select count(*) from big indexed by by_body where body > ?', ['']),
      20_000,
    );
    await a.close();
    await b.close();
  });
}

/** @param {Report} report */
async function clock(report) {
  const runtime = createRuntime({ name: 'clock' });
  await withConnections(runtime, 1, async ([a]) => {
    if (!a) throw new Error('a worker is needed');
    let worst = 0;
    for (let i = 0; i < 20; i++) {
      const before = Date.now();
      const now = await a.value("select (julianday('now') - 2440587.5) * 86400000");
      const after = Date.now();
      // A julian day as a double resolves 0.04 ms; the clock itself counts whole milliseconds.
      worst = Math.max(worst, before - 1.1 - now, now - (after + 1.1));
    }
    report.check(
      "julianday('now') is right to the millisecond",
      worst <= 0,
      `off by ${worst} ms beyond tolerance`,
    );
    const before = new Date(Date.now() - 1).toISOString();
    const text = await a.value("select strftime('%Y-%m-%dT%H:%M:%fZ', 'now')");
    const after = new Date(Date.now() + 1).toISOString();
    report.check("strftime('now')", before <= text && text <= after, `${before} ${text} ${after}`);
    const seconds = await a.value('select unixepoch()');
    report.check('unixepoch()', Math.abs(seconds - Date.now() / 1000) <= 2, String(seconds));
    await a.close();
  });
}

/** @param {Report} report */
async function randomness(report) {
  const runtime = createRuntime({ name: 'random' });
  await withConnections(runtime, 4, async (workers) => {
    const all = new Set();
    for (const worker of workers) {
      for (const [value] of await worker.rows(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
         select hex(randomblob(8)) from n`,
      )) {
        all.add(value);
      }
    }
    report.equal('4,000 random values of four workers all differ', all.size, 4000);
    const [first] = workers;
    report.check(
      'random() is not constant',
      (await first?.value('select random() <> random()')) === 1,
    );
    for (const worker of workers) await worker.close();
  });
}

/**
 * The last connection to go takes the log with it, never the database.
 *
 * @param {Report} report
 */
async function lastConnection(report) {
  const runtime = createRuntime({ name: 'last' });
  await withConnections(runtime, 2, async ([a, b]) => {
    await a?.exec('create table t (x); insert into t values (1)');
    await a?.close();
    report.check('the log stays while one is connected', diagnostics(runtime).writeAhead.bytes > 0);
    report.equal('the row is there', await b?.value('select x from t'), 1);
    await b?.close();
    report.equal('the last one takes the log with it', diagnostics(runtime).writeAhead.bytes, 0);
    report.equal('nobody is connected', diagnostics(runtime).connections.length, 0);
    await b?.connect(runtime);
    report.equal('the database is still there', await b?.value('select x from t'), 1);
    await b?.close();
  });
}
