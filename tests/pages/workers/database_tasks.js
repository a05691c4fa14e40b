// @ts-check
// Single steps on named connections, for pages that interleave several workers statement by
// statement.
import { createRuntime, open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';

/**
 * @typedef {import('../../../dist/index.js').Database} Database
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 * @typedef {import('../../../dist/index.js').OpenOptions} OpenOptions
 * @typedef {{ ok: boolean, ms: number, error?: import('../support/report.js').DescribedError, rows?: unknown[] }} Attempt
 */

/** @type {Map<string, Database>} */
const connections = new Map();

/** @param {string} key */
export function connection(key = 'main') {
  const db = connections.get(key);
  if (db === undefined) throw new Error(`this worker opened no connection ${key}`);
  return db;
}

/** @param {{ runtime: Runtime, options?: OpenOptions, key?: string }} args */
export async function openDatabase({ runtime, options, key = 'main' }) {
  connections.set(key, await open(runtime, options));
}

/** Loads the package's module, for all that this worker opens. @param {OpenOptions} options */
export async function load({ wasmModule }) {
  (await open(':memory:', { wasmModule })).close();
}

/** @param {{ name: string }} args */
export async function createAndOpen({ name }) {
  const runtime = createRuntime({ name });
  connections.set('main', await open(runtime));
  return runtime;
}

/** @param {{ key?: string }} [args] */
export function connectionId({ key = 'main' } = {}) {
  return connection(key).connectionId;
}

/** Never yields, and asks SQLite nothing. */
export function spin() {
  for (;;) {}
}

/** @param {{ key?: string }} [args] */
export function closeDatabase({ key = 'main' } = {}) {
  connection(key).close();
  connections.delete(key);
}

/**
 * Runs statements and says how long they took; an error is a part of the answer.
 *
 * @param {{ sql: string, key?: string }} args
 * @returns {Attempt}
 */
export function attempt({ sql, key = 'main' }) {
  const db = connection(key);
  const start = performance.now();
  try {
    db.exec(sql);
    return { ok: true, ms: performance.now() - start };
  } catch (error) {
    return { ok: false, ms: performance.now() - start, error: describeError(error) };
  }
}

/** @param {{ sql: string, key?: string }} args */
export function exec({ sql, key = 'main' }) {
  connection(key).exec(sql);
}

/**
 * All rows of one query, each as an array of values.
 *
 * @param {{ sql: string, params?: unknown[], key?: string }} args
 */
export function rows({ sql, params = [], key = 'main' }) {
  return connection(key)
    .prepare(sql)
    .raw()
    .all(...params);
}

/**
 * The first column of the first row.
 *
 * @param {{ sql: string, params?: unknown[], key?: string }} args
 */
export function value({ sql, params = [], key = 'main' }) {
  return connection(key)
    .prepare(sql)
    .pluck()
    .get(...params);
}

/** @param {{ key?: string }} [args] */
export function inTransaction({ key = 'main' } = {}) {
  return connection(key).inTransaction;
}
