// @ts-check
// Workers are ended in the middle of what they do: their locks become free, and no row is lost
// whose commit they had seen.
import { createRuntime, diagnostics, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { TaskWorker } from './support/task_worker.js';

/** A terminated worker may go on for 2 s in Chromium; ten times that is an error. */
const LIMIT_MS = 20_000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {{ quick?: string, seed?: string }} [params] */
export async function run({ quick, seed } = {}) {
  const report = new Report();
  await report.part('writer', () => inTransaction(report));
  await report.part('reader', () => inSnapshot(report));
  await report.part('idle debtor', () => idleDebtor(report));
  await report.part('creator without a connection', () => unconnectedCreator(report));
  await report.part('creator dies', () => creatorDies(report));
  await report.part('at random', () =>
    atRandom(report, quick ? 6 : 20, Number(seed ?? Date.now())),
  );
  return report.result();
}

/**
 * @param {() => boolean} holds
 * @returns {Promise<number>} milliseconds until it held
 */
async function until(holds) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > LIMIT_MS) throw new Error(`still not: ${holds}`);
    await sleep(5);
  }
  return performance.now() - start;
}

/**
 * The page that made the runtime has no connection, and the only living one is asleep, waiting for
 * the lock of the dead one.
 *
 * @param {Report} report
 */
async function unconnectedCreator(report) {
  const runtime = createRuntime({ name: 'unconnected' });
  const [victim, waiter] = await Promise.all([
    ConnectedWorker.open(runtime),
    ConnectedWorker.open(runtime, { timeout: LIMIT_MS }),
  ]);
  await victim.exec('create table t (x); begin immediate; insert into t values (1)');
  const waiting = waiter.attempt('insert into t values (2)');
  await sleep(50);
  victim.terminate();
  const { ok, ms, error } = await waiting;
  report.check('the sleeper gets the lock', ok, error?.message);
  report.figures.unconnectedMs = Math.round(ms);
  report.equal('committed rows alone', await waiter.rows('select x from t'), [[2]]);
  report.equal('deaths', diagnostics(runtime).counters.deaths, 1);
  waiter.terminate();
  // Nobody is left to clean up: the next one to come does.
  await until(() => diagnostics(runtime).connections.every(({ state }) => state === 'dead'));
  const next = await ConnectedWorker.open(runtime);
  await next.exec('insert into t values (3)');
  report.equal('deaths', diagnostics(runtime).counters.deaths, 2);
  report.equal('connections', diagnostics(runtime).connections.length, 1);
  report.equal('and the database is whole', await next.value('pragma integrity_check'), 'ok');
  next.terminate();
}

/**
 * A worker made the runtime, and is ended in the middle of a transaction. The page that only got
 * the handle has a connection, and takes over.
 *
 * @param {Report} report
 */
async function creatorDies(report) {
  const creator = new ConnectedWorker('creator');
  const runtime = await creator.run('database_tasks', 'createAndOpen', { name: 'orphan' });
  await creator.exec('create table t (x); insert into t values (1); begin immediate');
  const waiter = await ConnectedWorker.open(runtime, { timeout: LIMIT_MS });
  const sleeper = await ConnectedWorker.open(runtime, { timeout: LIMIT_MS });
  const waiting = [waiter, sleeper].map((one) => one.attempt('insert into t values (2)'));
  const idle = await ConnectedWorker.open(runtime);
  await sleep(50);
  creator.terminate();
  for (const { ok, error } of await Promise.all(waiting)) {
    report.check('the others go on', ok, error?.message);
  }
  report.equal('rows', await idle.rows('select x from t'), [[1], [2], [2]]);
  report.equal('deaths', diagnostics(runtime).counters.deaths, 1);
  for (const worker of [waiter, sleeper, idle]) worker.terminate();
}

/** A dead writer's transaction is rolled back, and the next writer is woken. @param {Report} report */
async function inTransaction(report) {
  const runtime = createRuntime({ name: 'dead-writer' });
  const watcher = await open(runtime);
  const [victim, waiter] = await Promise.all([
    ConnectedWorker.open(runtime),
    ConnectedWorker.open(runtime, { timeout: LIMIT_MS }),
  ]);
  await victim.exec('create table t (x); insert into t values (1)');
  await victim.exec('begin immediate; insert into t values (2)');
  const waiting = waiter.attempt('insert into t values (3)');
  await sleep(50);
  victim.terminate();
  const { ok, ms, error } = await waiting;
  report.check('the next writer gets the lock', ok, error?.message);
  report.figures.writerMs = Math.round(ms);
  report.equal('committed rows alone', await waiter.rows('select x from t order by x'), [[1], [3]]);
  report.equal('integrity', await waiter.value('pragma integrity_check'), 'ok');
  report.equal('deaths', diagnostics(runtime).counters.deaths, 1);
  report.equal('connections', diagnostics(runtime).connections.length, 2);
  await waiter.close();
  waiter.terminate();
  watcher.close();
}

/**
 * Somebody dies in the middle of a publish, and is not known to be dead yet; so another one's commit cannot be
 * published, and its lock is kept. Others must not have to wait until that one runs another statement.
 *
 * @param {Report} report
 */
