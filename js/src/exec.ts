import { NO_LIMIT } from './batch.js';
import type { Connection } from './connection.js';
import * as engine from './engine.js';
import { bytes, leave, type Place, placeTextApart, refreshViews } from './memory.js';
import { SQLITE_DONE, SQLITE_OK, SQLITE_ROW } from './result_codes.js';
import { mayAlterSchema, skipEmpty } from './sql_text.js';

/**
 * Executes all statements of some SQL and drops their rows.
 *
 * @throws SqliteError the first statement that fails ends it
 */
export function execute(connection: Connection, text: string): void {
  connection.cursors.beforeExecution(true);
  // A NUL ends SQL.
  const [sql = ''] = text.split('\0', 1);
  const place = placeTextApart(sql);
  const { userCode } = connection;
  userCode.thrown = undefined;
  try {
    if (connection.verbose !== undefined) {
      executeEach(connection, place);
    } else {
      const code = engine.execute(connection.database, place.pointer, place.length);
      if (code !== SQLITE_OK || userCode.thrown !== undefined) throw connection.failure();
    }
  } finally {
    leave(place);
    connection.spreadInterrupt();
    if (connection.isOpen && mayAlterSchema(sql)) connection.schemaChanged();
  }
}

// One by one, as the verbose function wants to know each before it runs. Its calls may use other
// connections of this context, and so the scratch memory.
function executeEach(connection: Connection, { pointer, length }: Place): void {
  const { database } = connection;
  for (let at = 0; ; ) {
    refreshViews();
    at = skipEmpty(bytes.subarray(pointer, pointer + length), at);
    const statement = engine.prepare(database, pointer + at, length - at, false);
    if (statement === 0 && engine.errorCode(database) !== SQLITE_OK) throw connection.failure();
    const consumed = engine.prepareTail(database);
    if (consumed === 0) return;
    at += consumed;
    // A comment.
    if (statement === 0) continue;
    try {
      connection.logSql(engine.expandedSql(statement) ?? '');
      let code = SQLITE_ROW;
      while (code === SQLITE_ROW) code = engine.fetch(statement, 1024, NO_LIMIT, false, true);
      if (code !== SQLITE_DONE || connection.userCode.thrown !== undefined) {
        throw connection.failure();
      }
    } finally {
      engine.finalize(statement);
    }
  }
}
