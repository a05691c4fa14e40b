// @ts-check
import { open } from '../../../dist/index.js';
import { TaskWorker } from '../support/task_worker.js';

/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('this worker is not connected');
  return db;
}

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export async function connect({ runtime }) {
  db = await open(runtime);
}

/**
 * Two workers play ball: who holds it commits a row and tells the other, who must see that row and
 * answers with one of its own. Each side answers how many of the rows it was told of it saw.
 *
 * @param {{ port: MessagePort, rounds: number, serve: boolean, side: string }} args
 */
export function play({ port, rounds, serve, side }) {
  const insert = opened().prepare('insert into told (side, round, text) values (?, ?, ?)');
  const find = opened().prepare('select text from told where side = ? and round = ?').pluck();
  let told = 0;
  let seen = 0;
  let sent = 0;
  const hit = () => {
    sent += 1;
    insert.run(side, sent, `${side} commits ${sent}`);
    port.postMessage({ side, round: sent });
  };
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data }) => {
      try {
        told += 1;
        if (find.get(data.side, data.round) === `${data.side} commits ${data.round}`) seen += 1;
        if (sent < rounds) hit();
        if (told === rounds && sent === rounds) resolve({ told, seen });
      } catch (error) {
        reject(error);
      }
    };
    if (serve) hit();
  });
}

/**
 * Commits one row after the other with a short pause between, then the row that ends the reader.
 *
 * @param {{ rows: number, pauseMs: number }} args
 */
export function writeSlowly({ rows, pauseMs }) {
  const insert = opened().prepare('insert into steps (id, last) values (?, ?)');
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 1; i <= rows; i++) {
    insert.run(i, i === rows ? 1 : 0);
    Atomics.wait(sleeper, 0, 0, pauseMs);
  }
}

/**
 * Reads in a loop that never yields to the event loop, until it sees the last row.
 *
 * @param {{ timeoutMs: number }} args
 */
export function readWithoutYielding({ timeoutMs }) {
  const newest = opened().prepare('select id, last from steps order by id desc limit 1').raw();
  const deadline = performance.now() + timeoutMs;
  let reads = 0;
  let falls = 0;
  let previous = 0;
  const different = new Set();
  while (performance.now() < deadline) {
    const [id, last] = /** @type {number[]} */ (newest.get() ?? [0, 0]);
    reads += 1;
    if (id === undefined || id < previous) falls += 1;
    previous = id ?? 0;
    different.add(id);
    if (last === 1) return { reads, falls, different: different.size, finished: true };
  }
  return { reads, falls, different: different.size, finished: false };
}

/**
 * Hands the runtime on to a worker of this worker, and reads what that one wrote.
 *
 * @param {{ runtime: import('../../../dist/index.js').Runtime }} args
 */
export async function askNestedWorker({ runtime }) {
  const nested = new TaskWorker('nested');
  try {
    opened().exec("create table nested (text); insert into nested values ('from the parent')");
    await nested.run('database_tasks', 'openDatabase', { runtime });
    const seen = await nested.run('database_tasks', 'value', { sql: 'select text from nested' });
    await nested.run('database_tasks', 'exec', {
      sql: "insert into nested values ('from the nested worker')",
    });
    await nested.run('database_tasks', 'closeDatabase');
    const answer = opened().prepare('select text from nested where rowid = 2').pluck().get();
    return { seen, answer };
  } finally {
    nested.terminate();
  }
}

export function close() {
  opened().close();
}
