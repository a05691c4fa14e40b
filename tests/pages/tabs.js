// @ts-check
// What one of two tabs does: a runtime, of the same name in both, and workers with connections. The
// driver goes on from there by what is left in `globalThis.tab`.
import { createRuntime, diagnostics } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';

/** A terminated worker may go on for 2 s in Chromium; ten times that is an error. */
const LIMIT_MS = 20_000;

export async function run() {
  const report = new Report();
  const runtime = createRuntime({ name: 'app' });
  /** @type {ConnectedWorker[]} */
  const workers = [];
  for (let i = 0; i < 3; i++) workers.push(await ConnectedWorker.open(runtime));
  const [writer, closing, other] =
    /** @type {[ConnectedWorker, ConnectedWorker, ConnectedWorker]} */ (workers);
  await writer.exec('create table t (x); begin immediate; insert into t values (1)');
  report.equal('rows that the others see', await other.value('select count(*) from t'), 0);

  const tab = {
    /** Everything by which connections, and deaths, are told apart. */
    state() {
      const { connections, counters } = diagnostics(runtime);
      const known = connections.map(({ slot, generation, state, locks }) => ({
        slot,
        generation,
        state,
        exclusive: locks.filter((lock) => lock.exclusive).map((lock) => lock.name),
      }));
      return { connections: known, deaths: counters.deaths };
    },
    async heldLocks() {
      const { held = [] } = await navigator.locks.query();
      return held.map(({ name }) => name).sort();
    },
    /** Ends the worker that writes; resolves when that was noticed. */
    async kill() {
      writer.terminate();
      const start = performance.now();
      while (diagnostics(runtime).counters.deaths === 0) {
        if (performance.now() - start > LIMIT_MS) throw new Error('nobody notices the death');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    close: () => closing.close(),
    async commit() {
      await writer.exec('commit');
      return other.rows('select x from t');
    },
  };
  Object.assign(globalThis, { tab });
  return report.result();
}
