// What a pool and its workers say to each other: one answer for each request. Nothing else knows the
// shape of a message.

import type { OpenOptions } from '../open.js';
import type { Runtime } from '../runtime.js';
import type { RunResult } from '../statement.js';
import type { BindableValue, SqlValue } from '../values.js';
import type { ErrorMessage } from './error_message.js';

/** Parameters of a statement: values for `?`, or values by name for `:name`, `@name` and `$name`. */
export type Parameters = readonly BindableValue[] | { readonly [name: string]: BindableValue };

/** The part of {@link OpenOptions} that can be posted. */
export type ConnectionOptions = Pick<OpenOptions, 'timeout' | 'journalMode' | 'fileMustExist'>;

/** How a transaction begins, see https://sqlite.org/lang_transaction.html */
export type TransactionMode = 'deferred' | 'immediate' | 'exclusive';

/** A statement with its parameters. */
export interface StatementMessage {
  readonly sql: string;
  readonly params: Parameters;
}

/** One after another, all rows' values: cheaper to clone than objects. */
export interface RowsMessage {
  readonly columns: readonly string[];
  readonly values: readonly SqlValue[];
  readonly rows: number;
}

/** What a query came to. */
export interface QueryResult extends RowsMessage {
  /** The tables that it reads, where that was asked for. */
  readonly tables?: readonly string[] | 'unknown' | undefined;
}

/** What one statement of a batch came to. */
export interface StatementResult extends RowsMessage, RunResult {}

interface Execution {
  readonly safeIntegers: boolean;
  /** In the transaction that is open, or by itself. */
  readonly inTransaction: boolean;
}

/** What a pool asks of its workers, by the kind of request. */
export interface Requests {
  /** To be the first: holds the Web Lock of that name from then on. */
  hello: { readonly lock: string };
  /** To be the second. */
  open: {
    readonly runtime: Runtime;
    readonly wasmModule: WebAssembly.Module;
    readonly options: ConnectionOptions;
    /** Whether it must not write. */
    readonly readonly: boolean;
    readonly setup: string | undefined;
    /** The number of a request that is to end stands in its only word. */
    readonly cancelled: Int32Array<SharedArrayBuffer>;
  };
  query: StatementMessage & Execution & { readonly tables: boolean };
  run: StatementMessage & Execution;
  exec: { readonly sql: string; readonly inTransaction: boolean };
  batch: { readonly statements: readonly StatementMessage[]; readonly safeIntegers: boolean };
  begin: { readonly mode: TransactionMode };
  commit: object;
  rollback: object;
  /** Begins to read rows on a connection of its own. */
  stream: StatementMessage & { readonly safeIntegers: boolean };
  /** Reads the next rows. */
  pull: { readonly stream: number; readonly rows: number };
  /** Ends the reading of rows. */
  cancel: { readonly stream: number };
  close: object;
}

/** Instead of rows: a statement that writes came to a worker that must not. */
export const WRITES = 'writes';

/** What workers answer, by the kind of request. */
export interface Results {
  /** Whether the lock is held. */
  hello: boolean;
  open: { readonly connection: number };
  query: QueryResult | typeof WRITES;
  run: RunResult;
  exec: undefined;
  batch: readonly StatementResult[];
  begin: undefined;
  commit: undefined;
  rollback: undefined;
  stream: { readonly stream: number; readonly connection: number } | typeof WRITES;
  pull: RowsMessage & { readonly done: boolean };
  cancel: undefined;
  close: undefined;
}

/** The kinds of requests. */
export type Kind = keyof Requests;

/** A request with the number that its answer will have. */
export type RequestMessage = {
  [K in Kind]: { readonly id: number; readonly kind: K; readonly body: Requests[K] };
}[Kind];

/** An answer. */
export type AnswerMessage =
  | { readonly id: number; readonly result: Results[Kind] }
  | { readonly id: number; readonly error: ErrorMessage };
