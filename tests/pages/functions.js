// @ts-check
// What happens to a statement in the middle of whose functions others ask for its end, take the
// connection for dead, or the WebAssembly instance crashes: a clear error, and nothing is half done.
import { createRuntime, diagnostics, dispose, interrupt, share, terminate } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { TaskWorker } from './support/task_worker.js';

/** @typedef {import('sharedwal').Runtime} Runtime */

// Each takes 5 ms a row, and so 15 s without an end.
const STATEMENTS = {
  'a function': 'insert into t select slow(x) from many',
  'an aggregate': 'insert into t select slow_sum(x) from many',
  'a table': 'insert into t select x from slow_rows limit 3000',
};

export async function run() {
  const report = new Report();
  await report.part('interrupt', () => interrupted(report));
  await report.part('terminate', () => terminated(report));
  await report.part('dispose', () => disposed(report));
  await report.part('eviction', () => evicted(report));
  await report.part('crash', () => crashed(report));
  await report.part('closing', () => closed(report));
  return report.result();
}

/**
 * @param {string} name
 * @param {import('sharedwal').RuntimeOptions} [options]
 */
async function shared(name, options) {
  const runtime = createRuntime({ name, ...options });
  const other = await ConnectedWorker.open(runtime, { timeout: 60_000 });
  await other.exec(`create table t (x); create table many (x);
                    with recursive n (i) as (select 1 union all select i + 1 from n limit 3000)
                    insert into many select i from n`);
  const worker = new TaskWorker(name);
  const begun = new SharedArrayBuffer(4);
  const id = await worker.run('function_tasks', 'connect', {
    runtime: share(runtime, worker.worker),
    begun,
  });
  const words = new Int32Array(begun);
  const rows = async (/** @type {number} */ count) => {
    while (Atomics.load(words, 0) < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  /** Starts a statement; it is in the middle of its third row then. @param {string} sql */
  const start = async (sql) => {
    Atomics.store(words, 0, 0);
    const running = worker.run('function_tasks', 'attempt', { sql });
    running.catch(() => {});
    await rows(3);
    // Wrapped: an async function would wait for it.
    return { running };
  };
  return { runtime, other, worker, id, start, rows };
}

/** @param {Report} report */
async function interrupted(report) {
  const { runtime, other, worker, id, start } = await shared('interrupted');
  for (const [kind, sql] of Object.entries(STATEMENTS)) {
    const { running } = await start(sql);
    const began = performance.now();
    report.check(`${kind}: it is asked`, interrupt(runtime, id));
    const { error, inTransaction } = await running;
    report.error(`${kind}: it ends`, error, { type: 'SqliteError', code: 'SQLITE_INTERRUPT' });
    report.below(`${kind}: soon (ms)`, performance.now() - began, 2000);
    report.equal(`${kind}: no transaction is left`, inTransaction, false);
    report.equal(`${kind}: nothing was written`, await other.value('select count(*) from t'), 0);
    report.equal(
      `${kind}: the connection goes on`,
      await worker.run('function_tasks', 'value', { sql: 'select slow(5)' }),
      5,
    );
  }
  worker.terminate();
  other.terminate();
}

/** @param {Report} report */
async function terminated(report) {
  for (const [kind, sql] of Object.entries(STATEMENTS)) {
    let stopped = 0;
    // A worker has 20 ms to stop by itself, which a busy machine may not give it.
    for (let i = 0; i < 5 && stopped === 0; i++) {
      const { runtime, other, worker, start } = await shared('terminated');
      await start(sql);
      stopped = await terminate(runtime, worker.worker);
      const { ok, error } = await other.attempt('insert into t values (1)');
      report.check(`${kind}: the next one commits`, ok, error?.message);
      const rows = await other.rows('select x from t');
      report.equal(`${kind}: nothing of it was written`, rows, [[1]]);
      other.terminate();
    }
    report.equal(`${kind}: it stops by itself`, stopped, 1);
  }
}

/** @param {Report} report */
async function disposed(report) {
  for (const [kind, sql] of Object.entries(STATEMENTS)) {
    const { runtime, other, worker, start } = await shared('disposed');
    const { running } = await start(sql);
    const began = performance.now();
    dispose(runtime, { force: true });
    const { error } = await running;
    report.error(`${kind}: it ends`, error, { type: 'SqliteError', code: 'RUNTIME_DISPOSED' });
    report.below(`${kind}: soon (ms)`, performance.now() - began, 2000);
    worker.terminate();
    other.terminate();
  }
}

/** @param {Report} report */
async function evicted(report) {
  const options = { lockStaleMs: 400, webLocks: false };
  const { runtime, other, worker, rows } = await shared('evicted', options);
  const asleep = worker.run('function_tasks', 'sleep', { ms: 3000 });
  await rows(1);
  const { ok, error } = await other.attempt('insert into t values (1)');
  report.check('another one commits while a function sleeps', ok, error?.message);
  report.atLeast('the connection was evicted', diagnostics(runtime).counters.evictions, 1);
  const found = await asleep;
  report.error('its statement says so', found.error, { type: 'SqliteError', code: 'EVICTED' });
  report.equal('nothing of it was written', await other.rows('select x from t'), [[1]]);
  worker.terminate();
  other.terminate();
}

/** @param {Report} report */
async function crashed(report) {
  const { runtime, other, worker } = await shared('crashed');
  const second = createRuntime({ name: 'second' });
  report.merge(await worker.run('function_tasks', 'crashing', { runtime, other: second }));
  const { ok, error } = await other.attempt('insert into t values (1)');
  report.check('another one commits', ok, error?.message);
  report.equal('nothing of it was written', await other.rows('select x from t'), [[1]]);
  worker.terminate();
  other.terminate();
}

/** @param {Report} report */
async function closed(report) {
  const worker = new TaskWorker('closes');
  const runtime = createRuntime({ name: 'closed' });
  report.merge(await worker.run('function_tasks', 'closing', { runtime }));
  worker.terminate();
}
