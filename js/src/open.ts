import { abortable, resolveSignal } from './abort.js';
import { bytesOf } from './bytes.js';
import { requireWasmSource, type WasmSource } from './compile_wasm.js';
import { Connection } from './connection.js';
import { type JournalMode, resolveJournalMode, resolveTimeout } from './connection_options.js';
import { Database } from './database.js';
import { connect, connectNow, connectPrivate } from './engine.js';
import { ownError, typeError } from './errors.js';
import { heedWhileIdle } from './idle.js';
import { booleanOption, requireKnownOptions } from './options.js';
import { forThisThread } from './own_handle.js';
import { requireNotPoisoned } from './poison.js';
import type { Runtime } from './runtime.js';
import { requireNotDisposed, requireRuntime } from './runtime_handle.js';
import { isLoaded, loadWasm } from './wasm.js';

/** Options of {@link open}. */
export interface OpenOptions extends WasmSource {
  /** Refuses writes with `SQLITE_READONLY`. Default false. */
  readonly?: boolean | undefined;
  /** Refuses to create a database that does not exist yet. Default false. */
  fileMustExist?: boolean | undefined;
  /**
   * How many milliseconds to wait for other connections before `SQLITE_BUSY`. Default 5000. The
   * main thread of a page must not wait: there it is `SQLITE_BUSY` at once.
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

function resolveVerbose(verbose: OpenOptions['verbose']): ((sql: string) => unknown) | undefined {
  if (verbose === undefined || verbose === null) return undefined;
  if (typeof verbose !== 'function') {
    throw typeError('Expected the "verbose" option to be a function', 'INVALID_OPTION');
  }
  return verbose;
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
  requireNotDisposed(runtime);
  requireNotPoisoned();
  await abortable(signal, loadWasm(source));
}

/** What is to be opened: a database that is shared, or a private one: an empty one, or a copy. */
export type DatabaseSource =
  | Runtime
  | ':memory:'
  | ''
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer;

/** The bytes of a database that is to be private; undefined for an empty one. */
interface PrivateSource {
  image: Uint8Array | undefined;
  name: string;
}

function privateSource(source: unknown): PrivateSource | undefined {
  if (source === '' || source === ':memory:') return { image: undefined, name: source };
  const image = bytesOf(source);
  return image && { image, name: ':memory:' };
}

interface ResolvedOptions {
  readonly: boolean;
  fileMustExist: boolean;
  timeoutMs: number;
  journalMode: JournalMode;
  verbose: ((sql: string) => unknown) | undefined;
  signal: AbortSignal | undefined;
}

function resolveOptions(options: OpenOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw typeError('Expected second argument to be an options object', 'INVALID_OPTION');
  }
  requireKnownOptions(options, OPTIONS);
  const resolved = {
    readonly: booleanOption(options, 'readonly', 'INVALID_OPTION'),
    fileMustExist: booleanOption(options, 'fileMustExist', 'INVALID_OPTION'),
    timeoutMs: resolveTimeout(options.timeout),
    verbose: resolveVerbose(options.verbose),
    journalMode: resolveJournalMode(options.journalMode),
    signal: resolveSignal(options.signal, 'INVALID_OPTION'),
  };
  requireWasmSource(options);
  return resolved;
}

/** A connection, and what its `Database` tells of it. */
export interface Opened {
  connection: Connection;
  name: string;
  readonly: boolean;
  memory: boolean;
}

function opened(database: number, runtime: Runtime, options: ResolvedOptions): Opened {
  const connection = new Connection(database, options.verbose);
  heedWhileIdle(runtime, connection);
  return { connection, name: runtime.name, readonly: options.readonly, memory: false };
}

function requirePrivateOptions({ image }: PrivateSource, options: OpenOptions): void {
  if (options.readonly === true && image === undefined) {
    throw typeError('In-memory/temporary databases cannot be readonly', 'INVALID_OPTION');
  }
  if (options.journalMode !== undefined) {
    throw typeError('A private database has no "journalMode" to choose', 'INVALID_OPTION');
  }
}

function openPrivate({ image, name }: PrivateSource, options: ResolvedOptions): Opened {
  const { readonly, verbose } = options;
  const connection = new Connection(connectPrivate(image, readonly), verbose);
  return { connection, name, readonly, memory: true };
}

/**
 * Opens a connection at once, in a context where the module is loaded.
 *
 * @throws as {@link open}; SqliteError `NOT_INITIALIZED`
 */
export function openNow(source: DatabaseSource, options: OpenOptions): Opened {
  const resolved = resolveOptions(options);
  const { signal, ...connectOptions } = resolved;
  signal?.throwIfAborted();
  const own = privateSource(source);
  if (own !== undefined) requirePrivateOptions(own, options);
  else requireRuntime(source);
  requireNotPoisoned();
  if (!isLoaded()) throw ownError('NOT_INITIALIZED', 'The database cannot be opened');
  if (own !== undefined) return openPrivate(own, resolved);
  const runtime = source as Runtime;
  requireNotDisposed(runtime);
  return opened(connectNow(forThisThread(runtime), connectOptions), runtime, resolved);
}

/**
 * Opens a connection to a runtime, in the context that calls it: foreign keys on, pages of 4096
 * bytes, in WAL mode unless told otherwise. Works in dedicated workers, in their workers, and on
 * the main thread, which never waits for others.
 *
 * `':memory:'` or `''` opens an empty database of this context alone, bytes one that begins as they
 * are: a database file, which is copied. Its log, if it had one, must have been checkpointed.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`, `RUNTIME_DISPOSED`,
 *   `TOO_MANY_CONNECTIONS`, `WASM_LOAD_FAILED`, `POISONED`, `INVALID_OPTION` for an unknown option,
 *   `SQLITE_CANTOPEN` with `fileMustExist`, `SQLITE_NOTADB` for bytes that are no database
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export async function open(source: DatabaseSource, options: OpenOptions = {}): Promise<Database> {
  const resolved = resolveOptions(options);
  const { signal, ...connectOptions } = resolved;
  const own = privateSource(source);
  if (own !== undefined) {
    requirePrivateOptions(own, options);
    signal?.throwIfAborted();
    requireNotPoisoned();
    await abortable(signal, loadWasm(options));
    return new Database(openPrivate(own, resolved));
  }
  const runtime = source as Runtime;
  await requireOpenable(runtime, options, signal);
  const database = await connect(forThisThread(runtime), connectOptions, signal);
  return new Database(opened(database, runtime, resolved));
}
