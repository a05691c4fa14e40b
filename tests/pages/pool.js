// @ts-check
// sharedwal/pool on the main thread of a page.
import { createRuntime } from 'sharedwal';
import { createPool } from 'sharedwal/pool';
import { outcome, ready, until } from './pool/common.js';
import { checkArea, parts } from './pool/parts.js';
import { Report } from './support/report.js';

const start = () => new Worker('/dist/pool_worker.js', { type: 'module' });

/**
 * @param {Worker} worker
 * @param {() => void} listener
 */
const onMessage = (worker, listener) => worker.addEventListener('message', listener);

/** @param {{ quick?: string, area?: string, seed?: string }} [params] */
export async function run({ quick, area, seed } = {}) {
  const report = new Report();
  const host = { quick: Boolean(quick), start, onMessage, ...(seed ? { seed: Number(seed) } : {}) };
  for (const name of area ? [area] : Object.keys(parts)) {
    console.log(`[pool] ${name}`);
    await checkArea(report, host, name);
  }
  await report.part('by itself', () => byItself(report));
  await report.part('self.close()', () => closed(report));
  await report.part('ends while it opens', () => closedEarly(report));
  return report.result();
}

/**
 * Finds its worker and the module without being told where they are.
 *
 * @param {Report} report
 */
async function byItself(report) {
  const pool = createPool(createRuntime({ name: 'by itself' }));
  report.equal('it works', await pool.sql`select 1 as x`, [{ x: 1 }]);
  const processors = navigator.hardwareConcurrency;
  const readers = Math.min(Math.max(processors - 1, 1), 4);
  report.equal('readers', pool.workers.length, 1 + readers);
  await pool.close();
}

/**
 * A worker that ends itself gives no event.
 *
 * @param {Report} report
 */
async function closed(report) {
  /** @type {Worker[]} */
  const workers = [];
  const pool = createPool(createRuntime({ name: 'closed' }), {
    readers: 1,
    workerUrl: () => {
      const worker = new Worker('/tests/pages/workers/pool_worker_that_closes.js', {
        type: 'module',
      });
      workers.push(worker);
      return worker;
    },
  });
  await ready(pool);
  for (const worker of workers) worker.postMessage('close');
  const [read, write] = await Promise.all([
    outcome(pool.query('select 1 as x')),
    outcome(pool.run('create table t (x)')),
  ]);
  report.equal('a read is done by another', read.value ?? read.error, [{ x: 1 }]);
  report.equal('a write is not', write.code, 'WORKER_DIED');
  report.figures.afterSelfCloseMs = [read.took, write.took].map(Math.round);
  report.check('both are replaced', await until(() => workers.length === 4));
  report.equal('the next write', (await outcome(pool.run('create table t (x)'))).value?.changes, 0);
  await pool.close();
}

/**
 * Nobody knows a connection of it yet.
 *
 * @param {Report} report
 */
async function closedEarly(report) {
  for (const [name, times, expected] of /** @type {const} */ ([
    ['once', 1, [{ x: 1 }]],
    ['each time', 9, 'WORKER_DIED'],
  ])) {
    let started = 0;
    const pool = createPool(createRuntime({ name: 'early' }), {
      readers: 1,
      writer: false,
      workerUrl: () => {
        const closing = started++ < times;
        const script = `/tests/pages/workers/pool_worker_that_closes.js?${closing ? 'open' : ''}`;
        return new Worker(script, { type: 'module' });
      },
    });
    const { value, code, took } = await outcome(pool.query('select 1 as x'));
    report.equal(name, value ?? code, expected);
    report.equal(`${name}: so many were started`, started, times === 1 ? 2 : 3);
    report.below(`${name}: ms`, took, 10_000);
    await pool.close();
  }
}
