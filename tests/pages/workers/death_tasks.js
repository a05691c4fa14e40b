// @ts-check
// A worker that commits without pause until it is told to stop, or ended.
import { open } from '../../../dist/index.js';

/**
 * Inserts rows 1, 2, 3, … of its own, one or three a transaction. `progress[index]` is the last row
 * whose commit it has seen return; `progress[0]` tells it to stop.
 *
 * @param {{ runtime: import('../../../dist/index.js').Runtime, progress: Int32Array, index: number }} args
 */
export async function insertWithoutPause({ runtime, progress, index }) {
  const db = await open(runtime, { timeout: 20_000 });
  const insert = db.prepare('insert into rows (worker, n) values (?, ?)');
  const insertThree = db.transaction((/** @type {number} */ n) => {
    for (let i = 0; i < 3; i++) insert.run(index, n + i);
  });
  let n = 0;
  while (Atomics.load(progress, 0) === 0) {
    if (n % 4 === 0) {
      insertThree.immediate(n + 1);
      n += 3;
    } else {
      insert.run(index, n + 1);
      n += 1;
    }
    Atomics.store(progress, index, n);
  }
  db.close();
  return n;
}
