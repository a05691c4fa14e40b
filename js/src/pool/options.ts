import { requireWasmSource, type WasmSource } from '../compile_wasm.js';
import { resolveJournalMode, resolveTimeout } from '../connection_options.js';
import { typeError } from '../errors.js';
import { booleanOption, requireKnownOptions } from '../options.js';
import type { Runtime } from '../runtime.js';
import { requireRuntime } from '../runtime_handle.js';
import type { ConnectionOptions } from './protocol.js';
import type { WorkerSource } from './start_worker.js';

/** Options of {@link createPool}. */
export interface PoolOptions extends WasmSource {
  /**
   * How many workers read. Default: one less than the machine has processors, from 1 to 4.
   */
  readers?: number | undefined;
  /**
   * Whether there is a worker that writes. Without, every write is `SQLITE_READONLY`. Default true.
   */
  writer?: boolean | undefined;
  /**
   * The script of the workers, `sharedwal/dist/pool_worker.js`, or a function that starts one. Default:
   * beside the package's JavaScript, or where a bundler has put it.
   */
  workerUrl?: WorkerSource;
  /** How each connection is opened, as for `open()`. */
  open?: ConnectionOptions | undefined;
  /**
   * SQL to be executed by each connection when it is new, those of streams included: PRAGMAs,
   * temporary views. What belongs to a connection must not be set otherwise, since nobody knows which
   * connection a call gets.
   */
  setup?: string | undefined;
  /** Whether calls return integers as bigints unless they say otherwise. Default false. */
  safeIntegers?: boolean | undefined;
}

/** What {@link PoolOptions} come to. */
export interface ResolvedPool {
  readonly runtime: Runtime;
  readonly readers: number;
  readonly writer: boolean;
  readonly workerUrl: WorkerSource;
  readonly open: ConnectionOptions;
  readonly setup: string | undefined;
  readonly safeIntegers: boolean;
  readonly wasm: WasmSource;
}

const OPTIONS: readonly (keyof PoolOptions)[] = [
  'readers',
  'writer',
  'workerUrl',
  'open',
  'setup',
  'safeIntegers',
  'wasmUrl',
  'wasmModule',
];
const OPEN_OPTIONS: readonly (keyof ConnectionOptions)[] = [
  'timeout',
  'journalMode',
  'fileMustExist',
];
const MOST_READERS = 4;
/** Each may need a connection for streams besides, and there are 64. */
const READERS_LIMIT = 24;

function resolveReaders(readers: unknown): number {
  if (readers === undefined) {
    const { hardwareConcurrency = 2 } = (globalThis as { navigator?: Navigator }).navigator ?? {};
    return Math.min(Math.max(hardwareConcurrency - 1, 1), MOST_READERS);
  }
  const valid = typeof readers === 'number' && Number.isInteger(readers);
  if (!valid || readers < 1 || readers > READERS_LIMIT) {
    throw typeError(
      `Expected the "readers" option to be a whole number from 1 to ${READERS_LIMIT}`,
      'INVALID_OPTION',
    );
  }
  return readers;
}

function requireKind(name: string, value: unknown, kinds: readonly string[]): void {
  if (value === undefined || kinds.includes(typeof value)) return;
  if (kinds.includes('URL') && value instanceof URL) return;
  throw typeError(
    `Expected the "${name}" option to be a ${kinds.join(' or a ')}`,
    'INVALID_OPTION',
  );
}

/**
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`, `INVALID_OPTION` for an unknown option
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export function resolvePool(runtime: Runtime, options: PoolOptions): ResolvedPool {
  requireRuntime(runtime);
  requireKnownOptions(options, OPTIONS);
  const { readers, writer, workerUrl, open = {}, setup, wasmUrl, wasmModule } = options;
  requireKnownOptions(open, OPEN_OPTIONS);
  resolveTimeout(open.timeout);
  resolveJournalMode(open.journalMode);
  booleanOption(open, 'fileMustExist', 'INVALID_OPTION');
  requireKind('setup', setup, ['string']);
  requireKind('workerUrl', workerUrl, ['string', 'URL', 'function']);
  requireWasmSource({ wasmUrl, wasmModule });
  return {
    runtime,
    readers: resolveReaders(readers),
    writer: writer === undefined || booleanOption({ writer }, 'writer', 'INVALID_OPTION'),
    workerUrl,
    open: { ...open },
    setup,
    safeIntegers: booleanOption(options, 'safeIntegers', 'INVALID_OPTION'),
    wasm: { wasmUrl, wasmModule },
  };
}
