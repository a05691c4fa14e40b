// @ts-check
// Three workers move money between accounts while a fourth looks on: no snapshot ever holds half a
// transfer, no acknowledged transfer is lost, and none that was given up remains.
import { createRuntime, diagnostics } from 'sharedwal';
import { Report } from './support/report.js';
import { Signals } from './support/signals.js';
import { withWorkers } from './support/task_worker.js';

const WRITERS = 3;
const ACCOUNTS = 200;
const BALANCE = 1000;

/** @param {Record<string, string>} params `seed`, `ms`, `quick` */
export async function run(params) {
  const report = new Report();
  const seed = Number(params.seed ?? 1 + Math.floor(Math.random() * 2 ** 31));
  const ms = Number(params.ms ?? (params.quick ? 1000 : 4000));
  report.figures.seed = seed;
  for (const mode of /** @type {const} */ (['wal', 'delete'])) {
    await report.part(mode, () => transfers(report, mode, ms, seed));
  }
  return report.result();
}

/**
 * @param {Report} report
 * @param {'wal' | 'delete'} mode
 * @param {number} ms
 * @param {number} seed
 */
async function transfers(report, mode, ms, seed) {
  const runtime = createRuntime({ name: `transfers-${mode}` });
  const total = ACCOUNTS * BALANCE;
  await withWorkers(WRITERS + 1, async (workers) => {
    for (const worker of workers) {
      await worker.run('transfer_tasks', 'connect', {
        runtime,
        options: { journalMode: mode, timeout: 10_000 },
      });
    }
    const [watcher, ...writers] = /** @type {[typeof workers[0], ...typeof workers]} */ (workers);
    await watcher.run('transfer_tasks', 'createAccounts', { accounts: ACCOUNTS, balance: BALANCE });
    const signals = new Signals().buffer;
    const watching = watcher.run('transfer_tasks', 'watch', {
      workers: workers.length,
      writers: WRITERS,
      total,
      signals,
    });
    // A reader of a rollback journal waits for every writer, and the writers for it.
    const floor = mode === 'wal' ? ms / 20 : ms / 200;
    /** @type {{ acknowledged: number, givenUp: number, busy: number, errors: any[] }[]} */
    const wrote = await Promise.all(
      writers.map((writer, i) =>
        writer.run('transfer_tasks', 'transfer', {
          worker: i,
          workers: workers.length,
          accounts: ACCOUNTS,
          ms,
          floor,
          signals,
          seed: seed + i * 7919,
        }),
      ),
    );
    const watched = await watching;
    for (const [i, { acknowledged, givenUp, errors }] of wrote.entries()) {
      report.equal(`writer ${i}: errors`, errors, []);
      report.atLeast(`writer ${i}: transfers`, acknowledged, floor);
      report.atLeast(`writer ${i}: transfers that were given up`, givenUp, 1);
    }
    report.equal('what the reader found wrong', watched.problems, []);
    report.atLeast('different states that it saw', watched.states, 20);
    for (const [i, worker] of workers.entries()) {
      report.equal(
        `what connection ${i} finds at the end`,
        await worker.run('transfer_tasks', 'inspect'),
        {
          sum: total,
          journal: wrote.map(({ acknowledged: n }, at) => [at, n * 3, n]),
          integrity: 'ok',
          mode,
        },
      );
    }
    if (mode === 'wal') {
      report.atLeast('checkpoints', diagnostics(runtime).counters.checkpoints, 10);
    }
    report.figures[mode] = { wrote, watched };
    for (const worker of workers) await worker.run('transfer_tasks', 'close');
  });
}
