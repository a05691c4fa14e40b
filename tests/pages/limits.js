// @ts-check
// Statements that have a time limit or an AbortSignal, and imports and exports that are ended from
// other contexts or by a signal: what they began is undone, and the connection goes on.
import {
  createRuntime,
  diagnostics,
  exportDatabase,
  importDatabase,
  interrupt,
  open,
  share,
  terminate,
} from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { compiledOnce, TaskWorker } from './support/task_worker.js';

/** @typedef {import('sharedwal').Runtime} Runtime */

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {{ quick?: string }} [params] */
export async function run({ quick } = {}) {
  const report = new Report();
  await report.part('statements', () => statements(report));
  await report.part('signals', () => signals(report));
  const image = await largeImage(quick ? 20_000 : 40_000);
  await report.part('import beside others', () => imports(report, image, true, quick ? 8 : 24));
  await report.part('import alone', () => imports(report, image, false, quick ? 8 : 24));
  await report.part('export', () => exports(report, image));
  await report.part('terminate', () => terminated(report, image));
  return report.result();
}

/** Limits of single statements, in a worker that may wait. @param {Report} report */
async function statements(report) {
  const runtime = createRuntime({ name: 'statements' });
  const other = await ConnectedWorker.open(runtime);
  await other.exec('create table t (x); insert into t values (1)');
  const worker = new TaskWorker('limited');
  report.merge(await worker.run('limit_tasks', 'timeouts', { runtime }));
  await other.exec('begin immediate; insert into t values (-1)');
  report.merge(await worker.run('limit_tasks', 'waits', { runtime }));
  await other.exec('rollback; begin; select * from t');
  report.merge(await worker.run('limit_tasks', 'checkpoints', { runtime }));
  await other.exec('rollback');
  report.merge(await worker.run('limit_tasks', 'aborts', { runtime }));
  report.merge(await worker.run('limit_tasks', 'badInput', { runtime }));
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  worker.terminate();
  other.terminate();
}

/** The signal of functions that are asynchronous. @param {Report} report */
async function signals(report) {
  const runtime = createRuntime({ name: 'signals' });
  const db = await open(runtime);
  db.exec('create table t (x); insert into t values (1)');
  const database = await exportDatabase(runtime);
  const reason = new Error('no more');
  /** @type {Record<string, (signal: AbortSignal) => Promise<unknown>>} */
  const functions = {
    open: (signal) => open(runtime, { signal }),
    exportDatabase: (signal) => exportDatabase(runtime, { signal }),
    importDatabase: (signal) => importDatabase(runtime, { database }, { signal }),
  };
  for (const [name, call] of Object.entries(functions)) {
    const rejection = async (/** @type {AbortSignal} */ signal) => {
      try {
        await call(signal);
        return 'it was done';
      } catch (error) {
        return error;
      }
    };
    report.check(
      `${name}: aborted before`,
      (await rejection(AbortSignal.abort(reason))) === reason,
    );
    const controller = new AbortController();
    const rejected = rejection(controller.signal);
    controller.abort(reason);
    report.check(`${name}: aborted at once`, (await rejected) === reason);
    const late = new AbortController();
    const done = await call(late.signal);
    late.abort(reason);
    report.check(`${name}: aborted after its end`, name === 'importDatabase' || done !== undefined);
    if (name === 'open') /** @type {import('sharedwal').Database} */ (done).close();
    const any = /** @type {any} */ ({});
    await report.rejects(`${name}: no signal`, () => call(any), {
      type: 'TypeError',
      code: 'INVALID_OPTION',
    });
  }
  // A slot that was being taken is given back.
  await sleep(50);
  report.equal('connections', diagnostics(runtime).connections.length, 1);
  report.equal('and the database goes on', db.prepare('select x from t').pluck().all(), [1]);
  db.close();
}

/** @param {number} rows */
async function largeImage(rows) {
  const runtime = createRuntime({ name: 'image' });
  const db = await open(runtime);
  db.exec(`create table t (x, y);
           with recursive n (i) as (select 1 union all select i + 1 from n limit ${rows})
           insert into t select i, zeroblob(900) from n`);
  db.close();
  return exportDatabase(runtime);
}

/**
 * Interrupts imports at all stages. Each is done whole or not at all.
 *
 * @param {Report} report
 * @param {Uint8Array} image
 * @param {boolean} beside whether another connection is open
 * @param {number} times
 */
