// @ts-check
// What is checked of `sharedwal/pool`, the same in pages and in Node.
import { createRuntime } from 'sharedwal';
import { createPool } from 'sharedwal/pool';
import * as calls from './calls.js';
import * as chaos from './chaos.js';
import * as deaths from './deaths.js';
import * as ends from './ends.js';
import * as limits from './limits.js';
import * as live from './live.js';
import * as streams from './streams.js';
import * as transactions from './transactions.js';

/**
 * @typedef {import('sharedwal').Runtime} Runtime
 * @typedef {import('sharedwal').RuntimeOptions} RuntimeOptions
 * @typedef {import('sharedwal').AnyWorker} AnyWorker
 * @typedef {import('sharedwal/pool').Pool} Pool
 * @typedef {import('sharedwal/pool').PoolOptions} PoolOptions
 * @typedef {import('../support/report.js').Report} Report
 */

/**
 * What differs between pages and Node.
 *
 * @typedef {object} Host
 * @property {boolean} quick
 * @property {number} [seed] repeats the random choices of a run
 * @property {() => AnyWorker} start a worker of a pool
 * @property {(worker: any, listener: () => void) => unknown} onMessage
 */

/** @typedef {(report: Report, bench: Bench) => Promise<void>} Part */

/** @type {Record<string, Record<string, Part>>} */
export const parts = { calls, limits, transactions, streams, live, deaths, ends, chaos };

/** Makes the pools of one part, and ends them after it. */
export class Bench {
  /** @type {Pool[]} */
  #pools = [];

  /** @type {WeakSet<AnyWorker>} */
  #spoken = new WeakSet();

  /** @param {Host} host */
  constructor(host) {
    this.host = host;
  }

  /**
   * A pool, and its workers in the order in which they were started: first the writer, then the readers.
   *
   * @param {PoolOptions & { runtime?: Runtime }} [options]
   */
  pool({ runtime = createRuntime({ name: 'pool' }), ...options } = {}) {
    /** @type {AnyWorker[]} */
    const workers = [];
    const workerUrl = () => {
      const worker = this.host.start();
      workers.push(worker);
      this.host.onMessage(worker, () => this.#spoken.add(worker));
      return worker;
    };
    const pool = createPool(runtime, { workerUrl, ...options });
    this.#pools.push(pool);
    return { pool, runtime, workers };
  }

  /**
   * Whether a worker has answered anything.
   *
   * @param {AnyWorker} worker
   */
  hasSpoken(worker) {
    return this.#spoken.has(worker);
  }

  async end() {
    for (const pool of this.#pools) await pool.close();
  }
}

/**
 * @param {Report} report
 * @param {Host} host
 * @param {string} area
 */
export async function checkArea(report, host, area) {
  for (const [name, part] of Object.entries(parts[area] ?? {})) {
    const bench = new Bench(host);
    await report.part(`${area}: ${name}`, () => part(report, bench));
    await bench.end();
  }
}
