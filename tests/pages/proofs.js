// @ts-check
// The proof of life: a worker holds one Web Lock for all of its connections to a runtime.
import { createRuntime, diagnostics } from 'sharedwal';
import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  SLOT_LIVE,
  SLOTS,
  WORD,
  WORKER_VOUCHED,
} from '../../dist/layout.js';
import { watch } from '../../dist/lease.js';
import { PLACES, STATES } from '../../dist/watch.js';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { pause, Signals } from './support/signals.js';
import { TaskWorker } from './support/task_worker.js';

/** @typedef {import('sharedwal').Runtime} Runtime */

/** A terminated worker may go on for 2 s in Chromium; ten times that is an error. */
const LIMIT_MS = 20_000;
const WRITTEN = 0;

export async function run() {
  const report = new Report();
  await report.part('one lock', () => oneLock(report));
  await report.part('dies', () => dies(report));
  await report.part('at once', () => atOnce(report));
  await report.part('too late', () => tooLate(report));
  await report.part('vouched', () => vouched(report));
  await report.part('written over', () => writtenOver(report));
  return report.result();
}

/** @param {() => boolean | Promise<boolean>} holds */
async function until(holds) {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > LIMIT_MS) throw new Error(`still not: ${holds}`);
    await pause(5);
  }
}

/** The locks that are held alone: who gets the proof of a death holds the lock beside others. */
async function heldFor(/** @type {Runtime} */ runtime) {
  const { held = [] } = await navigator.locks.query();
  return held.flatMap(({ name, mode }) =>
    name?.includes(runtime.id) && mode === 'exclusive' ? [name] : [],
  );
}

/** @param {Runtime} runtime */
const states = (runtime) => diagnostics(runtime).connections.map(({ state }) => state);

/**
 * It outlives the connection for which it was taken, and no connection of the worker.
 *
 * @param {Report} report
 */
async function oneLock(report) {
  const runtime = createRuntime({ name: 'one' });
  const worker = new ConnectedWorker('one');
  await Promise.all(['a', 'b', 'c'].map((key) => worker.connect(runtime, {}, key)));
  const held = await heldFor(runtime);
  report.equal('three that were opened together have one lock', held.length, 1);
  report.equal('by which all three are proved', states(runtime), ['live', 'live', 'live']);
  for (const key of ['a', 'b']) await worker.close(key);
  await worker.connect(runtime, {}, 'd');
  await worker.close('c');
  report.equal('it stays as long as there is one', await heldFor(runtime), held);
  report.equal('which it proves', states(runtime), ['live']);
  await worker.close('d');
  await until(async () => (await heldFor(runtime)).length === 0);
  await worker.connect(runtime, {}, 'e');
  const next = await heldFor(runtime);
  report.equal('the next one has a lock again', next.length, 1);
  report.check('of another name', next[0] !== held[0], next[0]);
  report.equal('nobody was taken for dead', diagnostics(runtime).counters.deaths, 0);
  worker.terminate();
}

/**
 * All connections of a worker die with it, also where the one is closed for which the lock was taken.
 *
 * @param {Report} report
 */
async function dies(report) {
  const runtime = createRuntime({ name: 'dies' });
  const other = await ConnectedWorker.open(runtime, { timeout: LIMIT_MS }, 'other');
  await other.exec('create table t (x)');
  const worker = new ConnectedWorker('dies');
  for (const key of ['first', 'writer', 'reader']) await worker.connect(runtime, {}, key);
  await worker.close('first');
  await worker.exec('begin; select * from t', 'reader');
  await worker.exec('begin immediate; insert into t values (1)', 'writer');
  const waiting = other.attempt('insert into t values (2)');
  await pause(50);
  worker.terminate();
  const { ok, error } = await waiting;
  report.check('the next writer gets the lock', ok, error?.message);
  await until(() => diagnostics(runtime).counters.deaths === 2);
  report.equal('deaths', diagnostics(runtime).counters, {
    ...diagnostics(runtime).counters,
    deaths: 2,
    evictions: 0,
  });
  report.equal('one is left', states(runtime), ['live']);
  report.equal('what was committed', await other.rows('select x from t'), [[2]]);
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  other.terminate();
}

