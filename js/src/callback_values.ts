// Arguments of the user's functions.

import { CELL_BYTES, decodeCell } from './cells.js';
import type { SqlValue } from './values.js';

/** Any function. Parameters without a type of their own are `any`, as in better-sqlite3's types. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` or `never` would forbid their use
type Any = any;

const ADVICE = 'Pass the option safeIntegers: true where it is registered, to get bigints';

/** An argument. The views of the memory must be fresh. */
export function argument(cells: number, at: number, safeIntegers: boolean): SqlValue {
  return decodeCell((cells >>> 0) + at * CELL_BYTES, 0, safeIntegers, ADVICE);
}

/** Calls a function with the arguments in some cells. The views of the memory must be fresh. */
export function callWith(
  fn: (...values: Any[]) => unknown,
  count: number,
  cells: number,
  safeIntegers: boolean,
): unknown {
  switch (count) {
    case 0:
      return fn();
    case 1:
      return fn(argument(cells, 0, safeIntegers));
    case 2:
      return fn(argument(cells, 0, safeIntegers), argument(cells, 1, safeIntegers));
    default:
      return fn(...values(count, cells, safeIntegers));
  }
}

/** Calls a function with a value before the arguments in some cells. */
export function callAfter(
  fn: (first: Any, ...values: Any[]) => unknown,
  first: unknown,
  count: number,
  cells: number,
  safeIntegers: boolean,
): unknown {
  switch (count) {
    case 0:
      return fn(first);
    case 1:
      return fn(first, argument(cells, 0, safeIntegers));
    default:
      return fn(first, ...values(count, cells, safeIntegers));
  }
}

function values(count: number, cells: number, safeIntegers: boolean): SqlValue[] {
  return Array.from({ length: count }, (_, at) => argument(cells, at, safeIntegers));
}
