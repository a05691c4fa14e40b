/**
 * sharedwal/pool: workers that read and write a runtime, for callers that must not block.
 *
 * @packageDocumentation
 */

import './default_wasm.js';

export { SqliteError } from './errors.js';
export type { CallOptions } from './pool/call_options.js';
export type { LiveObserver, LiveQuery, LiveResult } from './pool/live.js';
export type { PoolOptions } from './pool/options.js';
export { createPool, type Pool } from './pool/pool.js';
export type {
  BatchResult,
  BatchStatement,
  PoolWorkerInfo,
  StreamOptions,
} from './pool/pool_types.js';
export type { ConnectionOptions, Parameters, TransactionMode } from './pool/protocol.js';
export { type SqlStatement, sql } from './pool/sql.js';
export type { WorkerSource } from './pool/start_worker.js';
export type { RowStream } from './pool/stream.js';
export type { AnyRow, PoolTransaction, TransactionOptions } from './pool/transaction.js';
export type { RunResult } from './statement.js';
export type { BindableValue, SqlValue } from './values.js';
