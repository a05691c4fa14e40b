// @ts-check
// A worker that moves money between accounts all the time, for what is copied meanwhile.
import { createRuntime, open } from '../../../dist/index.js';
import { COMMITTED, STOP } from '../workers/image_tasks.js';
import { ConnectedWorker } from './connected_worker.js';
import { Signals } from './signals.js';

/**
 * @param {number} accounts each with 100
 * @param {(busy: { runtime: import('../../../dist/index.js').Runtime, committed: () => number }) => Promise<void>} use
 *   `committed`: how many transactions the writer has told of
 * @returns the runtime, when the writer has ended
 */
export async function besideSteadyWriter(accounts, use) {
  const runtime = createRuntime({ name: 'busy' });
  const db = await open(runtime);
  db.exec(`create table accounts (id integer primary key, amount integer, filler);
           create table steps (n integer); insert into steps values (0);
           with recursive n (i) as (select 1 union all select i + 1 from n where i < ${accounts})
           insert into accounts select i, 100, hex(zeroblob(100)) from n`);
  db.close();
  const signals = new Signals();
  const worker = new ConnectedWorker('writer');
  const writing = worker.run('image_tasks', 'writeSteadily', { runtime, buffer: signals.buffer });
  try {
    await signals.reached(COMMITTED, 10);
    await use({ runtime, committed: () => signals.value(COMMITTED) });
  } finally {
    signals.add(STOP);
    await writing;
    worker.terminate();
  }
  return runtime;
}
