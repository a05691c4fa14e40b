import { errorCode, errorMessage } from './engine.js';
import { SqliteError } from './errors.js';
import { resultCodeName } from './result_codes.js';

/** What SQLite says of the connection's last call. */
export function sqliteError(database: number): SqliteError {
  const code = errorCode(database);
  return new SqliteError(errorMessage(database), resultCodeName(code));
}
