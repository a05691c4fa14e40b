// @ts-check
// Who listens to commits is told of each, on the main thread and in a worker that has no connection,
// whoever made it, and also where its writer died.
import { createRuntime, exportDatabase, importDatabase, onCommit, open } from 'sharedwal';
import { Report } from './support/report.js';
import { withWorkers } from './support/task_worker.js';

/** @typedef {import('sharedwal').Commit} Commit */
/** @typedef {import('./support/task_worker.js').TaskWorker} TaskWorker */

const quick = new URLSearchParams(location.search).has('quick');
const COMMITS = quick ? 200 : 1000;
const WRITERS = 2;
/** What takes milliseconds, on a machine that is busy. */
const SOON_MS = 10_000;

const SCHEMA = `
  create table log (id integer primary key, writer integer);
  create table t0 (id integer primary key); create table t1 (id integer primary key);
  create table k (id text primary key) without rowid;
  create table child (k text references k on delete cascade);
  create virtual table words using fts5 (text);
  create trigger on_t0 after delete on t0 begin insert into t1 values (old.id + 1000); end;`;

/** What one statement after the other changes. @type {[string, string[] | 'unknown'][]} */
const SCRIPT = [
  ['insert into t0 values (1), (2)', ['t0']],
  ["insert into k values ('x')", ['k']],
  ["insert into child values ('x')", ['child']],
  ['delete from k', ['child', 'k']],
  ['delete from t0 where id = 1', ['t0', 't1']],
  ['insert into t1 values (100), (101)', ['t1']],
  ['delete from t1', ['t1']],
  ['create table more (x)', 'unknown'],
  ['begin; insert into t1 values (1); insert into more values (1); commit', ['more', 't1']],
  ['vacuum', 'unknown'],
  ['pragma user_version = 3', 'unknown'],
];

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until so many were told, or some time has passed. */
async function some(/** @type {Commit[]} */ seen, /** @type {number} */ count) {
  for (const end = performance.now() + SOON_MS; seen.length < count; await sleep(2)) {
    if (performance.now() > end) break;
  }
  return seen.splice(0);
}

/** The same of what a worker was told. */
async function someOf(/** @type {TaskWorker} */ worker, /** @type {number} */ count) {
  /** @type {Commit[]} */
  const seen = [];
  for (const end = performance.now() + SOON_MS; seen.length < count; await sleep(5)) {
    seen.push(...(await worker.run('feed_tasks', 'take')));
    if (performance.now() > end) break;
  }
  return seen;
}

/** Sorted: in which order the tables of one commit are told says nothing. */
const tablesOf = (/** @type {Commit[]} */ commits) =>
  commits.map(({ tables }) => (tables === 'unknown' ? tables : [...tables].sort()));

