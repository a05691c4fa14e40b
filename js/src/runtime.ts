import { type CapacityOptions, resolveCapacities } from './capacities.js';
import { ownError } from './errors.js';
import {
  CONTROL_BYTES,
  DEFAULT_LOCK_STALE_MS,
  INDEX_PAGE_BYTES,
  LAYOUT_VERSION,
  SUPER_JOURNALS,
  WORD,
} from './layout.js';
import { requireKnownOptions } from './options.js';
import { requireSharedMemory, reserve, reserveSegments } from './reservation.js';
import { controlWords } from './runtime_handle.js';
import { watchOver } from './watch.js';

/** Options of {@link createRuntime}. */
export interface RuntimeOptions extends CapacityOptions {
  /** Name of the database, as `Database.name` has it. Default `main`. */
  name?: string | undefined;
  /**
   * After how many milliseconds without a sign of life a connection is taken for dead, where no Web
   * Lock proves that it lives. If it lives after all, its transaction is lost, and each of its calls
   * throws `EVICTED`. So it should be longer than any pause: a breakpoint, a long sort, a function of
   * yours that SQL calls. Default 30000.
   */
  lockStaleMs?: number | undefined;
  /**
   * Whether connections prove by a Web Lock that they live. Without, it takes `lockStaleMs` until
   * others go on after a death. Default true; where there are no Web Locks, that makes no difference.
   */
  webLocks?: boolean | undefined;
  /**
   * Where the engine cannot grow a `SharedArrayBuffer`: take the maximum capacities at once.
   * Default false.
   */
  allowFixedCapacityFallback?: boolean | undefined;
  /**
   * Takes the maximum capacities at once, even where the engine can grow a `SharedArrayBuffer`: no
   * write ever waits for memory, or finds that there is none. Default false.
   */
  fixedCapacity?: boolean | undefined;
}

/**
 * A database in shared memory: a plain object that `postMessage` hands to dedicated workers (and
 * theirs) without copying a byte. Other tabs, SharedWorkers, service workers and IndexedDB cannot
 * hold one. Its fields belong to sharedwal.
 */
export interface Runtime {
  /** Version of the memory layout. */
  readonly sharedwal: number;
  /** Unique among all runtimes. */
  readonly id: string;
  /** As it was given, see {@link RuntimeOptions.name}. */
  readonly name: string;
  /** Which worker the handle was made for by `share()`; 0 for none in particular. */
  readonly worker: number;
  /** The control block: locks, connections, the record of commits. */
  readonly control: SharedArrayBuffer;
  /** The wal-index that all share. */
  readonly index: SharedArrayBuffer;
  /** The database file, in segments. */
  readonly database: SharedArrayBuffer[];
  /** The write-ahead log, in segments. */
  readonly writeAhead: SharedArrayBuffer[];
  /** The rollback journal, in segments. */
  readonly journal: SharedArrayBuffer[];
  /** Journals of commits over several databases. */
  readonly superJournals: SharedArrayBuffer[];
}

/** The names of {@link RuntimeOptions}. */
export const RUNTIME_OPTIONS: readonly (keyof RuntimeOptions)[] = [
  'name',
  'initialDatabaseCapacityBytes',
  'maxDatabaseCapacityBytes',
  'initialWriteAheadCapacityBytes',
  'maxWriteAheadCapacityBytes',
  'segmentCapacityBytes',
  'lockStaleMs',
  'webLocks',
  'allowFixedCapacityFallback',
  'fixedCapacity',
];