/**
 * In a worker that has the lock, whoever is opened at once has proof at once; the event loop need not run.
 *
 * @param {Report} report
 */
async function atOnce(report) {
  const runtime = createRuntime({ name: 'at once' });
  const other = await ConnectedWorker.open(runtime, { timeout: LIMIT_MS }, 'other');
  await other.exec('create table t (x)');
  const worker = await ConnectedWorker.open(runtime, {}, 'sleeps');
  await worker.run('opening_tasks', 'register', { runtime });
  const signals = new Signals();
  const then = 'asleep';
  worker.run('opening_tasks', 'openAndWrite', { signals: signals.buffer, then });
  await signals.reached(WRITTEN, 1);
  report.equal('all are proved', states(runtime), ['live', 'live', 'live']);
  worker.terminate();
  const { ok, error } = await other.attempt('insert into t values (1)');
  report.check('another one gets on', ok, error?.message);
  await until(() => diagnostics(runtime).counters.deaths === 2);
  report.equal('nobody was evicted', diagnostics(runtime).counters.evictions, 0);
  report.equal('what was committed', await other.rows('select x from t'), [[1]]);
  other.terminate();
}

/**
 * One that slept until it was evicted gets its proof when its slot is another's. That one is left alone, and
 * its death is noticed.
 *
 * @param {Report} report
 */
async function tooLate(report) {
  const runtime = createRuntime({ name: 'too late', lockStaleMs: 400 });
  const other = await ConnectedWorker.open(runtime, { timeout: LIMIT_MS }, 'other');
  await other.exec('create table t (x)');
  const sleeper = new TaskWorker('sleeps');
  await sleeper.run('opening_tasks', 'register', { runtime });
  const signals = new Signals();
  const asleep = sleeper.run('opening_tasks', 'openAndSleep', {
    signals: signals.buffer,
    ms: 6000,
  });
  await signals.reached(WRITTEN, 1);
  await until(() => diagnostics(runtime).counters.deaths === 1);
  const victim = await ConnectedWorker.open(runtime, {}, 'victim');
  const slots = () => diagnostics(runtime).connections.map(({ slot, state }) => [slot, state]);
  const taken = [
    [0, 'live'],
    [1, 'live'],
  ];
  report.equal('its slot is taken', slots(), taken);
  await victim.exec('begin immediate; insert into t values (1)');
  await asleep;
  await pause(200);
  report.equal('and stays so', slots(), taken);
  victim.terminate();
  const { ok, error } = await other.attempt('insert into t values (2)');
  report.check('the next writer gets the lock', ok, error?.message);
  report.equal('what was committed', await other.rows('select x from t'), [[2]]);
  for (const worker of [other, sleeper]) worker.terminate();
}

/**
 * Somebody vouches for the worker's end, as in Node, and no Web Lock is wanted: none proves anything, and that
 * none is held is no proof of a death.
 *
 * @param {Report} report
 */
async function vouched(report) {
  const runtime = createRuntime({ name: 'vouched', webLocks: false });
  const other = await ConnectedWorker.open(runtime, {}, 'other');
  const handle = { ...runtime, worker: WORKER_VOUCHED + 7 };
  const worker = await ConnectedWorker.open(handle, {}, 'vouched');
  await worker.exec('create table t (x); begin immediate; insert into t values (1)');
  const state = () => diagnostics(runtime).connections[1]?.state;
  report.equal('it is proved', state(), 'live');
  await pause(2500);
  report.equal('and nobody is taken for dead', diagnostics(runtime).counters.deaths, 0);
  report.equal('it is still there', state(), 'live');
  await worker.exec('commit');
  report.equal('its rows are', await other.rows('select x from t'), [[1]]);
  for (const one of [other, worker]) one.terminate();
}

