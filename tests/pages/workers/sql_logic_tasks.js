// @ts-check
import { open } from '../../../dist/index.js';

/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function connect({ runtime }) {
  db = await open(runtime);
}

/**
 * What a statement does, as the script writes it.
 *
 * @param {{ sql: string }} args
 * @returns {string}
 */
export function answer({ sql }) {
  if (!db) throw new Error('not connected');
  try {
    // As the native test does, and says why.
    db.prepare('select count(*) from sqlite_schema').get();
    const statement = db.prepare(sql);
    if (!statement.reader) {
      return `count ${statement.run().changes}`;
    }
    const rows = /** @type {unknown[][]} */ (statement.raw().all());
    return `query ${rows.map((row) => row.map(text).join(' ')).join('\n')}`;
  } catch (error) {
    return `error ${error instanceof Error ? error.message : error}`;
  }
}

export function close() {
  db?.close();
}

/**
 * A value in the script's words, where white space counts once.
 *
 * @param {unknown} value
 */
function text(value) {
  if (value === null) return 'NULL';
  return String(value)
    .split(/[ \t\n\r\f]+/)
    .filter(Boolean)
    .join(' ');
}
