// @ts-check
// Stock drivers of query builders, in a worker that is bundled with `better-sqlite3` standing for
// `sharedwal/better-sqlite3`. `tests/node/drivers.test.mjs` runs the same in Node.
import { Report } from './support/report.js';
import { TaskWorker } from './support/task_worker.js';

export async function run() {
  const report = new Report();
  const wasmUrl = String(new URL('../../dist/sharedwal.wasm', import.meta.url));
  const script = new URL('/bundled/tests/pages/workers/driver_worker.js', import.meta.url);
  const worker = new TaskWorker('drivers', script);
  try {
    for (const driver of ['kysely', 'drizzle']) {
      report.merge(await worker.run('driver_tasks', 'checkDriver', { driver, wasmUrl }));
    }
  } finally {
    worker.terminate();
  }
  return report.result();
}
