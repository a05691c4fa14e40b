// @ts-check
// Two to six workers add to the same counter. The values that they wrote must be exactly 1, 2, 3, …:
// a lost increment shows as a value that two workers wrote, a phantom one as a gap.
import { createRuntime } from 'sharedwal';
import { Report } from './support/report.js';
import { Signals } from './support/signals.js';
import { withWorkers } from './support/task_worker.js';

const METHODS = ['immediate', 'single', 'deferred'];
const MS = 500;
/** Increments that each worker must have made. */
const FLOOR = 20;

/** @param {Record<string, string>} params `quick`: two and four workers only */
export async function run(params) {
  const report = new Report();
  for (const count of params.quick ? [2, 4] : [2, 3, 4, 5, 6]) {
    await report.part(`${count} workers`, () => countTogether(report, count));
  }
  return report.result();
}

/**
 * @param {Report} report
 * @param {number} count
 */
async function countTogether(report, count) {
  const runtime = createRuntime({ name: `counter${count}` });
  await withWorkers(count, async (workers) => {
    for (const worker of workers) await worker.run('counter_tasks', 'connect', { runtime });
    const [first] = workers;
    await first?.run('database_tasks', 'openDatabase', { runtime });
    await first?.run('database_tasks', 'exec', {
      sql: 'create table counter (id integer primary key, n integer not null); insert into counter values (1, 0)',
    });
    for (const method of METHODS) {
      await first?.run('database_tasks', 'exec', { sql: 'update counter set n = 0' });
      const signals = new Signals().buffer;
      /** @type {{ values: Int32Array, retries: number }[]} */
      const results = await Promise.all(
        workers.map((worker) =>
          worker.run('counter_tasks', 'increment', {
            ...{ method, ms: MS, floor: FLOOR, workers: count, signals },
          }),
        ),
      );
      const fewest = Math.min(...results.map(({ values }) => values.length));
      report.atLeast(`${method}: fewest increments of a worker`, fewest, FLOOR);
      const values = results.flatMap((result) => [...result.values]).sort((a, b) => a - b);
      const wrong = values.findIndex((value, i) => value !== i + 1);
      report.check(
        `${method}: every value was written once`,
        wrong === -1,
        wrong === -1 ? undefined : `place ${wrong + 1} holds ${values[wrong]}`,
      );
      const rising = results.every(({ values: mine }) =>
        mine.every((value, i) => i === 0 || value > (mine[i - 1] ?? 0)),
      );
      report.check(`${method}: no worker saw the counter fall`, rising);
      const handovers = countHandovers(results.map((result) => result.values));
      report.atLeast(`${method}: times that the counter changed hands`, handovers, count);
      const final = await first?.run('database_tasks', 'value', { sql: 'select n from counter' });
      report.equal(`${method}: final value`, final, values.length);
      report.figures[`${count} ${method}`] = {
        increments: values.length,
        fewest,
        handovers,
        retries: results.reduce((sum, { retries }) => sum + retries, 0),
      };
    }
    for (const worker of workers) await worker.run('counter_tasks', 'close');
  });
}

/**
 * How often the next value came from another worker.
 *
 * @param {Int32Array[]} written by each worker
 */
function countHandovers(written) {
  /** @type {Map<number, number>} */
  const writers = new Map();
  for (const [worker, values] of written.entries()) {
    for (const value of values) writers.set(value, worker);
  }
  let handovers = 0;
  for (let value = 2; value <= writers.size; value++) {
    if (writers.get(value) !== writers.get(value - 1)) handovers += 1;
  }
  return handovers;
}
