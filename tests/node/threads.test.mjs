// In Node the threads that share a runtime may end at any moment. That one has ended is told to the
// thread that started it, which has what it held given back: no row is lost that was committed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  createRuntime,
  diagnostics,
  dispose,
  interrupt,
  open,
  share,
  terminate,
} from '../../dist/index.js';

/** @typedef {import('../../dist/index.js').Runtime} Runtime */

const quick = Boolean(process.env.SHAREDWAL_QUICK);
/** What takes milliseconds, on a machine that is busy. */
const SOON_MS = 2000;
const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                 select max(i) from n`;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Thread {
  /** @type {{ resolve: (value: any) => void, reject: (error: unknown) => void }[]} */
  #calls = [];
  worker = new Worker(new URL('thread.mjs', import.meta.url));

  constructor() {
    this.worker.on('message', ({ result, error }) => {
      const call = this.#calls.shift();
      if (error) call?.reject(Object.assign(new Error(error.message), error));
      else call?.resolve(result);
    });
    this.worker.on('error', (error) => {
      for (const call of this.#calls.splice(0)) call.reject(error);
    });
  }

  /** @param {Runtime} runtime */
  static async open(runtime) {
    const thread = new Thread();
    await thread.run('open', { runtime });
    return thread;
  }

  /** With a handle that says whose it is. @param {Runtime} runtime */
  static async openShared(runtime) {
    const thread = new Thread();
    await thread.run('open', { runtime: share(runtime, thread.worker) });
    return thread;
  }

  /** The same, without waiting. @param {Runtime} runtime */
  static async openAtOnce(runtime) {
    const thread = new Thread();
    await thread.run('openAtOnce', { runtime: share(runtime, thread.worker) });
    return thread;
  }

  /**
   * @param {string} task
   * @param {unknown} [argument]
   * @returns {Promise<any>}
   */
  run(task, argument = {}) {
    /** @type {Promise<any>} */
    const answer = new Promise((resolve, reject) => this.#calls.push({ resolve, reject }));
    // That of a thread that is ended does not matter.
    answer.catch(() => {});
    this.worker.postMessage({ task, argument });
    return answer;
  }

  /** @param {string} sql */
  exec(sql) {
    return this.run('exec', { sql });
  }
}

/** @param {() => boolean} holds */
async function until(holds) {
  const start = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - start < 20_000, `still not: ${holds}`);
    await sleep(2);
  }
}

for (const [name, connect, state] of /** @type {const} */ ([
  ['a handle from share()', Thread.openShared, 'live'],
  ['a handle as it is', Thread.open, 'unproven'],
  ['one from share(), opened at once', Thread.openAtOnce, 'live'],
])) {
  test(`a thread ends in its transaction, and the next writer goes on: ${name}`, async () => {
    const runtime = createRuntime({ name: 'ends' });
    const waiter = await connect(runtime);
    await waiter.exec('create table t (x)');
    const stalls = [];
    const times = quick ? 5 : 20;
    for (let i = 1; i <= times; i++) {
      const victim = await connect(runtime);
      await until(() => diagnostics(runtime).connections.every((one) => one.state === state));
      assert.equal(diagnostics(runtime).connections.length, 2);
      await victim.exec('begin immediate; insert into t values (-1)');
      // Asleep, spinning, and idle.
      if (i % 3 === 0) void victim.run('spin');
      if (i % 3 === 1) void victim.exec(`insert into t ${ENDLESS}`);
      const waiting = waiter.exec('insert into t values (1)');
      await sleep(10);
      const exit = once(victim.worker, 'exit');
      void victim.worker.terminate();
      await exit;
      const start = performance.now();
      await waiting;
      stalls.push(performance.now() - start);
      assert.equal(diagnostics(runtime).counters.deaths, i);
      assert.equal(diagnostics(runtime).connections.length, 1);
    }
    const longest = Math.max(...stalls);
    console.log(`${name}: longest stall after the exit ${longest.toFixed(1)} ms`);
    assert.ok(longest < SOON_MS, `${longest} ms`);
    assert.equal(await waiter.run('value', { sql: 'select count(*) from t where x = 1' }), times);
    assert.equal(await waiter.run('value', { sql: 'select count(*) from t' }), times);
    assert.equal(await waiter.run('value', { sql: 'pragma integrity_check' }), 'ok');
    await waiter.worker.terminate();
  });
}

test('threads end at random while they write, and no acknowledged row is lost', async () => {
  const runtime = createRuntime({ name: 'random' });
  const db = await open(runtime);
  db.exec('create table rows (thread integer, n integer, primary key (thread, n)) without rowid');
  const deaths = quick ? 8 : 40;
  const progress = new Int32Array(new SharedArrayBuffer(4 * (deaths + 8)));
  /** @type {{ thread: Thread, index: number, ends: Promise<unknown> }[]} */
  const living = [];
  let started = 0;
  const start = async () => {
    const index = ++started;
    const thread = await (index % 2 === 0 ? Thread.open(runtime) : Thread.openShared(runtime));
    living.push({ thread, index, ends: thread.run('insertWithoutPause', { progress, index }) });
  };
  for (let i = 0; i < 3; i++) await start();
  const written = () => living.reduce((sum, { index }) => sum + Atomics.load(progress, index), 0);
  for (let i = 0; i < deaths; i++) {
    await until(() => living.every(({ index }) => Atomics.load(progress, index) > 0));
    await sleep(Math.random() * 20);
    const [victim] = living.splice(Math.floor(Math.random() * living.length), 1);
    await victim?.thread.worker.terminate();
    const before = written();
    await until(() => written() > before);
    await start();
  }
  await until(() => diagnostics(runtime).counters.deaths === deaths);
  Atomics.store(progress, 0, 1);
  await Promise.all(living.map(({ ends }) => ends));
  const found = db
    .prepare('select count(*) from rows where thread = ? having count(*) = max(n)')
    .pluck();
  for (let index = 1; index <= started; index++) {
    const [acknowledged, rows] = [Atomics.load(progress, index), Number(found.get(index) ?? 0)];
    // It may have died between a commit and its acknowledgement.
    assert.ok(
      rows >= acknowledged && rows <= acknowledged + 3,
      `${index}: ${rows} of ${acknowledged}`,
    );
  }
  assert.ok(Number(db.prepare('select count(*) from rows').pluck().get()) > deaths * 5);
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  assert.equal(diagnostics(runtime).connections.length, 1);
  for (const { thread } of living) await thread.worker.terminate();
  db.close();
});

test('terminate() and interrupt() work between threads', async () => {
  const runtime = createRuntime({ name: 'terminate' });
  const db = await open(runtime);
  db.exec('create table t (x)');
  for (const connect of [Thread.open, Thread.openShared]) {
    const victim = await connect(runtime);
    const running = victim.exec(`insert into t ${ENDLESS}`);
    await sleep(50);
    const ids = diagnostics(runtime).connections.map(({ id }) => id);
    assert.ok(interrupt(runtime, Math.max(...ids)));
    await assert.rejects(running, { code: 'SQLITE_INTERRUPT' });
    await victim.exec('begin immediate; insert into t values (-1)');
    void victim.exec(`insert into t ${ENDLESS}`);
    await sleep(50);
    const exit = once(victim.worker, 'exit');
    assert.equal(await terminate(runtime, victim.worker), 1);
    db.exec('insert into t values (1)');
    await exit;
    await until(() => diagnostics(runtime).connections.length === 1);
  }
  assert.deepEqual(db.prepare('select x from t').pluck().all(), [1, 1]);
  db.close();
});

test('an interrupt beside an iterator ends that as well, and nothing else', async () => {
  const runtime = createRuntime({ name: 'beside' });
  const thread = await Thread.open(runtime);
  await thread.exec('create table t (x)');
  for (const begin of ['select 1', 'begin; insert into t values (1)']) {
    await thread.exec(begin);
    const reading = thread.run('readBesideIterator', { sql: ENDLESS });
    await sleep(50);
    const [connection] = diagnostics(runtime).connections;
    assert.ok(connection && interrupt(runtime, connection.id));
    const [long, rows] = ['SQLITE_INTERRUPT', 'SQLITE_INTERRUPT'];
    assert.deepEqual(await reading, { long, inTransaction: false, short: 1, rows });
  }
  assert.equal(await thread.run('value', { sql: 'select count(*) from t' }), 0);
  await thread.worker.terminate();
});

test('a dead thread is cleaned up after by the next one to come, if nobody else is there', async () => {
  const runtime = createRuntime({ name: 'nobody' });
  const victim = await Thread.openShared(runtime);
  await victim.exec('create table t (x); begin immediate; insert into t values (1)');
  await victim.worker.terminate();
  await until(() => diagnostics(runtime).connections.every(({ state }) => state === 'dead'));
  const db = await open(runtime);
  db.exec('insert into t values (2)');
  assert.deepEqual(db.prepare('select x from t').pluck().all(), [2]);
  assert.equal(diagnostics(runtime).connections.length, 1);
  db.close();
});

test('the next connection in the slot of a thread that has ended is not taken for one of it', async () => {
  const runtime = createRuntime({ name: 'next' });
  const [first, next] = [new Thread(), new Thread()];
  for (const thread of [next, first]) {
    await thread.run('open', { runtime: share(runtime, thread.worker) });
    await thread.run('close');
  }
  const words = new Int32Array(new SharedArrayBuffer(8));
  const opening = next.run('openSlowly', { runtime, words });
  await until(() => Atomics.load(words, 0) > 0);
  assert.equal(Atomics.load(words, 0), 1, 'it is in the middle of opening');
  const exit = once(first.worker, 'exit');
  void first.worker.terminate();
  await exit;
  Atomics.store(words, 1, 1);
  Atomics.notify(words, 1);
  await opening;
  await next.exec('create table t (x)');
  assert.equal(diagnostics(runtime).counters.deaths, 0);
  await next.worker.terminate();
});

test('dispose by force ends the statements of threads', async () => {
  const runtime = createRuntime({ name: 'disposed' });
  const thread = await Thread.open(runtime);
  const running = thread.exec(`create table t as ${ENDLESS}`);
  await sleep(50);
  dispose(runtime, { force: true });
  await assert.rejects(running, { code: 'RUNTIME_DISPOSED' });
  await assert.rejects(thread.exec('select 1'), { code: 'RUNTIME_DISPOSED' });
  await thread.worker.terminate();
});
