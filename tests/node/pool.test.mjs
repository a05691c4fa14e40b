// sharedwal/pool in Node, by the checks that pages make as well: its workers are threads.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRuntime, diagnostics } from 'sharedwal';
import { createPool } from 'sharedwal/pool';
import { checkArea, parts } from '../pages/pool/parts.js';
import { Report } from '../pages/support/report.js';
import { collectGarbage } from './garbage.mjs';

const script = new URL('../../dist/pool_worker.js', import.meta.url);
const host = {
  quick: Boolean(process.env.SHAREDWAL_QUICK),
  start: () => new Worker(script),
  onMessage: (/** @type {Worker} */ worker, /** @type {() => void} */ listener) =>
    worker.on('message', listener),
};

for (const area of Object.keys(parts)) {
  test(`pool: ${area}`, { timeout: 120_000 }, async () => {
    const report = new Report();
    await checkArea(report, host, area);
    const { checks, figures } = report.result();
    const failed = checks.filter(({ ok }) => !ok);
    assert.deepEqual(failed, []);
    assert.ok(checks.length >= 10, `${checks.length} checks`);
    console.log(`pool: ${area}: ${checks.length} checks`, JSON.stringify(figures));
  });
}

test('pool: a stream that is forgotten ends, one that somebody waits for does not', async () => {
  const { pool, runtime } = forgetful();
  await pool.exec('create table t (x); insert into t values (1)');
  const endless = `with recursive n (i) as (select 1 union all select i + 1 from n)
                   select t.x from n, t`;
  const reading = () => diagnostics(runtime).connections.filter((one) => one.transaction !== null);
  await (async () => {
    const stream = pool.stream(endless);
    await stream.next();
  })();
  assert.equal(reading().length, 1);
  // Nothing but the promise is held.
  const slow = `with recursive n (i) as (select 1 union all select i + 1 from n limit 2000000)
                select max(i) as most from n`;
  const waited = pool.stream(slow).next();
  const end = performance.now() + 20_000;
  while (reading().length > 0 && performance.now() < end) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(reading().length, 0);
  assert.deepEqual((await waited).value, [{ most: 2_000_000 }]);
  await pool.close();
});

function forgetful() {
  const runtime = createRuntime({ name: 'forgotten' });
  return { runtime, pool: createPool(runtime, { readers: 2 }) };
}

test('pool: a live query whose iterator is forgotten runs no more, one that somebody waits for does', async () => {
  const { pool } = forgetful();
  await pool.exec('create table t (x); create table u (x)');
  await (async () => {
    await pool.live('select count(*) as n from t')[Symbol.asyncIterator]().next();
  })();
  const runs = () => pool.workers.reduce((sum, one) => sum + one.answered, 0);
  /** Whether a commit has more done than itself. */
  const isRun = async (/** @type {number} */ withinMs) => {
    const before = runs();
    await pool.run('insert into t values (1)');
    for (const end = performance.now() + withinMs; performance.now() < end; ) {
      if (runs() - before > 1) return true;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return false;
  };
  assert.equal(await isRun(20_000), true);
  const waited = (() => {
    const iterator = pool.live('select count(*) as n from u')[Symbol.asyncIterator]();
    return iterator.next().then(() => iterator.next());
  })();
  let running = true;
  for (const end = performance.now() + 20_000; running && performance.now() < end; ) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
    running = await isRun(300);
  }
  assert.equal(running, false);
  await pool.run('insert into u values (1)');
  assert.deepEqual((await waited).value, [{ n: 1 }]);
  await pool.close();
});

test('pool: a live query goes on where others are refused to dispose of its runtime', {
  timeout: 60_000,
}, async () => {
  const runtime = createRuntime({ name: 'in use' });
  const pool = createPool(runtime, { readers: 1 });
  const thread = new Worker(new URL('thread.mjs', import.meta.url));
  try {
    await pool.exec('create table t (x)');
    /** @type {unknown[]} */
    const told = [];
    const live = pool.live('select count(*) as n from t');
    live.subscribe(({ rows, error }) => told.push(error ?? rows?.[0]?.n));
    const refusals = once(thread, 'message');
    thread.postMessage({ task: 'disposeInVain', argument: { runtime, ms: 1000 } });
    let rows = 0;
    for (const end = performance.now() + 1000; performance.now() < end; rows++) {
      await pool.run('insert into t values (1)');
    }
    const [{ result }] = await refusals;
    assert.ok(result > 100, `${result} refusals`);
    await pool.run('insert into t values (1)');
    const end = performance.now() + 5000;
    while (told.at(-1) !== rows + 1 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(told.at(-1), rows + 1);
  } finally {
    await thread.terminate();
    await pool.close();
  }
});

const faulty = new URL('faulty_pool_worker.mjs', import.meta.url);

test('pool: a worker whose connection is dead when it tells of it is replaced', async () => {
  let started = 0;
  const workerUrl = () =>
    started++ === 0
      ? new Worker(faulty, { workerData: 'its connection is dead when it tells of it' })
      : new Worker(script);
  const pool = createPool(createRuntime(), { readers: 1, writer: false, workerUrl });
  assert.deepEqual((await pool.stream('select 1 as x').next()).value, [{ x: 1 }]);
  assert.equal(started, 2);
  await pool.close();
});

test('pool: an answer that cannot be posted is told', async () => {
  const workerUrl = () => new Worker(faulty, { workerData: 'rows cannot be posted' });
  const pool = createPool(createRuntime(), { readers: 1, writer: false, workerUrl });
  await assert.rejects(pool.query('select 1'), { message: 'not cloned' });
  await assert.rejects(pool.query('select 1'), { message: 'not cloned' });
  await pool.close();
});
