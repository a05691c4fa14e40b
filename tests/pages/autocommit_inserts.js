// @ts-check
// Four workers insert single rows in autocommit without pause. Every row whose insert returned must
// be there: for each of the four connections and for a fresh one.
import { createRuntime } from 'sharedwal';
import { Report } from './support/report.js';
import { Signals } from './support/signals.js';
import { TaskWorker, withWorkers } from './support/task_worker.js';

const WORKERS = 4;
const FLOOR = 1000;

/** @param {Record<string, string>} params `ms`: how long they insert */
export async function run(params) {
  const report = new Report();
  const ms = Number(params.ms ?? 3000);
  const runtime = createRuntime({ name: 'autocommit' });
  await withWorkers(WORKERS, async (workers) => {
    for (const [i, worker] of workers.entries()) {
      const mode = await worker.run('insert_tasks', 'connect', { runtime });
      report.equal(`worker ${i} is in WAL mode`, mode, 'wal');
    }
    const [first] = workers;
    await first?.run('database_tasks', 'openDatabase', { runtime });
    await first?.run('database_tasks', 'exec', {
      sql: `create table acknowledged (worker integer not null, n integer not null, noise integer not null,
                                       primary key (worker, n))`,
    });
    await first?.run('database_tasks', 'closeDatabase');

    const signals = new Signals().buffer;
    /** @type {{ acknowledged: number, errors: any[], ms: number }[]} */
    const results = await Promise.all(
      workers.map((worker, i) =>
        worker.run('insert_tasks', 'insertRows', { worker: i, ms, signals, workers: WORKERS }),
      ),
    );
    for (const [i, { acknowledged, errors }] of results.entries()) {
      report.atLeast(`worker ${i} inserted rows`, acknowledged, FLOOR);
      report.equal(`worker ${i} met no error`, errors, []);
    }

    const expected = results.map(({ acknowledged: n }, i) => [i, n, n, 0, n - 1, 0]);
    for (const [i, worker] of workers.entries()) {
      const seen = await worker.run('insert_tasks', 'countRows');
      report.equal(`worker ${i} sees every acknowledged row and no other`, seen, expected);
    }
    const fresh = new TaskWorker('fresh');
    try {
      await fresh.run('insert_tasks', 'connect', { runtime });
      const seen = await fresh.run('insert_tasks', 'countRows');
      report.equal('a fresh connection sees every acknowledged row and no other', seen, expected);
      report.equal('integrity_check', await fresh.run('insert_tasks', 'checkIntegrity'), 'ok');
      await fresh.run('insert_tasks', 'close');
    } finally {
      fresh.terminate();
    }
    const total = results.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    report.figures.acknowledged = results.map(({ acknowledged }) => acknowledged);
    report.figures.commitsPerSecond = Math.round((total * 1000) / ms);
    for (const worker of workers) await worker.run('insert_tasks', 'close');
  });
  return report.result();
}
