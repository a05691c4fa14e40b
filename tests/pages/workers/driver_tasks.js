// @ts-check
// Query builders, bundled with the alias that their users need (`scripts/serve.mjs`).
import { createRuntime } from 'sharedwal';
import Database, { init } from 'sharedwal/better-sqlite3';
import { drizzle } from '../drivers/drizzle.js';
import { kysely } from '../drivers/kysely.js';
import { Report } from '../support/report.js';

/** @type {Record<string, (report: Report, env: import('../drivers/types.js').Env) => Promise<void>>} */
const drivers = { kysely, drizzle };

/** @param {{ driver: string, wasmUrl?: string }} args */
export async function checkDriver({ driver, wasmUrl }) {
  const report = new Report();
  const check = drivers[driver];
  if (check === undefined) throw new Error(`there is no driver ${driver}`);
  await init({ runtimes: [createRuntime({ name: driver })], wasmUrl });
  await report.part(driver, () => check(report, { Database, name: driver }));
  return report.result();
}
