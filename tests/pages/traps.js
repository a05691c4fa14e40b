// @ts-check
// The WebAssembly instance of a worker crashes in the middle of what it stores, the worker staying
// alive: at the n-th access to shared memory, for all n of a commit, a checkpoint, an open and a close.
// The others go on at once, and no row is lost whose commit was acknowledged.
import { createRuntime, diagnostics } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { TaskWorker } from './support/task_worker.js';

/** @typedef {import('sharedwal').Runtime} Runtime */

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {{ quick?: string, only?: string, step?: string }} [params] */
export async function run({ quick, only, step: given } = {}) {
  const report = new Report();
  const step = Number(given ?? (quick ? 7 : 1));
  for (const operation of only?.split(',') ?? [
    'commit',
    'unproven commit',
    'checkpoint',
    'close',
    'open',
  ]) {
    await report.part(operation, () => sweep(report, operation, step));
  }
  await report.part('reaping', () => whileReaping(report));
  return report.result();
}

/** @param {string} operation */
function isCommit(operation) {
  return operation === 'commit' || operation === 'unproven commit';
}

/**
 * @param {Report} report
 * @param {string} operation
 * @param {number} step
 */
async function sweep(report, operation, step) {
  let [runtime, waiter, reader] = await shared(operation);
  /** @type {import("sharedwal").Runtime[]} */
  const left = [];
  const stalls = [];
  let crashes = 0;
  let torn = 0;
  for (let n = 1; ; n += step) {
    const worker = new TaskWorker(`${operation} ${n}`);
    const before = diagnostics(runtime).counters;
    await worker.run('trap_tasks', 'prepare', { runtime, operation, run: n });
    // It holds the lock by now where the operation is a commit.
    const waiting =
      operation === 'commit' ? waiter.attempt(`insert into t values (-${n}, 0)`) : undefined;
    if (waiting) await sleep(10);
    /** @type {{ crashed: boolean, accesses: number, error?: import('./support/report.js').DescribedError }} */
    const found = await worker.run('trap_tasks', 'crash', { runtime, operation, run: n, at: n });
    const start = performance.now();
    const { ok, error } = await (waiting ?? waiter.attempt(`insert into t values (-${n}, 0)`));
    stalls.push(performance.now() - start);
    report.check(`${n}: another one commits`, ok, error?.message);
    report.below(`${n}: at once (ms)`, stalls.at(-1) ?? Infinity, 1000);
    const rows = await reader.rows('select n from t where run = ?', [n]);
    const [first, ...others] = rows.flat();
    report.equal(`${n}: the acknowledged row is there`, first, 1);
    report.check(
      `${n}: the transaction is there whole or not at all`,
      others.length === 0 || others.length === 3,
      `${others}`,
    );
    report.equal(`${n}: integrity`, await reader.value('pragma integrity_check'), 'ok');
    if (!found.crashed) {
      report.equal(`${n}: the operation has no more accesses`, found.error, undefined);
      if (isCommit(operation)) report.equal(`${n}: it committed`, others, [2, 3, 4]);
      worker.terminate();
      break;
    }
    crashes += 1;
    if (isCommit(operation) && others.length > 0) torn += 1;
    report.error(`${n}: the call says so`, found.error, { type: 'SqliteError', code: 'POISONED' });
    report.error(`${n}: and the next`, await worker.run('trap_tasks', 'next', { runtime }), {
      type: 'SqliteError',
      code: 'POISONED',
    });
    // One that crashed before it was attached holds nothing; its slot is taken away some seconds later.
    const attached = () =>
      diagnostics(runtime).connections.filter(({ state }) => state !== 'attaching').length;
    await until(() => attached() === 2);
    report.equal(`${n}: its slot is free`, attached(), 2);
    // The others may have been given back before.
    if (isCommit(operation) || operation === 'checkpoint') {
      const { deaths } = diagnostics(runtime).counters;
      report.check(`${n}: it was reaped`, deaths > before.deaths, `${deaths} deaths`);
    }
    worker.terminate();
    if (diagnostics(runtime).connections.length > 2) {
      // The next one would find its slot one access later, and so on.
      left.push(runtime);
      for (const one of [waiter, reader]) one.terminate();
      [runtime, waiter, reader] = await shared(operation);
    }
  }
  const inserted = await reader.value('select count(*) from t where run < 0');
  if (left.length === 0) {
    report.equal('every commit of the others is there', inserted, stalls.length);
  }
  for (const [number, one] of left.entries()) {
    const attaching = () =>
      diagnostics(one).connections.filter(({ state }) => state === 'attaching').length;
    await until(() => attaching() === 0, 60_000);
    report.equal(`no slot is kept, ${number}`, attaching(), 0);
  }
  report.atLeast('crashes', crashes, isCommit(operation) ? 30 / step : 3);
  stalls.sort((a, b) => a - b);
  report.figures[operation] = {
    crashes,
    committedAllTheSame: torn,
    medianMs: Math.round(stalls[stalls.length >> 1] ?? 0),
    longestMs: Math.round(stalls.at(-1) ?? 0),
  };
  waiter.terminate();
  reader.terminate();
}

/**
 * A runtime with two connections, one of them to wait for the others.
 *
 * @param {string} name
 * @returns {Promise<[import('sharedwal').Runtime, ConnectedWorker, ConnectedWorker]>}
 */
async function shared(name) {
  const runtime = createRuntime({ name });
  const [waiter, reader] = await Promise.all([
    ConnectedWorker.open(runtime, { timeout: 60_000 }),
    ConnectedWorker.open(runtime),
  ]);
  await waiter.exec('create table t (run integer, n integer, primary key (run, n)) without rowid');
  return [runtime, waiter, reader];
}

/**
 * @param {() => boolean} holds
 * @param {number} ms
 */
async function until(holds, ms = 10_000) {
  for (const end = performance.now() + ms; !holds() && performance.now() < end; ) await sleep(2);
}

/**
 * The instance crashes when the event loop calls it, to clean up after another worker. Nobody called
 * it that could be told, and the next one to have the proof takes over.
 *
 * @param {Report} report
 */
async function whileReaping(report) {
  for (const at of [1, 2, 3, 5, 8, 13]) {
    const runtime = createRuntime({ name: 'reaping' });
    const victim = await ConnectedWorker.open(runtime);
    await victim.exec('create table t (x); insert into t values (1); begin immediate');
    const reaper = new TaskWorker('reaper');
    await reaper.run('trap_tasks', 'prepare', { runtime, operation: 'idle', run: 0 });
    await reaper.run('trap_tasks', 'arm', { at });
    const waiter = await ConnectedWorker.open(runtime, { timeout: 60_000 });
    await reaper.run('trap_tasks', 'arm', { at });
    const waiting = waiter.attempt('insert into t values (2)');
    await sleep(20);
    victim.terminate();
    const { ok, error } = await waiting;
    report.check(`${at}: the sleeper goes on`, ok, error?.message);
    const crashed = await reaper.run('trap_tasks', 'crashed', {});
    if (crashed) {
      report.error(
        `${at}: the reaper's next call`,
        await reaper.run('trap_tasks', 'next', { runtime }),
        {
          type: 'SqliteError',
          code: 'POISONED',
        },
      );
      await until(() => diagnostics(runtime).connections.length === 1);
      report.equal(`${at}: both are reaped`, diagnostics(runtime).connections.length, 1);
    }
    report.figures[`reaping${at}`] = crashed;
    report.equal(`${at}: rows`, await waiter.rows('select x from t'), [[1], [2]]);
    reaper.terminate();
    waiter.terminate();
  }
}