const SUPER_JOURNAL_BYTES = 65_536;
// Names become file names inside SQLite, where these would end the name or start another part.
const FORBIDDEN_IN_NAMES = /[\p{Cc}/\\?#%]/u;
const MAX_NAME_LENGTH = 128;

function resolveName(name: unknown): string {
  if (name === undefined) return 'main';
  if (
    typeof name !== 'string' ||
    name === '' ||
    name.length > MAX_NAME_LENGTH ||
    FORBIDDEN_IN_NAMES.test(name)
  ) {
    const wanted = `a string of 1 to ${MAX_NAME_LENGTH} characters without / \\ ? # %`;
    throw ownError('INVALID_OPTION', `"name" must be ${wanted}`);
  }
  return name;
}

function resolveLockStaleMs(milliseconds: unknown): number {
  if (milliseconds === undefined) return DEFAULT_LOCK_STALE_MS;
  const valid =
    typeof milliseconds === 'number' &&
    Number.isInteger(milliseconds) &&
    milliseconds > 0 &&
    milliseconds <= 0x7fffffff;
  if (!valid) {
    const wanted = 'a whole number of milliseconds from 1 to 2147483647';
    throw ownError('INVALID_OPTION', `"lockStaleMs" must be ${wanted}`);
  }
  return milliseconds;
}

function resolveBoolean(
  options: RuntimeOptions,
  name: 'allowFixedCapacityFallback' | 'fixedCapacity' | 'webLocks',
  standard = false,
): boolean {
  const value: unknown = options[name];
  if (value === undefined) return standard;
  if (typeof value !== 'boolean') throw ownError('INVALID_OPTION', `"${name}" must be a boolean`);
  return value;
}

/**
 * Creates an empty database in shared memory. Needs no WebAssembly and works in every context of
 * a cross-origin isolated page; hand the result to workers with `postMessage` and
 * {@link open} it there. Its memory is freed when the last context lets go of it.
 *
 * @throws SqliteError `NOT_CROSS_ORIGIN_ISOLATED`, `NO_SHARED_ARRAY_BUFFER`,
 *   `NO_GROWABLE_SHARED_ARRAY_BUFFER`, `RESERVATION_REFUSED`, `INVALID_CAPACITY`,
 *   `INVALID_OPTION`
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  requireKnownOptions(options, RUNTIME_OPTIONS);
  const name = resolveName(options.name);
  const lockStaleMs = resolveLockStaleMs(options.lockStaleMs);
  const webLocks = resolveBoolean(options, 'webLocks', true);
  const fallback = resolveBoolean(options, 'allowFixedCapacityFallback');
  const always = resolveBoolean(options, 'fixedCapacity');
  const capacities = resolveCapacities(options);
  const growable = requireSharedMemory({ fallback, always });

  const databaseOption = 'maxDatabaseCapacityBytes';
  const writeAheadOption = 'maxWriteAheadCapacityBytes';
  const database = {
    initialBytes: capacities.initialDatabase,
    maxBytes: capacities.maxDatabase,
    option: databaseOption,
    growable,
  } as const;
  const writeAhead = {
    initialBytes: capacities.initialWriteAhead,
    maxBytes: capacities.maxWriteAhead,
    option: writeAheadOption,
    growable,
  } as const;
  const journal = {
    initialBytes: 0,
    maxBytes: capacities.maxJournal,
    option: databaseOption,
    growable,
  } as const;
  const index = {
    initialBytes: INDEX_PAGE_BYTES,
    maxBytes: capacities.maxIndex,
    option: writeAheadOption,
    growable,
  } as const;
  const superJournal = {
    initialBytes: 0,
    maxBytes: SUPER_JOURNAL_BYTES,
    option: databaseOption,
    growable,
  } as const;

  const runtime = {
    sharedwal: LAYOUT_VERSION,
    id: crypto.randomUUID(),
    name,
    worker: 0,
    control: new SharedArrayBuffer(CONTROL_BYTES),
    index: reserve(index),
    database: reserveSegments(database, capacities.segment),
    writeAhead: reserveSegments(writeAhead, capacities.segment),
    journal: reserveSegments(journal, capacities.segment),
    superJournals: Array.from({ length: SUPER_JOURNALS }, () => reserve(superJournal)),
  };
  const words = controlWords(runtime);
  Atomics.store(words, WORD.LOCK_STALE_MS, lockStaleMs);
  Atomics.store(words, WORD.WEB_LOCKS_OFF, webLocks ? 0 : 1);
  watchOver(runtime);
  return runtime;
}
