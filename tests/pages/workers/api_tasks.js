// @ts-check
import BetterSqlite3, { init } from '../../../dist/better_sqlite3.js';
import {
  createRuntime,
  diagnostics,
  dispose,
  interrupt,
  onCommit,
  open,
  SqliteError,
} from '../../../dist/index.js';
import { areas } from '../api/areas.js';
import { beforeInit } from '../api/drop_in.js';
import { Report } from '../support/report.js';

/**
 * @typedef {import('../../../dist/index.js').Database} Database
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 * @typedef {import('../api/types.js').Env} Env
 */

/** Many are made before any is collected, and an engine's address space may have room for few of them. */
const CAPACITY = { maxDatabaseCapacityBytes: 2 ** 26, maxWriteAheadCapacityBytes: 2 ** 26 };

/** @returns {Env} */
function environment() {
  /** @type {WeakMap<Database, Runtime>} */
  const runtimes = new WeakMap();
  /** @type {(runtime: Runtime, options?: import('../../../dist/index.js').OpenOptions) => Promise<Database>} */
  const connect = async (runtime, options) => {
    const db = await open(runtime, options);
    runtimes.set(db, runtime);
    return db;
  };
  return {
    open: (options) => connect(createRuntime({ name: 'api', ...CAPACITY }), options),
    again: (db, options) => {
      const runtime = runtimes.get(db);
      if (runtime === undefined) throw new Error('not a connection of this environment');
      return connect(runtime, options);
    },
    SqliteError,
    differs: true,
    openSource: open,
    createRuntime,
    connections: (runtime) => diagnostics(runtime).connections.length,
    states: (runtime) => diagnostics(runtime).connections.map(({ state }) => state),
    interrupt,
    onCommit,
    dispose,
    Database: BetterSqlite3,
    init,
  };
}

/** @param {{ area: string }} args */
export async function checkArea({ area }) {
  const report = new Report();
  const check = areas[area];
  if (check === undefined) throw new Error(`there is no area ${area}`);
  await report.part(area, () => check(report, environment()));
  return report.result();
}

/** To be run before anything else in its worker. */
export async function checkBeforeInit() {
  const report = new Report();
  await report.part('before init', () => beforeInit(report, environment()));
  return report.result();
}
