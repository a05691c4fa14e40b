/**
 * sharedwal: a SQLite database in WAL mode that lives in shared memory, so that every worker of a
 * page runs its own SQLite on the same bytes.
 *
 * @packageDocumentation
 */

export type { CapacityOptions } from './capacities.js';
export { CODES, type Code } from './codes.js';
export type { ColumnDefinition } from './columns.js';
export type { Commit, RowId } from './commit_ring.js';
export type {
  ConnectionDiagnostics,
  HeldLock,
  LockName,
  ReadTransaction,
} from './connection_diagnostics.js';
export type { Database, PragmaOptions, PreparedStatement } from './database.js';
export {
  type Counters,
  type Diagnostics,
  diagnostics,
  type FileDiagnostics,
  type SegmentCounts,
} from './diagnostics.js';
export { type DisposeOptions, dispose } from './dispose.js';
export { SqliteError } from './errors.js';
export {
  type DatabaseImage,
  exportDatabase,
  type ImageBytes,
  type ImageOptions,
  importDatabase,
} from './image.js';
export type { StatementLimit } from './limit.js';
export { type OnCommitOptions, onCommit } from './on_commit.js';
export { type JournalMode, type OpenOptions, open } from './open.js';
export type { RowIterator } from './row_iterator.js';
export { createRuntime, type Runtime, type RuntimeOptions } from './runtime.js';
export { type AnyWorker, interrupt, share, terminate } from './signals.js';
export type { Snapshot } from './snapshot.js';
export type { RunResult, Statement } from './statement.js';
export type { AnyFunction, Transaction } from './transaction.js';
export type { BindableValue, SqlValue } from './values.js';
export type { WasmSource } from './wasm.js';
