// @ts-check
// Without Web Locks nobody can prove a death: a connection of which nothing is heard is taken for dead,
// and nothing of it reaches the database when it goes on after all.
import { createRuntime, diagnostics } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { pause, Signals } from './support/signals.js';

/** @typedef {import('sharedwal').Runtime} Runtime */

const STALE_MS = 400;
const ASLEEP = 0;
const AWAKE = 1;

export async function run() {
  const report = new Report();
  await report.part('a writer', () => writer(report));
  await report.part('a reader', () => reader(report));
  await report.part('nobody waits', () => nobodyWaits(report));
  await report.part('a worker that ends', () => ended(report));
  await report.part('a long statement', () => longStatement(report));
  await report.part('with Web Locks', () => withWebLocks(report));
  await report.part('attached by SQL', () => attached(report));
  return report.result();
}

/**
 * A runtime without Web Locks, with a table.
 *
 * @param {string} name
 * @param {import('sharedwal').RuntimeOptions} [options]
 */
async function database(name, options = { lockStaleMs: STALE_MS, webLocks: false }) {
  const runtime = createRuntime({ name, ...options });
  const other = await ConnectedWorker.open(runtime, { timeout: 60_000 }, 'other');
  await other.exec('create table t (x); insert into t values (1)');
  const zombie = await ConnectedWorker.open(runtime, {}, 'zombie');
  return { runtime, other, zombie, signals: new Signals() };
}

/** @param {Runtime} runtime */
function counts(runtime) {
  const { counters, connections } = diagnostics(runtime);
  const { deaths, evictions } = counters;
  return { deaths, evictions, connections: connections.length };
}

/** @param {Report} report */
async function writer(report) {
  const { runtime, other, zombie, signals } = await database('silent_writer');
  report.equal(
    'nobody could prove their death',
    diagnostics(runtime).connections.map(({ state }) => state),
    ['unproven', 'unproven'],
  );
  const after = [
    'insert into t values (3)',
    'commit',
    'select 1',
    'begin immediate',
    'pragma wal_checkpoint(truncate)',
    'rollback',
  ];
  const going = zombie.run('zombie_tasks', 'sleepAndGoOn', {
    before: 'begin immediate; insert into t values (2)',
    after,
    signals: signals.buffer,
  });
  await signals.reached(ASLEEP, 1);
  const { ok, ms } = await other.attempt('insert into t values (4)');
  report.check('another one gets on', ok);
  report.below('soon (ms)', ms, 10 * STALE_MS);
  report.figures['eviction to the next commit (ms)'] = Math.round(ms);
  report.equal('counted', counts(runtime), { deaths: 1, evictions: 1, connections: 1 });
  signals.add(AWAKE);
  /** @type {import('./workers/zombie_tasks.js').Outcome[]} */
  const outcomes = await going;
  for (const { sql, error } of outcomes.slice(0, after.length)) {
    report.error(`${sql}: refused`, error, {
      type: 'SqliteError',
      code: 'EVICTED',
      message: /lockStaleMs/,
    });
  }
  report.equal('closing frees what it has here', outcomes.at(-1), { sql: 'close' });
  report.equal('rows', await other.rows('select x from t order by x'), [[1], [4]]);
  await other.exec('pragma wal_checkpoint(truncate)');
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  // The worker is none the worse for it.
  await zombie.connect(runtime);
  await zombie.exec('insert into t values (5)');
  report.equal('rows afterwards', await other.rows('select x from t order by x'), [[1], [4], [5]]);
  report.equal('counted afterwards', counts(runtime), { deaths: 1, evictions: 1, connections: 2 });
  await zombie.close();
  await other.close();
  report.equal('all slots are free', counts(runtime).connections, 0);
  zombie.terminate();
  other.terminate();
}

/** @param {Report} report */
async function reader(report) {
  const { runtime, other, zombie, signals } = await database('silent_reader');
  await other.exec(`insert into t
    with recursive n (i) as (select 2 union all select i + 1 from n limit 50000)
    select printf('%.200c', 'x') from n`);
  const going = zombie.run('zombie_tasks', 'sleepInResult', {
    sql: 'select * from t',
    signals: signals.buffer,
  });
  await signals.reached(ASLEEP, 1);
  await other.exec('update t set x = 0');
  // Waits for the reader, and so evicts it.
  report.equal('checkpoint', (await other.rows('pragma wal_checkpoint(truncate)'))[0], [0, 0, 0]);
  report.equal('counted', counts(runtime), { deaths: 1, evictions: 1, connections: 1 });
  signals.add(AWAKE);
  const { before, after, error } = await going;
  report.equal('rows before', before, 10);
  report.below('rows that it had already', after, 50_000);
  report.error('then it is told', error, { type: 'SqliteError', code: 'EVICTED' });
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  zombie.terminate();
  other.terminate();
}

