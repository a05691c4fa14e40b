// What the package gives its users, but for where the WebAssembly module is: `index.ts` knows that,
// and `slim.ts` does not.

export type { AggregateOptions, AggregateStep } from './aggregate.js';
export type { BackupMetadata, BackupOptions } from './backup.js';
export type { CapacityOptions } from './capacities.js';
export { CODES, type Code } from './codes.js';
export type { ColumnDefinition } from './columns.js';
export type { Commit, RowId } from './commit_ring.js';
export { compileWasm, type WasmSource } from './compile_wasm.js';
export type {
  ConnectionDiagnostics,
  HeldLock,
  LockName,
  ReadTransaction,
} from './connection_diagnostics.js';
export type { JournalMode } from './connection_options.js';
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
export { type CloneOptions, clone } from './image/clone.js';
export { type ExportStreamOptions, exportDatabase, exportStream } from './image/export.js';
export { importDatabase } from './image/import.js';
export type { ImageOptions, ImageProgress } from './image/options.js';
export type { DatabaseImage, ImageBytes, ImageSource } from './image/source.js';
export type { StatementLimit } from './limit.js';
export { type OnCommitOptions, onCommit } from './on_commit.js';
export { type DatabaseSource, type OpenOptions, open } from './open.js';
export type { FunctionOptions } from './registration.js';
export type { RowIterator } from './row_iterator.js';
export { createRuntime, type Runtime, type RuntimeOptions } from './runtime.js';
export type { SerializeOptions } from './serialize.js';
export { type AnyWorker, interrupt, share, terminate } from './signals.js';
export type { Snapshot } from './snapshot.js';
export type { RunResult, Statement } from './statement.js';
export type {
  TableDefinition,
  TableFactory,
  TableNames,
  TableRow,
} from './table_definition.js';
export type { AnyFunction, Transaction } from './transaction.js';
export type { SqlFunction } from './user_function.js';
export type { BindableValue, SqlValue } from './values.js';