/**
 * One that was slow to attach, and whose slot is another's by then, may say what proves its life where
 * that one says it. That proves nothing, and nobody may be taken for dead by it.
 *
 * @param {Report} report
 */
async function writtenOver(report) {
  const [slot, generation, proof, slowProof] = [3, 7, 1234, 99];
  const words = new Int32Array(
    new SharedArrayBuffer(4 * (WORD.CONNECTIONS + SLOTS * CONNECTION_STRIDE)),
  );
  const connection = WORD.CONNECTIONS + slot * CONNECTION_STRIDE;
  const idOf = (/** @type {number} */ ofGeneration) => ofGeneration * SLOTS + slot;
  const runtime = crypto.randomUUID();
  /** @type {number[][]} */
  const reaped = [];
  const stop = watch(
    runtime,
    /** @type {SharedArrayBuffer} */ (words.buffer),
    PLACES,
    STATES,
    (...dead) => reaped.push(dead),
    () => {},
  );
  // The slow one is of the generation before. Each of the words may be the one's or the other's.
  const checks = [proof ^ idOf(generation), slowProof ^ idOf(generation - 1)];
  Atomics.store(words, WORD.SLOTS + slot, (generation << 8) | SLOT_LIVE);
  for (const [told, check] of [
    [slowProof, checks[0]],
    [proof, checks[1]],
    [slowProof, checks[1]],
  ]) {
    Atomics.store(words, connection + CONNECTION_WORD.PROOF, Number(told));
    Atomics.store(words, connection + CONNECTION_WORD.PROOF_CHECK, Number(check));
    Atomics.add(words, WORD.ROSTER, 1);
    Atomics.notify(words, WORD.ROSTER);
    await pause(100);
    report.equal(`${told} with ${check} proves nothing`, reaped, []);
  }
  // Nobody has this lock: the same slot, when its own words say so.
  Atomics.store(words, connection + CONNECTION_WORD.PROOF, proof);
  Atomics.store(words, connection + CONNECTION_WORD.PROOF_CHECK, Number(checks[0]));
  Atomics.add(words, WORD.ROSTER, 1);
  Atomics.notify(words, WORD.ROSTER);
  await until(() => reaped.length > 0);
  report.equal('its own words do', reaped[0], [slot, generation]);

  // Written over when it was seen by who watches, it stays what it was seen to be.
  reaped.length = 0;
  /** @type {(value?: unknown) => void} */
  let die = () => {};
  const life = new Promise((resolve) => {
    die = resolve;
  });
  const name = `sharedwal:${runtime}:${proof + 1}`;
  await new Promise((held) => {
    navigator.locks.request(name, () => {
      held(undefined);
      return life;
    });
  });
  const tell = (/** @type {number} */ told, /** @type {number} */ check) => {
    Atomics.store(words, connection + CONNECTION_WORD.PROOF, told);
    Atomics.store(words, connection + CONNECTION_WORD.PROOF_CHECK, check);
    Atomics.store(words, WORD.SLOTS + slot, ((generation + 1) << 8) | SLOT_LIVE);
    Atomics.add(words, WORD.ROSTER, 1);
    Atomics.notify(words, WORD.ROSTER);
  };
  tell(proof + 1, (proof + 1) ^ idOf(generation + 1));
  const queued = async () => {
    const { pending = [] } = await navigator.locks.query();
    return pending.some((lock) => lock.name === name);
  };
  await until(queued);
  tell(slowProof, slowProof ^ idOf(generation));
  await pause(100);
  report.equal('it lives', reaped, []);
  die();
  await until(() => reaped.length > 0);
  report.equal('until its lock is free', reaped, [[slot, generation + 1]]);
  stop();
}