async function idleDebtor(report) {
  const runtime = createRuntime({ name: 'idle-debtor' });
  const [debtor, other] = await Promise.all([
    ConnectedWorker.open(runtime),
    ConnectedWorker.open(runtime, { timeout: LIMIT_MS }),
  ]);
  await debtor.exec('create table t (x); begin immediate; insert into t values (1)');
  // Its slot + 1, as `layout.rs` has it: nobody else has that slot.
  const [publisher, dying] = [1, 61];
  const words = new Int32Array(runtime.control);
  Atomics.store(words, publisher, dying);
  await debtor.exec('commit');
  const locks = () => diagnostics(runtime).connections.flatMap(({ locks }) => locks);
  const kept = () => locks().some(({ name, exclusive }) => name === 'WRITE' && exclusive);
  report.check('the lock is kept', kept(), JSON.stringify(locks()));
  const waiting = other.attempt('insert into t values (2)');
  await sleep(300);
  report.check('as long as nobody can know of the commit', kept());
  Atomics.store(words, publisher, 0);
  const { ok, ms, error } = await waiting;
  report.check('and no longer', ok, error?.message);
  report.figures.idleDebtorMs = Math.round(ms);
  report.equal('rows', await other.rows('select x from t'), [[1], [2]]);
  report.equal('rows there', await debtor.rows('select x from t'), [[1], [2]]);
  for (const worker of [debtor, other]) worker.terminate();
}

/** A dead reader pins nothing any more. @param {Report} report */
async function inSnapshot(report) {
  const runtime = createRuntime({ name: 'dead-reader' });
  const [victim, other] = await Promise.all([
    ConnectedWorker.open(runtime),
    ConnectedWorker.open(runtime),
  ]);
  await other.exec('create table t (x); insert into t values (1)');
  await victim.exec('begin; select * from t');
  await other.exec('insert into t values (2)');
  await other.exec('pragma busy_timeout = 0');
  const pinned = await other.rows('pragma wal_checkpoint(truncate)');
  report.equal('a snapshot pins the log', pinned[0]?.[0], 1);
  victim.terminate();
  await until(() => diagnostics(runtime).counters.deaths === 1);
  const free = await other.rows('pragma wal_checkpoint(truncate)');
  report.equal('until its reader is dead', free[0]?.[0], 0);
  await other.close();
  other.terminate();
}

/**
 * @param {Report} report
 * @param {number} deaths
 * @param {number} seed
 */
async function atRandom(report, deaths, seed) {
  let state = seed >>> 0;
  const random = (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const runtime = createRuntime({ name: 'random-deaths' });
  const db = await open(runtime);
  db.exec('create table rows (worker integer, n integer, primary key (worker, n)) without rowid');
  const progress = new Int32Array(new SharedArrayBuffer(4 * (deaths + 8)));
  /** @type {{ worker: TaskWorker, index: number, ends: Promise<unknown> }[]} */
  const living = [];
  let started = 0;
  const start = () => {
    const index = ++started;
    const worker = new TaskWorker(`writer ${index}`);
    const ends = worker.run('death_tasks', 'insertWithoutPause', { runtime, progress, index });
    // The promise of one that is ended does not matter.
    ends.catch(() => {});
    living.push({ worker, index, ends });
  };
  const committed = () => living.reduce((sum, { index }) => sum + Atomics.load(progress, index), 0);

  for (let i = 0; i < 3; i++) start();
  const stalls = [];
  for (let i = 0; i < deaths; i++) {
    const before = committed();
    await until(() => committed() > before);
    await sleep(random(120));
    // One that is still being opened holds nothing, and its end is no death of a connection.
    await until(() => living.every(({ index }) => Atomics.load(progress, index) > 0));
    const [victim] = living.splice(random(living.length), 1);
    if (victim === undefined) throw new Error('nobody left');
    victim.worker.terminate();
    const then = committed();
    stalls.push(await until(() => committed() > then));
    start();
  }
  await until(() => diagnostics(runtime).counters.deaths === deaths);
  Atomics.store(progress, 0, 1);
  await Promise.all(living.map(({ ends }) => ends));
  for (const { worker } of living) worker.terminate();

  const rows = db
    .prepare('select max(n) from rows where worker = ? having count(*) = max(n)')
    .pluck();
  for (let index = 1; index <= started; index++) {
    const acknowledged = Atomics.load(progress, index);
    const found = Number(rows.get(index) ?? 0);
    // It may have died between a commit and its acknowledgement.
    report.check(
      `writer ${index}: no row is missing`,
      found >= acknowledged && found <= acknowledged + 3,
      `${found} rows, ${acknowledged} acknowledged`,
    );
  }
  const total = Number(db.prepare('select count(*) from rows').pluck().get());
  report.atLeast('rows in all', total, deaths * 20);
  report.equal('integrity', db.pragma('integrity_check', { simple: true }), 'ok');
  report.equal('deaths', diagnostics(runtime).counters.deaths, deaths);
  report.equal('connections left', diagnostics(runtime).connections.length, 1);
  report.figures.seed = seed;
  report.figures.longestStallMs = Math.round(Math.max(...stalls));
  db.close();
}
