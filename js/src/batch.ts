// The rows that the instance has read last. It has one batch for all statements, so that rows must
// be decoded before anything else is fetched. What a user's function fetches from another connection
// in the middle of a fetch is decoded before that fetch ends.

import type { CompiledStatement } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { fetch, reset } from './engine.js';
import { batchHeader, doubles, integers, refreshViews, words } from './memory.js';
import { SQLITE_DONE, SQLITE_ROW } from './result_codes.js';

/** No limit for the bytes of a batch. */
export const NO_LIMIT = 0x7fffffff;

/** Rows of the batch. */
export let rowCount = 0;
/** Columns of the batch. */
export let columnCount = 0;
/** Address of the first cell. */
export let cells = 0;
/** Address of the text and BLOBs. */
export let arena = 0;
/** Length of the text and BLOBs in bytes. */
export let arenaBytes = 0;
/** How often SQLite has compiled the statement anew by itself. */
export let reprepares = 0;

/**
 * Reads the next rows of a statement into the batch.
 *
 * @param maxRows at most so many rows
 * @param maxBytes no further row when text and BLOBs take more
 * @param once ends the execution after this batch
 * @returns whether there may be more rows. Otherwise the statement has been reset.
 * @throws what SQLite reports, or what a function of the user's threw; the statement has been reset,
 *   and the batch holds the rows before the error
 */
export function fetchBatch(
  connection: Connection,
  compiled: CompiledStatement,
  maxRows: number,
  maxBytes: number,
  once: boolean,
  safeIntegers: boolean,
): boolean {
  const { userCode } = connection;
  userCode.thrown = undefined;
  const code = fetch(compiled.handle, maxRows, maxBytes, once, safeIntegers);
  refreshViews();
  rowCount = words[batchHeader] as number;
  columnCount = words[batchHeader + 1] as number;
  cells = words[batchHeader + 2] as number;
  arena = words[batchHeader + 3] as number;
  arenaBytes = words[batchHeader + 4] as number;
  reprepares = words[batchHeader + 5] as number;
  if (userCode.thrown === undefined) {
    if (code === SQLITE_ROW) return true;
    if (code === SQLITE_DONE) return false;
  } else if (code === SQLITE_ROW) {
    reset(compiled.handle);
  }
  throw connection.failure();
}

/** Rows that the statement changed. To be asked for at once. */
export function changes(): number {
  return doubles[(batchHeader + 6) >>> 1] as number;
}

/** Rowid of the connection's last inserted row. To be asked for at once. */
export function lastInsertRowid(safeIntegers: boolean): number | bigint {
  const at = batchHeader + 8;
  if (!safeIntegers) {
    // Not by way of a bigint, which would be allocated for it.
    const value = ((words[at + 1] as number) | 0) * 0x1_0000_0000 + (words[at] as number);
    if (Number.isSafeInteger(value)) return value;
  }
  return integers[at >>> 1] as bigint;
}
