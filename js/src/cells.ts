// Values in the cells of the instance's memory: those of rows, and those that the user's functions
// get and return.

import { rangeError, typeError } from './errors.js';
import {
  copyBytes,
  decodeText,
  doubles,
  integers,
  isScratch,
  type Place,
  placeBytes,
  placeText,
  refreshViews,
  words,
} from './memory.js';
import type { SqlValue } from './values.js';

/** Bytes of a cell: its type, the length of text or a BLOB, and 8 bytes of value. */
export const CELL_BYTES = 16;

const INTEGER = 1;
const REAL = 2;
const TEXT = 3;
const BLOB = 4;
const NULL = 5;
const BIG_INTEGER = 6;
// Beside TEXT and BLOB: the instance frees the bytes.
const OWNED = 8;

/**
 * The value of a cell. The views of the memory must be fresh.
 *
 * @param base address from which text and BLOBs are placed
 * @param advice how to get bigints
 * @throws RangeError `INTEGER_OUT_OF_RANGE` for an integer beyond 2^53 - 1 without `safeIntegers`
 */
export function decodeCell(
  cell: number,
  base: number,
  safeIntegers: boolean,
  advice: string,
): SqlValue {
  switch (words[cell >>> 2]) {
    case INTEGER: {
      const value = doubles[(cell + 8) >>> 3] as number;
      // A small integer needs no memory of its own in the engine, a double does.
      const small = value | 0;
      return small === value ? small : value;
    }
    case REAL:
      return doubles[(cell + 8) >>> 3] as number;
    case TEXT:
      return decodeText(
        base + (words[(cell + 8) >>> 2] as number),
        words[(cell + 4) >>> 2] as number,
      );
    case BLOB:
      return copyBytes(
        base + (words[(cell + 8) >>> 2] as number),
        words[(cell + 4) >>> 2] as number,
      );
    case BIG_INTEGER:
      return bigInteger(integers[(cell + 8) >>> 3] as bigint, safeIntegers, advice);
    default:
      return null;
  }
}

function bigInteger(value: bigint, safeIntegers: boolean, advice: string): bigint {
  if (safeIntegers) return value;
  throw rangeError(
    `The integer ${value} does not fit into a number without rounding. ${advice}`,
    'INTEGER_OUT_OF_RANGE',
  );
}

/**
 * Writes a value into a cell, for the instance to read at once.
 *
 * @param subject what the value comes from, for errors
 * @throws TypeError `INVALID_ARGUMENT` for what SQLite cannot store
 * @throws RangeError `INTEGER_OUT_OF_RANGE` for a bigint beyond 64 bits
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function encodeCell(cell: number, value: unknown, subject: string): void {
  switch (typeof value) {
    case 'number':
      refreshViews();
      words[cell >>> 2] = REAL;
      doubles[(cell + 8) >>> 3] = value;
      return;
    case 'string':
      encodePlaced(cell, TEXT, placeText(value));
      return;
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) {
        throw rangeError(`${subject} a bigint that was too big`, 'INTEGER_OUT_OF_RANGE');
      }
      refreshViews();
      words[cell >>> 2] = BIG_INTEGER;
      integers[(cell + 8) >>> 3] = value;
      return;
  }
  if (value === null || value === undefined) {
    refreshViews();
    words[cell >>> 2] = NULL;
  } else if (ArrayBuffer.isView(value)) {
    encodePlaced(cell, BLOB, placeBytes(value));
  } else {
    throw typeError(`${subject} an invalid value`, 'INVALID_ARGUMENT');
  }
}

function encodePlaced(cell: number, type: number, place: Place): void {
  refreshViews();
  words[cell >>> 2] = isScratch(place) ? type : type | OWNED;
  words[(cell + 4) >>> 2] = place.length;
  words[(cell + 8) >>> 2] = place.pointer;
  words[(cell + 12) >>> 2] = 0;
}
