// @ts-check
// A connection that is opened at once has no Web Lock yet. It gets one when the event loop runs; a worker
// that ends before that is noticed by its silence.
import { createRuntime, diagnostics } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { pause, Signals } from './support/signals.js';
import { TaskWorker } from './support/task_worker.js';

const STALE_MS = 400;
const WRITTEN = 0;

export async function run() {
  const report = new Report();
  for (const then of /** @type {const} */ (['asleep', 'busy', 'idle'])) {
    await report.part(then, () => ends(report, then));
  }
  await report.part('closed before', () => closedBefore(report));
  return report.result();
}

/**
 * Whose connection is closed when its Web Lock is granted lets go of it.
 *
 * @param {Report} report
 */
async function closedBefore(report) {
  const runtime = createRuntime({ name: 'closed' });
  const worker = new TaskWorker('closes');
  await worker.run('opening_tasks', 'register', { runtime });
  await worker.run('opening_tasks', 'openAndClose', { count: 100 });
  const locks = async () => {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].filter(({ name }) => name?.includes(runtime.id)).length;
  };
  // Some are yet to be asked for, by who watches over the connection, and are given back at once.
  let none = 0;
  for (let i = 0; i < 500 && none < 20; i++) {
    none = (await locks()) > 0 ? 0 : none + 1;
    await pause(10);
  }
  report.check('no lock is left', none === 20, `${await locks()} locks`);
  report.equal('nor a connection', diagnostics(runtime).connections.length, 0);
  worker.terminate();
}

/**
 * @param {Report} report
 * @param {'idle' | 'asleep' | 'busy'} then
 */
async function ends(report, then) {
  const runtime = createRuntime({ name: then, lockStaleMs: STALE_MS });
  const other = await ConnectedWorker.open(runtime, { timeout: 60_000 }, 'other');
  await other.exec('create table t (x)');
  const worker = new TaskWorker(then);
  await worker.run('opening_tasks', 'register', { runtime });
  const signals = new Signals();
  const opening = worker.run('opening_tasks', 'openAndWrite', { signals: signals.buffer, then });
  await signals.reached(WRITTEN, 1);
  const states = () => diagnostics(runtime).connections.map(({ state }) => state);
  const counts = () => {
    const { deaths, evictions } = diagnostics(runtime).counters;
    return { deaths, evictions, connections: states().length };
  };
  if (then === 'idle') {
    await opening;
    const start = performance.now();
    while (states().some((state) => state !== 'live') && performance.now() - start < 20_000) {
      await pause(1);
    }
    report.figures['proof after opening (ms)'] = Math.round(performance.now() - start);
    report.equal('its death can be proved', states(), ['live', 'live']);
    await pause(3 * STALE_MS);
    report.equal('so its silence is none', counts(), { deaths: 0, evictions: 0, connections: 2 });
  } else {
    // It may be in the middle of a read.
    report.check(
      'nobody can prove its death',
      states().some((state) => state !== 'live'),
    );
  }
  if (then === 'busy') {
    await pause(3 * STALE_MS);
    report.equal('who works is not silent', counts(), { deaths: 0, evictions: 0, connections: 2 });
  }
  worker.terminate();
  const { ok, ms, error } = await other.attempt('insert into t values (1)');
  report.check('another one gets on', ok, error?.message);
  report.figures[`${then}: end of a worker to the next commit (ms)`] = Math.round(ms);
  const evictions = then === 'idle' ? 0 : 1;
  report.equal('counted', counts(), { deaths: 1, evictions, connections: 1 });
  report.equal('what it wrote is gone', await other.rows('select x from t'), [[1]]);
  report.equal('integrity', await other.value('pragma integrity_check'), 'ok');
  other.terminate();
}
