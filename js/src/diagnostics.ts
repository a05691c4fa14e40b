import { SIZE_UNIT_BYTES, WORD } from './layout.js';
import type { Runtime } from './runtime.js';
import { controlWords, countConnections, isDisposed, requireRuntime } from './runtime_handle.js';

/** What {@link diagnostics} tells about a runtime. */
export interface Diagnostics {
  /** Name of the runtime. */
  name: string;
  /** Size of the database in bytes. */
  databaseBytes: number;
  /** Shared memory that the database has taken so far, in bytes. */
  databaseCapacityBytes: number;
  /** What the database can grow to, in bytes. */
  maxDatabaseCapacityBytes: number;
  /** Size of the write-ahead log in bytes. It is reused from its start, so it falls rarely. */
  writeAheadBytes: number;
  /** Shared memory that the write-ahead log has taken so far, in bytes. */
  writeAheadCapacityBytes: number;
  /** What the write-ahead log can grow to, in bytes. */
  maxWriteAheadCapacityBytes: number;
  /** Pages in the write-ahead log that belong to the database's present state or its history. */
  writeAheadFrames: number;
  /** How many of these frames checkpoints have copied into the database. */
  checkpointedFrames: number;
  /** Open connections, in all contexts. */
  connections: number;
  /** Commits since the runtime was created. */
  commits: number;
  /** Completed checkpoint runs since the runtime was created. */
  checkpoints: number;
  /** Connections whose worker ended without closing them, and which were cleaned up after. */
  deaths: number;
  /** Whether `dispose()` was called. */
  disposed: boolean;
}

type Segments = readonly SharedArrayBuffer[];

function capacity(segments: Segments): number {
  return segments.reduce((bytes, segment) => bytes + segment.byteLength, 0);
}

function maxCapacity(segments: Segments): number {
  // An engine without growth has no maxByteLength.
  return segments.reduce((bytes, { maxByteLength, byteLength }) => {
    return bytes + (maxByteLength ?? byteLength);
  }, 0);
}

/**
 * Sizes and counters of a runtime, read from shared memory: cheap, in any context, without a
 * connection. Each figure is right in itself; while others write, they need not fit together.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 */
export function diagnostics(runtime: Runtime): Diagnostics {
  requireRuntime(runtime);
  const words = controlWords(runtime);
  const count = (word: number) => Atomics.load(words, word) >>> 0;
  const size = (units: number, tail: number) => count(units) * SIZE_UNIT_BYTES + count(tail);
  return {
    name: runtime.name,
    databaseBytes: size(WORD.DATABASE_UNITS, WORD.DATABASE_TAIL),
    databaseCapacityBytes: capacity(runtime.database),
    maxDatabaseCapacityBytes: maxCapacity(runtime.database),
    writeAheadBytes: size(WORD.WRITE_AHEAD_UNITS, WORD.WRITE_AHEAD_TAIL),
    writeAheadCapacityBytes: capacity(runtime.writeAhead),
    maxWriteAheadCapacityBytes: maxCapacity(runtime.writeAhead),
    writeAheadFrames: count(WORD.WAL_FRAMES),
    checkpointedFrames: count(WORD.WAL_BACKFILLED),
    connections: countConnections(words),
    commits: count(WORD.COMMITS),
    checkpoints: count(WORD.CHECKPOINTS),
    deaths: count(WORD.DEATHS),
    disposed: isDisposed(words),
  };
}
