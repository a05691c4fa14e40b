import type { CapacityOptions } from './capacities.js';
import { ownError } from './errors.js';

/** Shared memory asked of the engine, and the option to lower where it refuses. */
export interface Reservation {
  initialBytes: number;
  maxBytes: number;
  option: keyof CapacityOptions;
  /** Else the maximum is taken at once. */
  growable: boolean;
}

// Looked up at each call: which engine it is does not change, but tests take the method away.
function canGrow(): boolean {
  return typeof SharedArrayBuffer.prototype.grow === 'function';
}

/** Whether buffers take their maximum at once: where they cannot grow, or in any case. */
export interface FixedCapacity {
  fallback: boolean;
  always: boolean;
}

/**
 * Makes sure that shared memory can be had at all.
 *
 * @returns whether buffers are to grow
 * @throws SqliteError `NOT_CROSS_ORIGIN_ISOLATED`, `NO_SHARED_ARRAY_BUFFER`, or
 *   `NO_GROWABLE_SHARED_ARRAY_BUFFER` unless a fixed capacity is allowed
 */
export function requireSharedMemory({ fallback, always }: FixedCapacity): boolean {
  if (typeof SharedArrayBuffer === 'undefined') {
    if (globalThis.crossOriginIsolated === false) {
      throw ownError('NOT_CROSS_ORIGIN_ISOLATED', 'SharedArrayBuffer is not available here');
    }
    throw ownError('NO_SHARED_ARRAY_BUFFER', 'SharedArrayBuffer is not defined');
  }
  if (always) return false;
  if (canGrow()) return true;
  if (!fallback) {
    throw ownError(
      'NO_GROWABLE_SHARED_ARRAY_BUFFER',
      'SharedArrayBuffer.prototype.grow is missing',
    );
  }
  return false;
}

/**
 * One buffer.
 *
 * @throws SqliteError `RESERVATION_REFUSED`, naming the option and a smaller value
 */
export function reserve(reservation: Reservation): SharedArrayBuffer {
  return allocate(reservation, reservation.maxBytes);
}

/**
 * The segments of one file, each of up to `segmentBytes`. The initial length is given to the
 * first ones, the others start empty.
 *
 * @throws SqliteError `RESERVATION_REFUSED`, naming the option and a smaller value
 */
export function reserveSegments(
  reservation: Reservation,
  segmentBytes: number,
): SharedArrayBuffer[] {
  const { initialBytes, maxBytes } = reservation;
  const segments: SharedArrayBuffer[] = [];
  for (let start = 0; start < maxBytes; start += segmentBytes) {
    const max = Math.min(segmentBytes, maxBytes - start);
    const initial = Math.min(max, Math.max(0, initialBytes - start));
    segments.push(allocate({ ...reservation, initialBytes: initial, maxBytes: max }, maxBytes));
  }
  return segments;
}

function allocate(
  { initialBytes, maxBytes, option, growable }: Reservation,
  totalBytes: number,
): SharedArrayBuffer {
  try {
    return growable
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
