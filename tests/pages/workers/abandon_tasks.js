// @ts-check
// Iterators that nobody finishes, and statements that nobody keeps.
//
// The memory of the wasm instance is not part of the package's surface; it is caught as the instance is
// made, which is why the package is only imported after that.
import { wasmBytes } from '../../../bench/wasm_memory.js';

/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('this worker is not connected');
  return db;
}

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function connect({ runtime }) {
  const { open } = await import('../../../dist/index.js');
  db = await open(runtime);
  db.exec(`create table t (id integer primary key, text text);
           with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
           insert into t select i, 'row number ' || i from n`);
}

/** Begins an iteration and forgets it. */
function forget() {
  const iterator = opened().prepare('select id, text from t order by id').iterate();
  return iterator.next().value;
}

export function abandonIterator() {
  return forget();
}

/** @param {{ count: number }} args */
export function otherStatements({ count }) {
  let sum = 0;
  for (let i = 1; i <= count; i++) {
    sum += Number(opened().prepare(`select id + ${i} from t where id = ?`).pluck().get(i));
  }
  return sum;
}

/** Whether a write is possible on this connection, and what it says if not. */
export function tryWrite() {
  try {
    return opened().prepare("insert into t (text) values ('written')").run().changes;
  } catch (error) {
    return String(error);
  }
}

/**
 * @param {{ count: number, abandonEvery: number }} args
 */
export function prepareAfresh({ count, abandonEvery }) {
  const connection = opened();
  let wrong = 0;
  let abandoned = 0;
  const start = performance.now();
  let early = 0;
  for (let i = 0; i < count; i++) {
    const id = (i % 5000) + 1;
    // Half of the texts are new each time, half come back.
    const sql =
      i % 2 === 0
        ? `select text, ${i} as nth from t where id = ?`
        : `select text, ${i % 97} as nth from t where id = ?`;
    const row = /** @type {{ text: string, nth: number } | undefined} */ (
      connection.prepare(sql).get(id)
    );
    if (row?.text !== `row number ${id}` || row.nth !== (i % 2 === 0 ? i : i % 97)) wrong += 1;
    if (i % abandonEvery === 0) {
      forget();
      abandoned += 1;
    }
    if (i === Math.floor(count / 10)) early = wasmBytes();
  }
  return { wrong, abandoned, early, late: wasmBytes(), ms: performance.now() - start };
}

export function close() {
  opened().close();
  return true;
}
