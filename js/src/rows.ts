import { arena, cells, columnCount, reprepares } from './batch.js';
import { CELL_BYTES, decodeCell } from './cells.js';
import { defineColumn } from './column_property.js';
import type { Columns, CompiledStatement } from './compiled_statement.js';
import type { SqlValue } from './values.js';

/**
 * Shape of a row: an object by column names, its first value, an array of values, or an object of
 * such objects by table.
 */
export type RowShape = 'flat' | 'pluck' | 'raw' | 'expand';

type FlatRow = Record<string, SqlValue>;

/** How to get bigints. */
export const SAFE_INTEGERS_ADVICE =
  'Call safeIntegers() on the statement, or defaultSafeIntegers() on the database, to get bigints';

function decode(cell: number, safeIntegers: boolean): SqlValue {
  return decodeCell(cell, arena, safeIntegers, SAFE_INTEGERS_ADVICE);
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
      return decode(cell, safeIntegers);
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
      defineColumn(row, name, decode(cell, safeIntegers));
      cell += CELL_BYTES;
    }
    return row;
  }
  for (let i = 0; i < names.length; i++) {
    row[names[i] as string] = decode(cell, safeIntegers);
    cell += CELL_BYTES;
  }
  return row;
}

function rawRow(firstCell: number, safeIntegers: boolean): SqlValue[] {
  const row = new Array<SqlValue>(columnCount);
  let cell = firstCell;
  for (let i = 0; i < columnCount; i++) {
    row[i] = decode(cell, safeIntegers);
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
    if (!Object.hasOwn(row, table)) defineColumn(row, table, {});
    defineColumn(row[table] as FlatRow, columns.names[i] as string, decode(cell, safeIntegers));
    cell += CELL_BYTES;
  }
  return row;
}