async function imports(report, image, beside, times) {
  const runtime = createRuntime({ name: 'imports' });
  const first = await ConnectedWorker.open(runtime);
  await first.exec('create table old (x); insert into old values (7)');
  if (!beside) await first.close();
  const worker = new TaskWorker('imports');
  let interrupted = 0;
  let longest = 0;
  let whole = await worker.run('limit_tasks', 'importImage', { runtime: createRuntime(), image });
  for (let i = 0; i < times; i++) {
    const before = await content(runtime);
    const running = worker.run('limit_tasks', 'importImage', { runtime, image });
    const id = await importer(runtime, beside ? 1 : 0);
    await sleep((whole.ms * i) / times / 2);
    const start = performance.now();
    if (id !== undefined) interrupt(runtime, id);
    const { error } = await running;
    const after = await content(runtime);
    if (error === undefined) {
      report.equal(`${i}: done, and whole`, after.tables, 't');
      await restore(runtime);
    } else {
      interrupted += 1;
      longest = Math.max(longest, performance.now() - start);
      report.error(`${i}: it ends`, error, { type: 'SqliteError', code: 'SQLITE_INTERRUPT' });
      report.equal(`${i}: nothing has changed`, after, before);
    }
    report.equal(
      `${i}: no slot stays taken`,
      diagnostics(runtime).connections.length,
      beside ? 1 : 0,
    );
  }
  report.atLeast('interrupted', interrupted, 1);
  report.figures[`import${beside ? 'Beside' : 'Alone'}`] = {
    wholeMs: Math.round(whole.ms),
    interrupted,
    longestMs: Math.round(longest),
  };
  whole = await worker.run('limit_tasks', 'importImage', { runtime, image });
  report.equal('one that nobody interrupts is done', whole.error, undefined);
  report.equal('whole', (await content(runtime)).tables, 't');
  worker.terminate();
  first.terminate();
}

/** What the database has. @param {Runtime} runtime */
async function content(runtime) {
  const db = await open(runtime);
  const all = {
    tables: db
      .prepare("select group_concat(name) from sqlite_schema where type = 'table'")
      .pluck()
      .get(),
    integrity: db.pragma('integrity_check', { simple: true }),
    mode: db.pragma('journal_mode', { simple: true }),
  };
  db.close();
  return all;
}

/** @param {Runtime} runtime */
async function restore(runtime) {
  const db = await open(runtime);
  db.exec(
    'drop table if exists t; create table if not exists old (x); pragma wal_checkpoint(truncate)',
  );
  db.close();
}

/**
 * The connection that comes to those who are there.
 *
 * @param {Runtime} runtime
 * @param {number} there
 */
async function importer(runtime, there) {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const { connections } = diagnostics(runtime);
    if (connections.length > there && connections.every(({ state }) => state === 'live')) {
      return Math.max(...connections.map(({ id }) => id));
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return undefined;
}

/**
 * @param {Report} report
 * @param {Uint8Array} image
 */
async function exports(report, image) {
  const runtime = createRuntime({ name: 'exports' });
  await importDatabase(runtime, { database: image });
  const worker = new TaskWorker('exports');
  const running = worker.run('limit_tasks', 'exportImages', { runtime, times: 1000 });
  await sleep(100);
  let found;
  /** @type {{ error?: { code?: string }, done: number } | undefined} */
  let answer;
  void running.then((result) => {
    answer = result;
  });
  for (const end = performance.now() + 20_000; answer === undefined && performance.now() < end; ) {
    found = await importer(runtime, 0);
    if (found !== undefined) interrupt(runtime, found);
    await sleep(1);
  }
  const { error, done } = await running;
  report.equal('it ends', error?.code, 'SQLITE_INTERRUPT');
  report.below('before the last', done, 1000);
  report.equal('no slot stays taken', diagnostics(runtime).connections.length, 0);
  worker.terminate();
}

/**
 * A worker that is ended in the middle of an import.
 *
 * @param {Report} report
 * @param {Uint8Array} image
 */
async function terminated(report, image) {
  const runtime = createRuntime({ name: 'terminated' });
  const other = await ConnectedWorker.open(runtime, { timeout: 60_000 });
  await other.exec('create table old (x); insert into old values (7)');
  // One whose turn on the processor comes late is ended as it is: a few tries.
  let stopped = 0;
  for (let i = 0; i < 10 && stopped === 0; i++) {
    const worker = new TaskWorker('imports');
    await worker.run('database_tasks', 'load', { wasmModule: await compiledOnce() });
    const shared = share(runtime, worker.worker);
    void worker.run('limit_tasks', 'importImage', { runtime: shared, image, times: 100 });
    await importer(runtime, 1);
    await sleep(20);
    stopped = await terminate(runtime, worker.worker);
  }
  report.equal('it stops by itself', stopped, 1);
  const { ok, ms, error } = await other.attempt('create table if not exists next (x)');
  report.check('the next one commits', ok, error?.message);
  report.below('at once (ms)', ms, 1000);
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  other.terminate();
}
