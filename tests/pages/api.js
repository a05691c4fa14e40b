// @ts-check
// The JavaScript surface, area by area, with better-sqlite3's behaviour as the expectation; and what
// sharedwal adds to it: statements and iterators that nobody finishes hold nothing for long.
import { createRuntime, diagnostics, open } from 'sharedwal';
import { areas } from './api/areas.js';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { TaskWorker, withWorkers } from './support/task_worker.js';

const MIB = 1024 * 1024;

/** @param {Record<string, string>} params `quick`: fewer freshly prepared queries; `area`: only one */
export async function run(params) {
  const report = new Report();
  const wanted = params.area ? [params.area] : Object.keys(areas);
  await withWorkers(1, async ([worker]) => {
    report.merge(await worker?.run('api_tasks', 'checkBeforeInit'));
    for (const area of wanted) report.merge(await worker?.run('api_tasks', 'checkArea', { area }));
  });
  if (params.area) return report.result();
  await report.part('abandoned iterator', () => abandonedIterator(report));
  await report.part('fresh statements', () =>
    freshStatements(report, params.quick ? 100_000 : 1_000_000),
  );
  await report.part('main thread', () => mainThread(report));
  return report.result();
}

/**
 * An iterator that is left midway holds a read transaction, and that a mark on the write-ahead log.
 * Another connection's `wal_checkpoint(TRUNCATE)` tells: it answers busy while the mark is there.
 *
 * @param {Report} report
 */
async function abandonedIterator(report) {
  const runtime = createRuntime({ name: 'abandoned' });
  await withConnections(
    runtime,
    1,
    async ([other]) => {
      const worker = new TaskWorker('abandons');
      try {
        await worker.run('abandon_tasks', 'connect', { runtime });
        const first = await worker.run('abandon_tasks', 'abandonIterator');
        report.equal('the iteration had begun', first, { id: 1, text: 'row number 1' });
        await other?.exec("insert into t (text) values ('pins the log')");
        const checkpoint = async () => (await other?.rows('pragma wal_checkpoint(truncate)'))?.[0];
        report.equal('its read mark pins the log', (await checkpoint())?.[0], 1);
        report.equal(
          'more than 100 other statements',
          await worker.run('abandon_tasks', 'otherStatements', { count: 101 }),
          101 * 102,
        );
        report.equal('have let go of it', await checkpoint(), [0, 0, 0]);
        report.equal('the log is empty', diagnostics(runtime).writeAhead.bytes, 0);
        report.equal('the worker writes again', await worker.run('abandon_tasks', 'tryWrite'), 1);
        for (let i = 0; i < 5; i++) {
          await worker.run('abandon_tasks', 'abandonIterator');
          await worker.run('abandon_tasks', 'otherStatements', { count: 101 });
        }
        report.equal('and so after each further one', (await checkpoint())?.[0], 0);
        report.check('closing works', await worker.run('abandon_tasks', 'close'));
      } finally {
        worker.terminate();
      }
    },
    { timeout: 100 },
  );
}

/**
 * @param {Report} report
 * @param {number} count
 */
async function freshStatements(report, count) {
  const runtime = createRuntime({ name: 'fresh' });
  await withConnections(
    runtime,
    1,
    async ([other]) => {
      const worker = new TaskWorker('prepares');
      try {
        await worker.run('abandon_tasks', 'connect', { runtime });
        /** @type {{ wrong: number, abandoned: number, early: number, late: number, ms: number }} */
        const found = await worker.run('abandon_tasks', 'prepareAfresh', {
          count,
          abandonEvery: 1000,
        });
        report.equal(`wrong answers of ${count} queries`, found.wrong, 0);
        report.atLeast('iterators abandoned on the way', found.abandoned, count / 1000);
        report.check(
          'the memory of the wasm instance stays as it was after the first tenth',
          found.early > 0 && found.late - found.early <= MIB / 2,
          `${found.early} bytes, then ${found.late}`,
        );
        report.below('and is bounded (bytes)', found.late, 64 * MIB);
        await worker.run('abandon_tasks', 'otherStatements', { count: 101 });
        await other?.exec("insert into t (text) values ('one more')");
        const [busy] = (await other?.rows('pragma wal_checkpoint(truncate)'))?.[0] ?? [];
        report.equal('no read mark is left', busy, 0);
        report.figures.freshQueriesPerSecond = Math.round((count * 1000) / found.ms);
        report.figures.wasmMemoryBytes = found.late;
        await worker.run('abandon_tasks', 'close');
      } finally {
        worker.terminate();
      }
    },
    { timeout: 100 },
  );
}

/**
 * The same surface works on the page's main thread, as long as nobody has to wait there.
 *
 * @param {Report} report
 */
async function mainThread(report) {
  const runtime = createRuntime({ name: 'main' });
  const db = await open(runtime);
  await withConnections(runtime, 1, async ([worker]) => {
    await worker?.exec("create table t (x); insert into t values ('from the worker')");
    report.equal('it reads', db.prepare('select x from t').pluck().get(), 'from the worker');
    report.equal(
      'it writes',
      db.prepare('insert into t values (?)').run('from the page').changes,
      1,
    );
    report.equal('the worker sees it', await worker?.value('select count(*) from t'), 2);
    report.equal('it is in WAL mode', db.pragma('journal_mode', { simple: true }), 'wal');
    const twoRows = db.transaction(() => {
      db.exec("insert into t values ('a'); insert into t values ('b')");
    });
    twoRows();
    report.equal('transactions', await worker?.value('select count(*) from t'), 4);
    await worker?.close();
  });
  db.close();
}
