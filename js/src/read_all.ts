import { fetchBatch, rowCount } from './batch.js';
import type { CompiledStatement } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { reset } from './engine.js';
import { decodeRow, type RowShape } from './rows.js';

// How much is decoded at a time.
const BATCH_ROWS = 1024;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Executes a statement whose parameters are bound, for all its rows.
 *
 * @throws SqliteError what SQLite reports
 * @throws RangeError `INTEGER_OUT_OF_RANGE`; a statement that writes has written and committed all
 *   the same
 */
export function readAll(
  connection: Connection,
  compiled: CompiledStatement,
  shape: RowShape,
  safeIntegers: boolean,
): unknown[] {
  const rows: unknown[] = [];
  const fetch = () =>
    fetchBatch(connection, compiled, BATCH_ROWS, BATCH_BYTES, false, safeIntegers);
  for (let more = true; more; ) {
    more = fetch();
    try {
      for (let row = 0; row < rowCount; row++) {
        rows.push(decodeRow(compiled, row, shape, safeIntegers));
      }
    } catch (error) {
      if (compiled.readonly) reset(compiled.handle);
      // What writes goes on to its end, where it commits.
      else while (more) more = fetch();
      throw error;
    }
  }
  return rows;
}
