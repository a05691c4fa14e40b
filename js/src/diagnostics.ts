import { type ConnectionDiagnostics, connections, pinnedBy } from './connection_diagnostics.js';
import { SIZE_UNIT_BYTES, WORD } from './layout.js';
import type { Runtime } from './runtime.js';
import { controlWords, isDisposed, requireRuntime } from './runtime_handle.js';

/** What {@link Diagnostics} tells about one shared file. */
export interface FileDiagnostics {
  /** Size of the file in bytes. */
  bytes: number;
  /** Shared memory that it has taken so far, in bytes. It is given back with the runtime alone. */
  capacityBytes: number;
  /** What it can grow to, in bytes. */
  maxCapacityBytes: number;
  /** The segments that it is made of. */
  segments: SegmentCounts;
}

/** Segments of one shared file. */
export interface SegmentCounts {
  /** Segments that have taken memory. */
  allocated: number;
  /** Those of them that hold bytes of the file. */
  active: number;
  /** The others: the file was longer once, and will use them again. */
  reclaimed: number;
}

/** What happened since the runtime was created. Counters stay at 2^32 - 1 when they reach it. */
export interface Counters {
  /** Transactions committed. */
  commits: number;
  /** Checkpoint runs completed. */
  checkpoints: number;
  /** Connections whose worker ended without closing them, and which were cleaned up after. */
  deaths: number;
  /** Those of them that were evicted: nothing was heard of them for `lockStaleMs`. */
  evictions: number;
  /** Times that a connection slept for a lock. */
  lockWaits: number;
  /** Milliseconds that connections slept for locks, all together. */
  lockWaitMs: number;
  /** Times that a copy of the wal-index was made again because a commit came in between. */
  retries: number;
  /**
   * Times that SQLite built the wal-index anew from the log: once when the first connection
   * opens, and after a worker ended in the middle of a commit.
   */
  recoveries: number;
}

/** What {@link diagnostics} tells about a runtime. */
export interface Diagnostics {
  /** Name of the runtime. */
  name: string;
  /** The database file. What only the log has is not in it yet. */
  database: FileDiagnostics;
  /** The write-ahead log. It is used again from its start, so its size falls rarely. */
  writeAhead: FileDiagnostics;
  /** Frames (pages) in the log that belong to the database's present state or its history. */
  writeAheadFrames: number;
  /** How many of these frames checkpoints have copied into the database. */
  checkpointedFrames: number;
  /**
   * The connection whose read transaction keeps the log from being checkpointed to its end, since
   * when and by which statement; null if there is none.
   */
  writeAheadPinnedBy: ConnectionDiagnostics | null;
  /** Connections that exist now, in all contexts. */
  connections: ConnectionDiagnostics[];
  /** What happened since the runtime was created. */
  counters: Counters;
  /** Whether `dispose()` was called. */
  disposed: boolean;
}

function segmentCounts(segments: readonly SharedArrayBuffer[], bytes: number): SegmentCounts {
  const size = maxByteLength(segments[0]);
  const allocated = segments.filter(({ byteLength }) => byteLength > 0).length;
  const active = Math.min(Math.ceil(bytes / size), allocated);
  return { allocated, active, reclaimed: allocated - active };
}

/** An engine without growth has no maxByteLength. */
function maxByteLength(segment: SharedArrayBuffer | undefined): number {
  return segment?.maxByteLength ?? segment?.byteLength ?? 0;
}

function file(bytes: number, segments: readonly SharedArrayBuffer[]): FileDiagnostics {
  return {
    bytes,
    capacityBytes: segments.reduce((sum, segment) => sum + segment.byteLength, 0),
    maxCapacityBytes: segments.reduce((sum, segment) => sum + maxByteLength(segment), 0),
    segments: segmentCounts(segments, bytes),
  };
}

/**
 * Sizes, connections and counters of a runtime, read from shared memory: cheap, in any context,
 * without a connection. Each figure is right in itself; while others write, they need not fit
 * together.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 *
 * @example
 * ```ts
 * const { writeAhead, writeAheadPinnedBy } = diagnostics(runtime);
 * if (writeAhead.bytes > 2 ** 28 && writeAheadPinnedBy) {
 *   const { slot, transaction } = writeAheadPinnedBy;
 *   console.warn(`connection ${slot} reads since ${transaction?.ageMs} ms: ${transaction?.statement}`);
 * }
 * ```
 */
export function diagnostics(runtime: Runtime): Diagnostics {
  requireRuntime(runtime);
  const words = controlWords(runtime);
  const count = (word: number) => Atomics.load(words, word) >>> 0;
  const size = (units: number, tail: number) => count(units) * SIZE_UNIT_BYTES + count(tail);
  const all = connections(words);
  const [frames, checkpointed] = [count(WORD.WAL_FRAMES), count(WORD.WAL_BACKFILLED)];
  return {
    name: runtime.name,
    database: file(size(WORD.DATABASE_UNITS, WORD.DATABASE_TAIL), runtime.database),
    writeAhead: file(size(WORD.WRITE_AHEAD_UNITS, WORD.WRITE_AHEAD_TAIL), runtime.writeAhead),
    writeAheadFrames: frames,
    checkpointedFrames: checkpointed,
    writeAheadPinnedBy: pinnedBy(all, frames, checkpointed),
    connections: all,
    counters: {
      commits: count(WORD.COMMITS),
      checkpoints: count(WORD.CHECKPOINTS),
      deaths: count(WORD.DEATHS),
      evictions: count(WORD.EVICTIONS),
      lockWaits: count(WORD.LOCK_WAITS),
      lockWaitMs: count(WORD.LOCK_WAIT_MS),
      retries: count(WORD.RETRIES),
      recoveries: count(WORD.RECOVERIES),
    },
    disposed: isDisposed(words),
  };
}
