// @ts-check
// The library's fastest file system in OPFS, as its documentation advises: one connection, which
// may then use a write-ahead log without shared memory.
import { PAGE_BYTES } from '../../settings.js';
import { loadSqlite } from './load.js';
import { sessionOf } from './session.js';

/** @param {string} directory */
export async function openOfficialInOpfs(directory) {
  const sqlite3 = await loadSqlite();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: directory, directory });
  const db = new pool.OpfsSAHPoolDb('/bench');
  db.exec(`
    pragma page_size = ${PAGE_BYTES};
    pragma locking_mode = exclusive;
    pragma journal_mode = wal;
    pragma synchronous = normal;`);
  return sessionOf(sqlite3, db);
}