export async function run() {
  const report = new Report();
  const runtime = createRuntime({ name: 'change_feed' });
  await withWorkers(WRITERS + 1, async (workers) => {
    const writers = /** @type {[TaskWorker, TaskWorker]} */ (workers.slice(0, WRITERS));
    const listener = /** @type {TaskWorker} */ (workers[WRITERS]);
    for (const worker of writers) await worker.run('database_tasks', 'openDatabase', { runtime });
    await writers[0].run('database_tasks', 'exec', { sql: SCHEMA });
    /** @type {Commit[]} */
    const seen = [];
    const stop = onCommit(runtime, (commit) => seen.push(commit));
    await listener.run('feed_tasks', 'listen', { runtime });

    await report.part('statements', async () => {
      for (const [sql, tables] of SCRIPT) {
        await writers[0].run('database_tasks', 'exec', { sql });
        report.equal(sql, tablesOf(await some(seen, 1)), [tables]);
      }
      await writers[0].run('database_tasks', 'exec', { sql: "insert into words values ('x')" });
      const [told] = await some(seen, 1);
      report.check('a full-text index', told?.tables.includes('words') === true, `${told?.tables}`);
      const inWorker = await someOf(listener, SCRIPT.length + 1);
      report.equal('a worker was told as often', inWorker.length, SCRIPT.length + 1);
    });

    await report.part('writers side by side', async () => {
      await Promise.all(
        writers.map((worker, writer) =>
          worker.run('feed_tasks', 'write', { writer, commits: COMMITS }),
        ),
      );
      const log = await writers[0].run('database_tasks', 'rows', {
        sql: 'select writer from log order by id',
      });
      const turns = [0, 0];
      const expected = log.map((/** @type {[number]} */ [writer]) => {
        const turn = turns[writer] ?? 0;
        turns[writer] = turn + 1;
        return turn % 2 === 0 ? ['log', `t${writer}`] : ['log'];
      });
      const inPage = await some(seen, expected.length);
      report.equal('on the main thread', tablesOf(inPage), expected);
      const inWorker = await someOf(listener, expected.length);
      report.equal('in a worker', tablesOf(inWorker), expected);
      const rising = inPage.every(
        (commit, n) => n === 0 || commit.sequence === Number(inPage[n - 1]?.sequence) + 1,
      );
      report.check('numbers follow each other', rising);
    });

    await report.part('a listener that was busy', async () => {
      const written = writers[0].run('database_tasks', 'exec', {
        sql: 'insert into log default values;'.repeat(9000),
      });
      // Its event loop does not turn: as long as some thousand commits take.
      for (const end = performance.now() + 500; performance.now() < end; );
      await written;
      const told = await some(seen, 1);
      const last = told.at(-1);
      report.check('is told of all, or that it missed some', told.length > 0, `${told.length}`);
      report.check(
        'what is unknown has no connection',
        told.every((one) => (one.tables === 'unknown') === (one.connectionId === undefined)),
        JSON.stringify(last),
      );
      do {
        seen.length = 0;
        await sleep(200);
      } while (seen.length > 0);
    });

    await report.part('row ids', async () => {
      /** @type {Commit[]} */
      const withRows = [];
      const stopRows = onCommit(runtime, (commit) => withRows.push(commit), { rowIds: true });
      for (const sql of [
        'delete from log',
        'insert into t1 values (100077), (100078)',
        'delete from t1',
      ]) {
        await writers[1].run('database_tasks', 'exec', { sql });
      }
      const told = await some(withRows, 3);
      report.equal('too many', told[0]?.rowIds.get('log'), undefined);
      report.equal('inserted', told[1]?.rowIds.get('t1'), [100077, 100078]);
      report.check(
        'deleted without a condition',
        [100077, 100078].every((id) => told[2]?.rowIds.get('t1')?.includes(id)),
        JSON.stringify([...(told[2]?.rowIds ?? [])]),
      );
      stopRows();
      await sleep(50);
      seen.length = 0;
    });

    await report.part('a writer that is killed', async () => {
      await writers[1].run('database_tasks', 'exec', {
        sql: 'begin immediate; insert into t1 values (5)',
      });
      writers[1].terminate();
      report.equal('is told as unknown', tablesOf(await some(seen, 1)), ['unknown']);
      await writers[0].run('database_tasks', 'exec', { sql: 'insert into t1 values (6)' });
      report.equal('and others go on', tablesOf(await some(seen, 1)), [['t1']]);
    });

    await report.part('an import', async () => {
      const image = await exportDatabase(runtime);
      seen.length = 0;
      await importDatabase(runtime, image);
      const told = await some(seen, 1);
      report.check('is unknown', told.length > 0 && told.every((one) => one.tables === 'unknown'));
      const db = await open(runtime);
      db.exec('insert into t1 values (7)');
      report.equal('and what follows is known', tablesOf(await some(seen, 1)), [['t1']]);
      db.close();
    });

    await report.part('the end', async () => {
      stop();
      await writers[0].run('database_tasks', 'exec', { sql: 'insert into t1 values (8)' });
      await sleep(50);
      report.equal('nothing is told any more', seen.length, 0);
    });
  });
  return report.result();
}