/** The context that created the runtime has no connection, and evicts all the same. @param {Report} report */
async function nobodyWaits(report) {
  const { runtime, other, zombie, signals } = await database('nobody_waits');
  await other.close();
  const going = zombie.run('zombie_tasks', 'sleepAndGoOn', {
    before: 'begin immediate; insert into t values (2)',
    after: ['commit'],
    signals: signals.buffer,
  });
  await signals.reached(ASLEEP, 1);
  const start = performance.now();
  while (counts(runtime).evictions === 0 && performance.now() - start < 60_000) await pause(20);
  report.equal('it is evicted', counts(runtime).evictions, 1);
  report.figures['eviction by the creator (ms)'] = Math.round(performance.now() - start);
  await other.connect(runtime);
  report.equal('rows', await other.rows('select x from t'), [[1]]);
  report.equal('counted', counts(runtime), { deaths: 1, evictions: 1, connections: 1 });
  signals.add(AWAKE);
  const outcomes = await going;
  report.error('refused', outcomes[0].error, { type: 'SqliteError', code: 'EVICTED' });
  report.equal('rows afterwards', await other.rows('select x from t'), [[1]]);
  zombie.terminate();
  other.terminate();
}

/** @param {Report} report */
async function ended(report) {
  const { runtime, other, zombie } = await database('ended');
  await zombie.exec('begin immediate; insert into t values (2)');
  zombie.terminate();
  const { ok, ms } = await other.attempt('insert into t values (3)');
  report.check('another one gets on', ok);
  report.figures['end of a worker to the next commit (ms)'] = Math.round(ms);
  report.equal('rows', await other.rows('select x from t order by x'), [[1], [3]]);
  report.equal('counted', counts(runtime), { deaths: 1, evictions: 1, connections: 1 });
  other.terminate();
}

/** Signs of life: the progress handler's ticks. @param {Report} report */
async function longStatement(report) {
  const { runtime, other, zombie } = await database('long_statement');
  const running = zombie.attempt(`insert into t
    with recursive n (i) as (select 1 union all select i + 1 from n limit 30000000)
    select max(i) from n`);
  await pause(50);
  const waiting = other.attempt('insert into t values (3)');
  const [{ ok, ms }, waited] = await Promise.all([running, waiting]);
  report.check('it was a long one', ms > 2 * STALE_MS, `${ms} ms`);
  report.equal('both are done', [ok, waited.ok], [true, true]);
  report.equal('nobody was evicted', counts(runtime), { deaths: 0, evictions: 0, connections: 2 });
  zombie.terminate();
  other.terminate();
}

/** Where a death can be proved, silence is none. @param {Report} report */
async function withWebLocks(report) {
  const { runtime, other, zombie, signals } = await database('with_web_locks', {
    lockStaleMs: STALE_MS,
  });
  const going = zombie.run('zombie_tasks', 'sleepAndGoOn', {
    before: 'begin immediate; insert into t values (2)',
    after: ['commit'],
    signals: signals.buffer,
  });
  await signals.reached(ASLEEP, 1);
  const waiting = other.attempt('insert into t values (3)');
  await pause(5 * STALE_MS);
  report.equal('nobody is evicted', counts(runtime), { deaths: 0, evictions: 0, connections: 2 });
  signals.add(AWAKE);
  report.equal('it commits', (await going)[0], { sql: 'commit' });
  report.check('and the other one after it', (await waiting).ok);
  report.equal('rows', await other.rows('select x from t order by x'), [[1], [2], [3]]);
  zombie.terminate();
  other.terminate();
}

/** SQL cannot wait for a Web Lock, so it is had afterwards. @param {Report} report */
async function attached(report) {
  const [one, two] = ['attaching', 'attached'].map((name) => createRuntime({ name }));
  if (!one || !two) throw new Error('two runtimes were created');
  const worker = await ConnectedWorker.open(one);
  await worker.connect(two, {}, 'two');
  await worker.exec('create table t (x)', 'two');
  await worker.exec("attach 'attached' as other");
  await worker.close('two');
  await worker.exec('begin immediate; insert into other.t values (1)');
  const states = () => diagnostics(two).connections.map(({ state }) => state);
  const start = performance.now();
  while (states()[0] !== 'live' && performance.now() - start < 60_000) await pause(10);
  report.equal('its death can be proved', states(), ['live']);
  report.figures['proof after ATTACH (ms)'] = Math.round(performance.now() - start);
  const other = await ConnectedWorker.open(two, { timeout: 60_000 });
  worker.terminate();
  const { ok, ms } = await other.attempt('insert into t values (2)');
  report.check('another one gets on', ok);
  report.figures['end of a worker with proof to the next commit (ms)'] = Math.round(ms);
  report.equal('rows', await other.rows('select x from t'), [[2]]);
  report.equal('counted', counts(two), { deaths: 1, evictions: 0, connections: 1 });
  other.terminate();
}
