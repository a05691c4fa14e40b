import { fetchBatch, NO_LIMIT, rowCount } from './batch.js';
import { bindParameters } from './bind.js';
import { compile } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { finalize } from './engine.js';
import { readAll } from './read_all.js';
import { decodeRow } from './rows.js';

/**
 * Compiles and executes a PRAGMA, without the cache: some act while they are compiled.
 *
 * @param simple for the first value of the first row alone, undefined without a row
 * @returns its rows as objects
 */
export function executePragma(connection: Connection, source: string, simple: boolean): unknown {
  connection.cursors.beforeExecution(true);
  const compiled = compile(connection, `PRAGMA ${source}`, false);
  const { safeIntegers } = connection;
  try {
    bindParameters(compiled, [], connection.userCode);
    connection.log(compiled);
    if (!simple) return readAll(connection, compiled, 'flat', safeIntegers);
    fetchBatch(connection, compiled, 1, NO_LIMIT, true, safeIntegers);
    return rowCount === 0 ? undefined : decodeRow(compiled, 0, 'pluck', safeIntegers);
  } finally {
    finalize(compiled.handle);
    if (connection.isOpen) connection.schemaChanged();
  }
}
