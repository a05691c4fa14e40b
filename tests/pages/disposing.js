// @ts-check
// A runtime is disposed of while connections are open: refused, or by force, and then each of them is
// told so on its running statement and on every later call.
import { createRuntime, diagnostics, dispose, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { describeError, Report } from './support/report.js';

const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                 select max(i) from n`;
const DISPOSED = { type: 'SqliteError', code: 'RUNTIME_DISPOSED', message: /disposed/ };

/** A hundred runtimes of the standard capacity are more than each engine has room for. */
const SMALL = { maxDatabaseCapacityBytes: 2 ** 24, maxWriteAheadCapacityBytes: 2 ** 24 };

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {{ quick?: string }} [params] */
export async function run({ quick } = {}) {
  const report = new Report();
  await report.part('by force', () => byForce(report));
  await report.part('while opening', () => whileOpening(report, quick ? 20 : 100));
  await report.part('input', () => badInput(report));
  return report.result();
}

/** @param {Report} report */
async function byForce(report) {
  const runtime = createRuntime({ name: 'forced' });
  const own = await open(runtime);
  own.exec('create table t (x); insert into t values (1), (2), (3)');
  const connect = () => ConnectedWorker.open(runtime, { timeout: 60_000 });
  const workers = await Promise.all([connect(), connect(), connect(), connect(), connect()]);
  const [computing, waiting, idle, iterating, closing] = workers;
  if (!computing || !waiting || !idle || !iterating || !closing)
    throw new Error('five were opened');
  await iterating.run('disposed_tasks', 'beginToIterate', {});
  await idle.exec('begin; select * from t');
  await closing.exec('begin; select * from t');
  const computes = computing.attempt(`begin immediate; insert into t ${ENDLESS}`);
  await sleep(50);
  const waits = waiting.attempt('insert into t values (4)');
  await sleep(50);

  report.throws('refused without force', () => dispose(runtime), { code: 'RUNTIME_IN_USE' });
  report.throws('and with force: false', () => dispose(runtime, { force: false }), {
    code: 'RUNTIME_IN_USE',
  });
  report.equal('they go on', await idle.value('select count(*) from t'), 3);

  const start = performance.now();
  dispose(runtime, { force: true });
  /** @type {Record<string, number>} */
  const ms = {};
  await Promise.all(
    Object.entries({ computes, waits }).map(async ([name, attempt]) => {
      const { error } = await attempt;
      ms[name] = Math.round((performance.now() - start) * 10) / 10;
      report.error(`the one that ${name}`, error, DISPOSED);
      report.below(`soon, the one that ${name}`, ms[name] ?? Infinity, 2000);
    }),
  );
  report.figures.endedAfterMs = ms;
  for (const [name, worker] of Object.entries({ computing, waiting, idle, iterating })) {
    const errors = await worker.run('disposed_tasks', 'laterCalls', {});
    for (const [call, error] of Object.entries(errors)) {
      report.error(`${name}: ${call}`, error ?? undefined, DISPOSED);
    }
    report.equal(`${name}: no transaction is open`, await worker.inTransaction(), false);
  }
  report.throws('the one of this context', () => own.exec('select 1'), DISPOSED);
  await report.rejects('nobody can open it', () => open(runtime), DISPOSED);

  // Idle ones have given up what they held without another call.
  const held = diagnostics(runtime).connections.flatMap(({ locks }) => locks);
  // In WAL mode a connection holds the shared side of that one for as long as it is open.
  report.equal('no lock is held', [...new Set(held.map(({ name }) => name))], ['EXCLUSIVE']);
  own.close();
  report.check('close() closes', !own.open);
  for (const worker of workers) await worker.close();
  report.equal('and frees the slots', diagnostics(runtime).connections, []);
  dispose(runtime);
  dispose(runtime, { force: true });
  for (const worker of workers) worker.terminate();
}

/**
 * A connection that is being opened is refused, or told on its first call.
 *
 * @param {Report} report
 * @param {number} times
 */
async function whileOpening(report, times) {
  const worker = new ConnectedWorker('opens');
  /** @type {Record<string, number>} */
  const outcomes = { refused: 0, opened: 0 };
  for (let i = 0; i < times; i++) {
    const runtime = createRuntime({ name: 'opening', ...SMALL });
    const opening = worker.run('disposed_tasks', 'openAndUse', { runtime });
    const delay = performance.now() + (i % 20) / 4;
    await Promise.resolve();
    while (performance.now() < delay);
    dispose(runtime, { force: true });
    const { opened, error } = await opening;
    report.error(`${i}: ${opened ? 'its calls throw' : 'it is refused'}`, error, DISPOSED);
    outcomes[opened ? 'opened' : 'refused'] = (outcomes[opened ? 'opened' : 'refused'] ?? 0) + 1;
    report.equal(`${i}: no slot stays taken`, diagnostics(runtime).connections, []);
  }
  report.figures.whileOpening = outcomes;
  worker.terminate();
}

/** @param {Report} report */
async function badInput(report) {
  const runtime = createRuntime({ name: 'input' });
  const any = (/** @type {unknown} */ value) => /** @type {any} */ (value);
  const options = [{ Force: true }, { force: 1 }, null, 'force'];
  for (const option of options) {
    report.throws(`${JSON.stringify(option)}`, () => dispose(runtime, any(option)), {
      code: 'INVALID_OPTION',
    });
  }
  report.throws('no runtime', () => dispose(any({}), { force: true }), { code: 'INVALID_RUNTIME' });
  const db = await open(runtime);
  report.equal('nothing was done', db.prepare('select 1').pluck().get(), 1);
  db.close();
  let error;
  try {
    dispose(runtime);
  } catch (thrown) {
    error = describeError(thrown);
  }
  report.equal('it can be disposed of then', error, undefined);
}
