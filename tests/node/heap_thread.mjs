// What warm statements take of memory: of the heap of JavaScript, between two garbage collections, and of
// the instance's memory. Run in a process whose young generation is large, see heap.test.mjs; it prints
// what it found.
import { once } from 'node:events';
import { getHeapStatistics } from 'node:v8';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { wasmBytes } from '../../bench/wasm_memory.js';
import { createRuntime, open, share } from '../../dist/index.js';

const ROUNDS = 5;
const EXECUTIONS = 10_000;

/** @param {() => unknown} action */
function bytesOf(action) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < EXECUTIONS; i++) action();
    return (getHeapStatistics().used_heap_size - before) / EXECUTIONS;
  });
  // The first ones also compile, and in one there may have been a collection.
  return Math.round(rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN);
}

/** @param {import('../../dist/index.js').Runtime} runtime */
async function measure(runtime) {
  const db = await open(runtime);
  db.exec('create table items (id integer primary key, name text, amount integer)');
  const insert = db.prepare('insert into items (name, amount) values (?, ?)');
  const read = db.prepare('select * from items where id = ?');
  for (let i = 0; i < 1000; i++) insert.run('an item', i);
  // In place, so that the database does not grow.
  const update = db.prepare('update items set name = ?, amount = ? where id = 500');
  let amount = 0;
  const updateOne = () => update.run('another name', ++amount % 100);
  /** @type {Record<string, () => unknown>} */
  const actions = {
    'get()': () => read.get(500),
    'all() of one row': () => read.all(500),
    'iterate() over one row': () => [...read.iterate(500)],
    'run()': updateOne,
    'transaction() of one run()': db.transaction(updateOne),
  };
  for (const action of Object.values(actions)) for (let i = 0; i < 2000; i++) action();
  const before = wasmBytes();
  const heap = Object.entries(actions).map(([name, action]) => [name, bytesOf(action)]);
  return { heap: Object.fromEntries(heap), wasmBytes: wasmBytes() - before };
}

if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url));
  thread.postMessage(share(createRuntime(), thread));
  const [found] = await once(thread, 'message');
  console.log(JSON.stringify(found));
  await thread.terminate();
} else {
  parentPort?.once('message', async (runtime) => parentPort?.postMessage(await measure(runtime)));
}
