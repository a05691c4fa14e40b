// @ts-check
// The library's C-style API, `sqlite3_step()` and its like called from JavaScript: for every kind of
// statement here it is faster than its object API.
import { loadSqlite } from './load.js';

/** @typedef {import('../../session.js').Value} Value */

/**
 * @typedef {import('../../../node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs').Sqlite3Static} Sqlite3
 * @typedef {import('../../../node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs').Database} Database
 */

export async function openOfficial() {
  const sqlite3 = await loadSqlite();
  return sessionOf(sqlite3, new sqlite3.oo1.DB(':memory:'));
}

/**
 * @param {Sqlite3} sqlite3
 * @param {Database} db
 * @returns {import('../../session.js').Session}
 */
export function sessionOf(sqlite3, db) {
  const { capi, oo1, wasm } = sqlite3;
  /** @type {Map<string, { pointer: any, names: string[] }>} */
  const statements = new Map();
  const prepared = (/** @type {string} */ sql) => {
    let found = statements.get(sql);
    if (!found) {
      const pointer = /** @type {any} */ (db.prepare(sql).pointer);
      const names = Array.from({ length: capi.sqlite3_column_count(pointer) }, (_, i) =>
        capi.sqlite3_column_name(pointer, i),
      );
      found = { pointer, names };
      statements.set(sql, found);
    }
    return found;
  };
  const check = (/** @type {number} */ code) => {
    if (code !== capi.SQLITE_OK) throw new Error(capi.sqlite3_errmsg(/** @type {any} */ (db)));
  };
  const bind = (
    /** @type {any} */ pointer,
    /** @type {number} */ i,
    /** @type {Value} */ value,
  ) => {
    if (typeof value === 'number') check(capi.sqlite3_bind_double(pointer, i, value));
    else if (value === null) check(capi.sqlite3_bind_null(pointer, i));
    else {
      const [text, length] = wasm.allocCString(value, true);
      check(capi.sqlite3_bind_text(pointer, i, text, length, capi.SQLITE_WASM_DEALLOC));
    }
  };
  const column = (/** @type {any} */ pointer, /** @type {number} */ i) => {
    switch (capi.sqlite3_column_type(pointer, i)) {
      case capi.SQLITE_INTEGER:
      case capi.SQLITE_FLOAT:
        return capi.sqlite3_column_double(pointer, i);
      case capi.SQLITE_TEXT:
        return capi.sqlite3_column_text(pointer, i);
      default:
        return null;
    }
  };
  const row = (/** @type {any} */ pointer, /** @type {string[]} */ names) => {
    /** @type {import('../../session.js').RowObject} */
    const object = {};
    for (let i = 0; i < names.length; i++) object[names[i] ?? ''] = column(pointer, i);
    return object;
  };
  /** @type {import('../../session.js').Session['run']} */
  const run = (sql, list) => {
    const { pointer } = prepared(sql);
    for (const values of list) {
      for (let i = 0; i < values.length; i++) bind(pointer, i + 1, values[i] ?? null);
      capi.sqlite3_step(pointer);
      check(capi.sqlite3_reset(pointer));
    }
  };
  return {
    exec: (sql) => void db.exec(sql),
    run,
    runTogether: run,
    get(sql, keys, visit) {
      const { pointer, names } = prepared(sql);
      for (const key of keys) {
        bind(pointer, 1, key);
        capi.sqlite3_step(pointer);
        const object = row(pointer, names);
        check(capi.sqlite3_reset(pointer));
        visit(object);
      }
    },
    all(sql) {
      const { pointer, names } = prepared(sql);
      const rows = [];
      while (capi.sqlite3_step(pointer) === capi.SQLITE_ROW) rows.push(row(pointer, names));
      check(capi.sqlite3_reset(pointer));
      return rows;
    },
    another() {
      const bytes = capi.sqlite3_js_db_export(db);
      return () => {
        const copy = new oo1.DB(':memory:');
        const pointer = wasm.allocFromTypedArray(bytes);
        const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE;
        const size = bytes.byteLength;
        check(
          capi.sqlite3_deserialize(/** @type {any} */ (copy), 'main', pointer, size, size, flags),
        );
        return sessionOf(sqlite3, copy);
      };
    },
    close: () => db.close(),
  };
}
