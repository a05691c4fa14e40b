// @ts-check
// Databases to copy, and what they contain.
import { createRuntime, open } from '../../../dist/index.js';

/**
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 * @typedef {import('../../../dist/index.js').RuntimeOptions} RuntimeOptions
 */

/**
 * A runtime with a table of so many rows, each some 220 bytes.
 *
 * @param {number} rows
 * @param {RuntimeOptions} [options]
 */
export async function filled(rows, options) {
  const runtime = createRuntime(options);
  const db = await open(runtime);
  db.exec(`create table t (id integer primary key, text);
           with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows})
           insert into t select i, 'row ' || i || hex(zeroblob(100)) from n`);
  db.close();
  return runtime;
}

const CONTENT = "select count(*) || ' ' || sum(id * length(text)) from t";

/**
 * What is in it, whether it is sound, and its journal mode.
 *
 * @param {Runtime} runtime
 */
export async function content(runtime) {
  const db = await open(runtime);
  try {
    const ok = db.pragma('integrity_check', { simple: true });
    return `${db.prepare(CONTENT).pluck().get()} ${ok} ${db.pragma('journal_mode', { simple: true })}`;
  } finally {
    db.close();
  }
}
