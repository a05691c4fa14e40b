// @ts-check
// wa-sqlite's API. Its step is asynchronous in every build; a statement is prepared once and kept.
import { loadWaSqlite } from './load.js';

/** @typedef {import('../../session.js').Value} Value */

/**
 * @param {string} vfsName
 * @param {string} path of the database
 * @returns {Promise<import('../../session.js').Session>}
 */
export async function openWaSqlite(vfsName, path) {
  const { SQLite, sqlite3, vfs } = await loadWaSqlite(vfsName);
  sqlite3.vfs_register(vfs, true);
  const db = await sqlite3.open_v2(path);
  /** @type {Map<string, { statement: number, names: string[] }>} */
  const statements = new Map();
  const prepared = async (/** @type {string} */ sql) => {
    let found = statements.get(sql);
    if (!found) {
      for await (const statement of sqlite3.statements(db, sql, { unscoped: true })) {
        found = { statement, names: sqlite3.column_names(statement) };
        break;
      }
      if (!found) throw new Error(`nothing to prepare: ${sql}`);
      statements.set(sql, found);
    }
    return found;
  };
  const bind = (/** @type {number} */ statement, /** @type {Value[]} */ values) => {
    for (let i = 0; i < values.length; i++) sqlite3.bind(statement, i + 1, values[i] ?? null);
  };
  const object = (/** @type {number} */ statement, /** @type {string[]} */ names) => {
    /** @type {import('../../session.js').RowObject} */
    const row = {};
    for (let i = 0; i < names.length; i++) {
      row[names[i] ?? ''] = sqlite3.column(statement, i);
    }
    return row;
  };
  /** @type {import('../../session.js').Session['run']} */
  const run = async (sql, list) => {
    const { statement } = await prepared(sql);
    for (const values of list) {
      bind(statement, values);
      await sqlite3.step(statement);
      await sqlite3.reset(statement);
    }
  };
  return {
    exec: async (sql) => void (await sqlite3.exec(db, sql)),
    run,
    runTogether: run,
    async get(sql, keys, visit) {
      const { statement, names } = await prepared(sql);
      for (const key of keys) {
        bind(statement, [key]);
        await sqlite3.step(statement);
        const row = object(statement, names);
        await sqlite3.reset(statement);
        visit(row);
      }
    },
    async all(sql) {
      const { statement, names } = await prepared(sql);
      const rows = [];
      while ((await sqlite3.step(statement)) === SQLite.SQLITE_ROW) {
        rows.push(object(statement, names));
      }
      await sqlite3.reset(statement);
      return rows;
    },
    async close() {
      for (const { statement } of statements.values()) await sqlite3.finalize(statement);
      await sqlite3.close(db);
    },
  };
}
