// @ts-check
import sqlite3InitModule from '../../../node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs';

/**
 * The library, without its file systems in OPFS, which would start a worker of their own.
 */
export function loadSqlite() {
  Object.assign(globalThis, {
    sqlite3ApiConfig: { disable: { vfs: { opfs: true, 'opfs-vfs': true, 'opfs-wl': true } } },
  });
  return sqlite3InitModule();
}
