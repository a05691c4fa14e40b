// Threads whose instance crashes in the middle of something, or that are taken for dead.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRuntime, diagnostics, open, share } from '../../dist/index.js';

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

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

test('one that comes after an eviction in its own slot is proven', async () => {
  const runtime = createRuntime({ lockStaleMs: 500 });
  const db = await open(runtime);
  const worker = new Worker(new URL('crashing_thread.mjs', import.meta.url));
  worker.postMessage({
    task: 'openAgainAfterEviction',
    argument: { runtime: share(runtime, worker) },
  });
  const [{ result, error }] = await once(worker, 'message');
  assert.equal(result?.code, 'EVICTED', error);
  assert.equal(result.slots[0], result.slots[1]);
  const state = () => diagnostics(runtime).connections.find(({ id }) => id === result.id)?.state;
  for (const end = performance.now() + 5000; state() !== 'live'; await sleep(5)) {
    assert.ok(performance.now() < end, `the connection stays ${state()}`);
  }
  await worker.terminate();
  db.close();
});
