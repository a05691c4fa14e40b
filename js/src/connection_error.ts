import { errorCode, errorMessage, ownCode } from './engine.js';
import { SqliteError } from './errors.js';
import { resultCodeName, SQLITE_INTERRUPT } from './result_codes.js';

/** What SQLite says of the connection's last call. */
export function sqliteError(database: number): SqliteError {
  const code = errorCode(database);
  const own = code === SQLITE_INTERRUPT ? ownCode(database) : undefined;
  return new SqliteError(errorMessage(database), own ?? resultCodeName(code));
}
