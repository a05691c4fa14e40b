// @ts-check
// What operations cost in a browser, counted: exactly what tests/node/costs.test.mjs finds, and
// docs/performance.md says.
import { createRuntime, share } from 'sharedwal';
import { costOf, costPerPage, row } from '../costs/cost.js';
import { Report } from './support/report.js';
import { TaskWorker } from './support/task_worker.js';

export async function run() {
  const report = new Report();
  const [, costs = ''] = (await (await fetch('/docs/performance.md')).text()).split('<!-- costs:');
  const written = costs.split('\n');
  const worker = new TaskWorker('counting');
  for (const { title, database, pages } of await worker.run('cost_tasks', 'titles')) {
    const capacity = { maxDatabaseCapacityBytes: 2 ** 26, maxWriteAheadCapacityBytes: 2 ** 26 };
    const source = {
      private: () => ':memory:',
      shared: () => share(createRuntime(capacity), worker.worker),
      'no web lock': () => createRuntime({ ...capacity, webLocks: false }),
    }[/** @type {'private' | 'shared' | 'no web lock'} */ (database)]();
    const tallies = await worker.run('cost_tasks', 'count', { title, source });
    const [first, second] = tallies.map(costOf);
    const found = row(title, second ? costPerPage(first, second, pages) : first);
    const line = written.find((one) => one.startsWith(`| ${title} |`));
    report.check(title, found === line, `${found} instead of ${line}: ${JSON.stringify(tallies)}`);
  }
  worker.terminate();
  return report.result();
}
