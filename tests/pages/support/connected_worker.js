// @ts-check
import { compiledOnce, TaskWorker } from './task_worker.js';

/**
 * @typedef {import('sharedwal').Runtime} Runtime
 * @typedef {import('sharedwal').OpenOptions} OpenOptions
 * @typedef {import('../workers/database_tasks.js').Attempt} Attempt
 */

/** A worker with one connection that a page drives statement by statement. */
export class ConnectedWorker extends TaskWorker {
  /**
   * @param {Runtime} runtime
   * @param {OpenOptions} [options]
   * @param {string} [name]
   */
  static async open(runtime, options = {}, name = 'worker') {
    const worker = new ConnectedWorker(name);
    await worker.connect(runtime, options);
    return worker;
  }

  /**
   * @param {Runtime} runtime
   * @param {OpenOptions} [options]
   * @param {string} [key] for a worker with several connections
   */
  connect(runtime, options = {}, key = 'main') {
    return this.run('database_tasks', 'openDatabase', { runtime, options, key });
  }

  /**
   * @param {string} sql
   * @param {string} [key]
   * @returns {Promise<void>}
   */
  exec(sql, key = 'main') {
    return this.run('database_tasks', 'exec', { sql, key });
  }

  /**
   * @param {string} sql
   * @param {string} [key]
   * @returns {Promise<Attempt>}
   */
  attempt(sql, key = 'main') {
    return this.run('database_tasks', 'attempt', { sql, key });
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [params]
   * @param {string} [key]
   * @returns {Promise<any>}
   */
  value(sql, params = [], key = 'main') {
    return this.run('database_tasks', 'value', { sql, params, key });
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [params]
   * @param {string} [key]
   * @returns {Promise<any[][]>}
   */
  rows(sql, params = [], key = 'main') {
    return this.run('database_tasks', 'rows', { sql, params, key });
  }

  /** @returns {Promise<boolean>} */
  inTransaction(key = 'main') {
    return this.run('database_tasks', 'inTransaction', { key });
  }

  /** @returns {Promise<void>} */
  close(key = 'main') {
    return this.run('database_tasks', 'closeDatabase', { key });
  }
}

/**
 * Runs `body` with so many workers, each connected to `runtime`; closes and ends them afterwards.
 *
 * @template T
 * @param {Runtime} runtime
 * @param {number} count
 * @param {(workers: ConnectedWorker[]) => Promise<T>} body
 * @param {OpenOptions} [options]
 * @returns {Promise<T>}
 */
export async function withConnections(runtime, count, body, options = {}) {
  /** @type {ConnectedWorker[]} */
  const workers = [];
  try {
    const shared = { ...options, wasmModule: await compiledOnce() };
    for (let i = 0; i < count; i++) {
      workers.push(await ConnectedWorker.open(runtime, shared, `worker ${i + 1}`));
    }
    return await body(workers);
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
