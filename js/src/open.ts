import { abortable, resolveSignal } from './abort.js';
import { requireWasmSource, type WasmSource } from './compile_wasm.js';
import { Connection } from './connection.js';
import { Database } from './database.js';
import { connect } from './engine.js';
import { ownError, rangeError, typeError } from './errors.js';
import { heedWhileIdle } from './idle.js';
import { WORKER_VOUCHED } from './layout.js';
import { ownThreadId } from './node.js';
import { booleanOption, requireKnownOptions } from './options.js';
import { requireNotPoisoned } from './poison.js';
import type { Runtime } from './runtime.js';
import { controlWords, isDisposed, requireRuntime } from './runtime_handle.js';
import { loadWasm } from './wasm.js';

/** How the database keeps its transactions, see https://sqlite.org/pragma.html#pragma_journal_mode */
export type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist';

/** Options of {@link open}. */
export interface OpenOptions extends WasmSource {
  /** Refuses writes with `SQLITE_READONLY`. Default false. */
  readonly?: boolean | undefined;
  /** Refuses to create a database that does not exist yet. Default false. */
  fileMustExist?: boolean | undefined;
  /**
   * How many milliseconds to wait for other connections before `SQLITE_BUSY`. Default 5000. The
   * main thread must not wait: there it is `SQLITE_BUSY` at once.
   */
  timeout?: number | undefined;
  /** Called with each statement that is about to be executed, its parameters in place. */
  verbose?: ((sql: string) => unknown) | null | undefined;
  /**
   * Rejects with its reason when it is aborted before the connection is there. While SQLite itself
   * opens the database, nothing else runs in this context.
   */
  signal?: AbortSignal | undefined;
  /** Mode that the database is put into. Default `wal`; the others let nobody read meanwhile. */
  journalMode?: JournalMode | undefined;
}

const OPTIONS: readonly (keyof OpenOptions)[] = [
  'readonly',
  'fileMustExist',
  'timeout',
  'verbose',
  'journalMode',
  'signal',
  'wasmUrl',
  'wasmModule',
];

const JOURNAL_MODES: readonly unknown[] = ['wal', 'delete', 'truncate', 'persist'];
const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 0x7fffffff;

/**
 * How long to wait for a lock, in milliseconds.
 *
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export function resolveTimeout(timeout: unknown): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout !== 'number' || !Number.isInteger(timeout) || timeout < 0) {
    throw typeError('Expected the "timeout" option to be a positive integer', 'INVALID_OPTION');
  }
  if (timeout > MAX_TIMEOUT_MS) {
    throw rangeError(`Option "timeout" cannot be greater than ${MAX_TIMEOUT_MS}`, 'INVALID_OPTION');
  }
  return timeout;
}

function resolveVerbose(verbose: OpenOptions['verbose']): ((sql: string) => unknown) | undefined {
  if (verbose === undefined || verbose === null) return undefined;
  if (typeof verbose !== 'function') {
    throw typeError('Expected the "verbose" option to be a function', 'INVALID_OPTION');
  }
  return verbose;
}

function resolveJournalMode(mode: unknown): JournalMode {
  if (mode === undefined) return 'wal';
  if (!JOURNAL_MODES.includes(mode)) {
    throw typeError(
      `Expected the "journalMode" option to be one of ${JOURNAL_MODES.join(', ')}`,
      'INVALID_OPTION',
    );
  }
  return mode as JournalMode;
}

/**
 * Makes sure that a runtime can be opened here, and loads the module for it.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`, `RUNTIME_DISPOSED`, `POISONED`,
 *   `WASM_LOAD_FAILED`
 */
export async function requireOpenable(
  runtime: Runtime,
  source: WasmSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  requireRuntime(runtime);
  signal?.throwIfAborted();
  if (isDisposed(controlWords(runtime))) {
    throw ownError('RUNTIME_DISPOSED', `"${runtime.name}" cannot be opened`);
  }
  requireNotPoisoned();
  await abortable(signal, loadWasm(source));
}

/**
 * The handle that says whose the connections are. A thread of Node knows its number; that its end
 * will be told to somebody it knows if the handle was made for it.
 */
export async function forThisThread(runtime: Runtime): Promise<Runtime> {
  const thread = await ownThreadId();
  if (thread === 0 || (runtime.worker !== 0 && runtime.worker !== thread)) return runtime;
  return { ...runtime, worker: runtime.worker === thread ? thread + WORKER_VOUCHED : thread };
}

/**
 * Opens a connection to a runtime, in the context that calls it: foreign keys on, pages of 4096
 * bytes, in WAL mode unless told otherwise. Works in dedicated workers, in their workers, and on
 * the main thread, which never waits for others.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`, `RUNTIME_DISPOSED`,
 *   `TOO_MANY_CONNECTIONS`, `WASM_LOAD_FAILED`, `POISONED`, `INVALID_OPTION` for an unknown option,
 *   `SQLITE_CANTOPEN` with `fileMustExist`
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export async function open(runtime: Runtime, options: OpenOptions = {}): Promise<Database> {
  if (typeof options !== 'object' || options === null) {
    throw typeError('Expected second argument to be an options object', 'INVALID_OPTION');
  }
  requireKnownOptions(options, OPTIONS);
  const readonly = booleanOption(options, 'readonly', 'INVALID_OPTION');
  const fileMustExist = booleanOption(options, 'fileMustExist', 'INVALID_OPTION');
  const timeoutMs = resolveTimeout(options.timeout);
  const verbose = resolveVerbose(options.verbose);
  const journalMode = resolveJournalMode(options.journalMode);
  const signal = resolveSignal(options.signal, 'INVALID_OPTION');
  requireWasmSource(options);

  await requireOpenable(runtime, options, signal);
  const connectOptions = { readonly, fileMustExist, timeoutMs, journalMode };
  const database = await connect(await forThisThread(runtime), connectOptions, signal);
  const connection = new Connection(database, verbose);
  heedWhileIdle(runtime, connection);
  return new Database(connection, runtime.name, readonly);
}
