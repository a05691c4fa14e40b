// A thread whose instance crashes, or that is taken for dead, when it is told to.
import { parentPort } from 'node:worker_threads';
import Database, { init } from '../../dist/better_sqlite3.js';
import { createRuntime, exportDatabase, importDatabase, open } from '../../dist/index.js';

const pause = (/** @type {number} */ ms) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Uses a connection with less and less of the stack left, until its instance has crashed. */
function crash(/** @type {import('../../dist/index.js').Database} */ db) {
  let crashed = false;
  const deeper = () => {
    try {
      deeper();
    } catch {
      if (crashed) return;
      try {
        db.prepare('select 1').get();
      } catch (error) {
        crashed = /** @type {any} */ (error).code === 'POISONED';
      }
      throw new Error('one frame less');
    }
  };
  try {
    deeper();
  } catch {
    // It went on until nothing of the stack was in use.
  }
  // With the whole stack: this gives up what the instance had.
  db.prepare('select 1');
}

/** @type {Record<string, (argument: any) => unknown>} */
const tasks = {
  /** In the third call of the progress function. */
  crashInImport: async ({ runtime }) => {
    const source = createRuntime();
    const db = await open(source);
    db.exec(`create table t (a);
      insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)
        select randomblob(2000) from n`);
    const image = await exportDatabase(source);
    let [calls, before] = [0, 0];
    const onProgress = () => {
      calls += 1;
      if (calls !== 3) return;
      before = calls;
      try {
        crash(db);
      } catch {
        parentPort?.postMessage({ crashed: true });
        // Others clean up and go on meanwhile.
        pause(1500);
      }
    };
    const error = await importDatabase(runtime, image, { onProgress }).catch((reason) => reason);
    return { code: error?.code, callsAfterwards: calls - before };
  },
  /** Opens two at once; the first is silent for longer than who has no proof may be. */
  openAndSleep: async ({ runtime }) => {
    await init({ runtimes: { app: runtime } });
    const silent = new Database('app');
    pause(3000);
    let code = 'none';
    try {
      silent.prepare('select count(*) from sqlite_schema').get();
    } catch (error) {
      code = /** @type {any} */ (error).code;
    }
    const again = new Database('app');
    Object.assign(globalThis, { kept: [silent, again] });
    return { code };
  },
};

parentPort?.on('message', async ({ task, argument }) => {
  try {
    parentPort?.postMessage({ result: await tasks[task]?.(argument) });
  } catch (error) {
    parentPort?.postMessage({ error: String(error) });
  }
});
