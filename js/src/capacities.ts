import { ownError, type SqliteError } from './errors.js';
import { INDEX_MAX_PAGES, INDEX_PAGE_BYTES, SIZE_UNIT_BYTES } from './layout.js';

/** How much shared memory a runtime may take. All values are whole numbers of bytes. */
export interface CapacityOptions {
  /** Taken at once for the database; rounded up to 64 KiB. Default 1 MiB. */
  initialDatabaseCapacityBytes?: number | undefined;
  /** What the database can grow to; beyond it a write fails with `SQLITE_FULL`. Default 1 GiB. */
  maxDatabaseCapacityBytes?: number | undefined;
  /** Taken at once for the write-ahead log; rounded up to 64 KiB. Default 1 MiB. */
  initialWriteAheadCapacityBytes?: number | undefined;
  /**
   * What the write-ahead log can grow to; beyond it a write fails with `SQLITE_FULL`. `VACUUM`
   * needs as much as the whole database. Default 1 GiB.
   */
  maxWriteAheadCapacityBytes?: number | undefined;
  /**
   * Each file is a list of buffers of this length, the last one shorter. A multiple of 65536.
   * Default 1 GiB.
   */
  segmentCapacityBytes?: number | undefined;
}

/** Capacities in bytes, checked and rounded. */
export interface Capacities {
  initialDatabase: number;
  maxDatabase: number;
  initialWriteAhead: number;
  maxWriteAhead: number;
  maxJournal: number;
  maxIndex: number;
  segment: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const GRAIN = 64 * KIB;

// Sizes in the control block are 32-bit counts of units.
const MAX_CAPACITY_BYTES = SIZE_UNIT_BYTES * 2 ** 32;

// Of one file. RuntimeOptions::validate() has the same limits.
const MAX_SEGMENTS = 2 ** 16;

const DEFAULT_INITIAL = MIB;
const DEFAULT_MAX = GIB;
const DEFAULT_SEGMENT = GIB;

// https://sqlite.org/fileformat2.html#the_write_ahead_log: the header, and a frame's own header
// before each page, which has 512 bytes or more.
const WAL_HEADER_BYTES = 32;
const SMALLEST_FRAME_BYTES = 24 + 512;
// https://sqlite.org/walformat.html#the_wal_index_file_format
const FRAMES_OF_FIRST_INDEX_PAGE = 4062;
const FRAMES_OF_INDEX_PAGE = 4096;

function invalid(detail: string): SqliteError {
  return ownError('INVALID_CAPACITY', detail);
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / GRAIN) * GRAIN;
}

function positiveBytes(
  options: CapacityOptions,
  name: keyof CapacityOptions,
  otherwise: number,
): number {
  const value: unknown = options[name];
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw invalid(`${name} is ${describe(value)}, not a number`);
  if (!Number.isInteger(value) || value <= 0) throw invalid(`${name} is ${value}`);
  if (value > MAX_CAPACITY_BYTES) {
    throw invalid(`${name} is ${value}, more than the ${MAX_CAPACITY_BYTES} that a file can have`);
  }
  return value;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function initialAndMax(
  options: CapacityOptions,
  initialName: 'initialDatabaseCapacityBytes' | 'initialWriteAheadCapacityBytes',
  maxName: 'maxDatabaseCapacityBytes' | 'maxWriteAheadCapacityBytes',
): [initial: number, max: number] {
  const max = positiveBytes(options, maxName, DEFAULT_MAX);
  const initial = positiveBytes(options, initialName, Math.min(DEFAULT_INITIAL, max));
  if (initial > max) {
    const origin = options[maxName] === undefined ? ', its default' : '';
    throw invalid(`${initialName} is ${initial}, larger than ${maxName} (${max}${origin})`);
  }
  return [roundUp(initial), roundUp(max)];
}

function indexBytes(maxWriteAhead: number): number {
  const frames = Math.floor((maxWriteAhead - WAL_HEADER_BYTES) / SMALLEST_FRAME_BYTES);
  const further = Math.max(0, frames - FRAMES_OF_FIRST_INDEX_PAGE);
  const pages = 1 + Math.ceil(further / FRAMES_OF_INDEX_PAGE);
  return Math.min(pages, INDEX_MAX_PAGES) * INDEX_PAGE_BYTES;
}

/**
 * The capacities that the options ask for.
 *
 * @throws SqliteError `INVALID_CAPACITY`, naming the option
 */
export function resolveCapacities(options: CapacityOptions): Capacities {
  const [initialDatabase, maxDatabase] = initialAndMax(
    options,
    'initialDatabaseCapacityBytes',
    'maxDatabaseCapacityBytes',
  );
  const [initialWriteAhead, maxWriteAhead] = initialAndMax(
    options,
    'initialWriteAheadCapacityBytes',
    'maxWriteAheadCapacityBytes',
  );
  const segment = positiveBytes(options, 'segmentCapacityBytes', DEFAULT_SEGMENT);
  if (segment % GRAIN !== 0) {
    throw invalid(`segmentCapacityBytes is ${segment}, not a multiple of ${GRAIN}`);
  }
  for (const [name, max] of [
    ['maxDatabaseCapacityBytes', maxDatabase],
    ['maxWriteAheadCapacityBytes', maxWriteAhead],
  ] as const) {
    if (max / segment > MAX_SEGMENTS) {
      throw invalid(
        `segmentCapacityBytes is ${segment}, which makes more than ${MAX_SEGMENTS} segments of ${name} (${max})`,
      );
    }
  }
  return {
    initialDatabase,
    maxDatabase,
    initialWriteAhead,
    maxWriteAhead,
    // Each page of the database in front of its number and checksum, and the journal's headers.
    maxJournal: roundUp(maxDatabase + maxDatabase / 32 + GRAIN),
    maxIndex: indexBytes(maxWriteAhead),
    segment,
  };
}
