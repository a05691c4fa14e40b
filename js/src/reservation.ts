import type { CapacityOptions } from './capacities.js';
import { ownError } from './errors.js';

/** Shared memory asked of the engine, and the option to lower where it refuses. */
export interface Reservation {
  initialBytes: number;
  maxBytes: number;
  option: keyof CapacityOptions;
}

// Looked up at each call: which engine it is does not change, but tests take the method away.
function canGrow(): boolean {
  return typeof SharedArrayBuffer.prototype.grow === 'function';
}

/**
 * Makes sure that shared memory can be had at all.
 *
 * @throws SqliteError `NOT_CROSS_ORIGIN_ISOLATED`, `NO_SHARED_ARRAY_BUFFER`, or
 *   `NO_GROWABLE_SHARED_ARRAY_BUFFER` unless `fixedCapacity` is allowed
 */
export function requireSharedMemory(fixedCapacity: boolean): void {
  if (typeof SharedArrayBuffer === 'undefined') {
    if (globalThis.crossOriginIsolated === false) {
      throw ownError('NOT_CROSS_ORIGIN_ISOLATED', 'SharedArrayBuffer is not available here');
    }
    throw ownError('NO_SHARED_ARRAY_BUFFER', 'SharedArrayBuffer is not defined');
  }
  if (!fixedCapacity && !canGrow()) {
    throw ownError(
      'NO_GROWABLE_SHARED_ARRAY_BUFFER',
      'SharedArrayBuffer.prototype.grow is missing',
    );
  }
}

/**
 * One buffer: growable where the engine can, else of its full length.
 *
 * @throws SqliteError `RESERVATION_REFUSED`, naming the option and a smaller value
 */
export function reserve({ initialBytes, maxBytes, option }: Reservation): SharedArrayBuffer {
  return allocate(initialBytes, maxBytes, option, maxBytes);
}

/**
 * The segments of one file, each of up to `segmentBytes`. The initial length is given to the
 * first ones, the others start empty.
 *
 * @throws SqliteError `RESERVATION_REFUSED`, naming the option and a smaller value
 */
export function reserveSegments(
  { initialBytes, maxBytes, option }: Reservation,
  segmentBytes: number,
): SharedArrayBuffer[] {
  const segments: SharedArrayBuffer[] = [];
  for (let start = 0; start < maxBytes; start += segmentBytes) {
    const max = Math.min(segmentBytes, maxBytes - start);
    const initial = Math.min(max, Math.max(0, initialBytes - start));
    segments.push(allocate(initial, max, option, maxBytes));
  }
  return segments;
}

function allocate(
  initialBytes: number,
  maxBytes: number,
  option: keyof CapacityOptions,
  totalBytes: number,
): SharedArrayBuffer {
  try {
    return canGrow()
      ? new SharedArrayBuffer(initialBytes, { maxByteLength: maxBytes })
      : new SharedArrayBuffer(maxBytes);
  } catch (cause) {
    const smaller = Math.floor(totalBytes / 2);
    throw ownError(
      'RESERVATION_REFUSED',
      `${totalBytes} bytes could not be reserved; try ${option}: ${smaller}`,
      { cause },
    );
  }
}
