import { arena, CELL_BYTES, cells, columnCount, reprepares } from './batch.js';
import type { Columns, CompiledStatement } from './compiled_statement.js';
import { rangeError } from './errors.js';
import { copyBytes, decodeText, doubles, integers, words } from './memory.js';
import type { SqlValue } from './values.js';

/**
 * Shape of a row: an object by column names, its first value, an array of values, or an object of
 * such objects by table.
 */
export type RowShape = 'flat' | 'pluck' | 'raw' | 'expand';

type FlatRow = Record<string, SqlValue>;

// Types of cells.
const INTEGER = 1;
const REAL = 2;
const TEXT = 3;
const BLOB = 4;
const BIG_INTEGER = 6;

function decodeCell(cell: number, safeIntegers: boolean): SqlValue {
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
        arena + (words[(cell + 8) >>> 2] as number),
        words[(cell + 4) >>> 2] as number,
      );
    case BLOB:
      return copyBytes(
        arena + (words[(cell + 8) >>> 2] as number),
        words[(cell + 4) >>> 2] as number,
      );
    case BIG_INTEGER:
      return bigInteger(integers[(cell + 8) >>> 3] as bigint, safeIntegers);
    default:
      return null;
  }
}

function bigInteger(value: bigint, safeIntegers: boolean): bigint {
  if (safeIntegers) return value;
  throw rangeError(
    `The integer ${value} does not fit into a number without rounding. Call safeIntegers() on ` +
      'the statement, or defaultSafeIntegers() on the database, to get bigints',
    'INTEGER_OUT_OF_RANGE',
  );
}

/**
 * A row of the last batch.
 *
 * @param row from 0
 * @throws RangeError `INTEGER_OUT_OF_RANGE` for an integer beyond 2^53 - 1 without `safeIntegers`
 */
export function decodeRow(
  compiled: CompiledStatement,
  row: number,
  shape: RowShape,
  safeIntegers: boolean,
): unknown {
  const cell = cells + row * columnCount * CELL_BYTES;
  switch (shape) {
    case 'flat':
      return flatRow(compiled.columns(columnCount, reprepares), cell, safeIntegers);
    case 'pluck':
      return decodeCell(cell, safeIntegers);
    case 'raw':
      return rawRow(cell, safeIntegers);
    case 'expand':
      return expandedRow(compiled, cell, safeIntegers);
  }
}

function flatRow(columns: Columns, firstCell: number, safeIntegers: boolean): FlatRow {
  const { names } = columns;
  const row: FlatRow = {};
  let cell = firstCell;
  if (columns.hasProto) {
    for (const name of names) {
      define(row, name, decodeCell(cell, safeIntegers));
      cell += CELL_BYTES;
    }
    return row;
  }
  for (let i = 0; i < names.length; i++) {
    row[names[i] as string] = decodeCell(cell, safeIntegers);
    cell += CELL_BYTES;
  }
  return row;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function rawRow(firstCell: number, safeIntegers: boolean): SqlValue[] {
  const row = new Array<SqlValue>(columnCount);
  let cell = firstCell;
  for (let i = 0; i < columnCount; i++) {
    row[i] = decodeCell(cell, safeIntegers);
    cell += CELL_BYTES;
  }
  return row;
}

function expandedRow(
  compiled: CompiledStatement,
  firstCell: number,
  safeIntegers: boolean,
): Record<string, FlatRow> {
  const columns = compiled.columns(columnCount, reprepares);
  const tables = compiled.tables(columns);
  const row: Record<string, FlatRow> = {};
  let cell = firstCell;
  for (let i = 0; i < columns.names.length; i++) {
    const table = tables[i] as string;
    if (!Object.hasOwn(row, table)) define(row, table, {});
    define(row[table] as FlatRow, columns.names[i] as string, decodeCell(cell, safeIntegers));
    cell += CELL_BYTES;
  }
  return row;
}
