// Threads whose instance crashes in the middle of something, or that are taken for dead.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRuntime, diagnostics, open, share } from '../../dist/index.js';

test('an instance that crashes in a progress function writes nothing more', async () => {
  const runtime = createRuntime({ maxDatabaseCapacityBytes: 2 ** 25 });
  const db = await open(runtime);
  db.exec("create table old (a); insert into old values ('old')");
  db.close();
  const worker = new Worker(new URL('crashing_thread.mjs', import.meta.url));
  worker.postMessage({ task: 'crashInImport', argument: { runtime: share(runtime, worker) } });
  assert.deepEqual((await once(worker, 'message'))[0], { crashed: true });
  const other = await open(runtime, { timeout: 10_000 });
  other.exec("insert into old values ('new')");
  const [{ result, error }] = await once(worker, 'message');
  assert.deepEqual(result, { code: 'POISONED', callsAfterwards: 0 }, error);
  const fresh = await open(runtime);
  assert.equal(fresh.pragma('integrity_check', { simple: true }), 'ok');
  assert.deepEqual(fresh.prepare('select a from old').pluck().all(), ['old', 'new']);
  await worker.terminate();
  other.close();
  fresh.close();
});

test('one that is opened at once, in a thread whose end is told, is proven at once', async () => {
  const runtime = createRuntime({ lockStaleMs: 500 });
  const db = await open(runtime);
  const worker = new Worker(new URL('crashing_thread.mjs', import.meta.url));
  try {
    const argument = { runtime: share(runtime, worker) };
    worker.postMessage({ task: 'openAndSleep', argument });
    const [{ result, error }] = await once(worker, 'message');
    assert.equal(result?.code, 'none', error);
    const { connections, counters } = diagnostics(runtime);
    assert.deepEqual(
      connections.map(({ state }) => state),
      // Nobody is told of the end of the main thread.
      ['unproven', 'live', 'live'],
    );
    assert.equal(counters.evictions, 0);
  } finally {
    await worker.terminate();
    db.close();
  }
});
