// @ts-check
import { createRuntime, diagnostics } from 'sharedwal';
import { ENDLESS, outcome, ready, SOON_MS, sleep, until } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

/** @type {Part} */
export async function closing(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  const stream = pool.stream('select 1 as x union all select 2', [], { batchRows: 1 });
  await stream.next();
  const pending = {
    'a read that runs': pool.query(ENDLESS),
    'one that waits': pool.query('select 1'),
    'a write that runs': pool.run(`insert into t ${ENDLESS}`),
    'one that waits for it': pool.run('insert into t values (1)'),
    'a transaction that waits': pool.transaction(() => {}),
    'a batch': pool.batch(['insert into t values (1)']),
  };
  const outcomes = Object.entries(pending).map(
    ([name, call]) => /** @type {const} */ ([name, outcome(call)]),
  );
  await sleep(50);
  const closed = outcome(pool.close());
  for (const [name, call] of outcomes) {
    const { code, error, took } = await call;
    report.equal(name, [error?.constructor.name, code], ['SqliteError', 'POOL_CLOSED']);
    report.below(`${name}: soon`, took, SOON_MS);
  }
  report.below('closing', (await closed).took, SOON_MS);
  report.check('twice', (await outcome(pool.close())).value === undefined);
  for (const [name, call] of Object.entries({
    query: () => pool.query('select 1'),
    run: () => pool.run('select 1'),
    transaction: () => pool.transaction(() => {}),
    stream: () => pool.stream('select 1').next(),
  })) {
    await report.rejects(`${name} afterwards`, call, { type: 'SqliteError', code: 'POOL_CLOSED' });
  }
  report.check('the stream', (await outcome(stream.next())).took < SOON_MS);
  // Who was ended in a statement is cleaned up after by the next that opens.
  report.check(
    'no connection lives',
    await until(() => diagnostics(runtime).connections.every(({ state }) => state === 'dead')),
    JSON.stringify(diagnostics(runtime).connections),
  );
  const again = bench.pool({ runtime, readers: 1 }).pool;
  report.equal('nothing was written', await again.query('select count(*) as n from t'), [{ n: 0 }]);
  report.equal('there are no workers', pool.workers, []);
}

/** @type {Part} */
export async function inTransaction(report, bench) {
  for (const [name, goOn] of Object.entries({
    waits: () => new Promise(() => {}),
    computes: (/** @type {import('sharedwal/pool').PoolTransaction} */ tx) => tx.query(ENDLESS),
    'goes on': async (/** @type {import('sharedwal/pool').PoolTransaction} */ tx) => {
      for (;;) await tx.run('insert into t values (1)');
    },
  })) {
    const { pool, runtime } = bench.pool({ readers: 1 });
    await pool.exec('create table t (x)');
    await ready(pool);
    let written = false;
    const transaction = outcome(
      pool.transaction(async (tx) => {
        await tx.run('insert into t values (1)');
        written = true;
        await goOn(tx);
      }),
    );
    await until(() => written);
    await sleep(20);
    const { took } = await outcome(pool.close());
    report.equal(`a function that ${name}`, (await transaction).code, 'POOL_CLOSED');
    report.below(`${name}: soon`, took, SOON_MS);
    const again = bench.pool({ runtime, readers: 1 }).pool;
    report.equal(`${name}: rolled back`, await again.query('select * from t'), []);
    report.equal(`${name}: nobody died`, diagnostics(runtime).counters.deaths, 0);
  }
}

/**
 * What was committed before the pool was closed resolves, though nobody had looked at its answer.
 *
 * @type {Part}
 */
export async function tooLate(report, bench) {
  for (const [name, write] of Object.entries({
    run: (/** @type {import('sharedwal/pool').Pool} */ pool) =>
      pool.run('insert into t values (1)'),
    batch: (/** @type {import('sharedwal/pool').Pool} */ pool) =>
      pool.batch(['insert into t values (1)']),
  })) {
    const { pool, runtime } = bench.pool({ readers: 1 });
    await pool.exec('create table t (x)');
    await ready(pool);
    const commits = () => diagnostics(runtime).counters.commits;
    const before = commits();
    const writing = outcome(write(pool));
    // Without a turn of the event loop, in which its answer would come.
    const end = performance.now() + SOON_MS;
    while (commits() === before && performance.now() < end);
    report.equal(`${name}: is committed`, commits() - before, 1);
    await pool.close();
    const { code, pending } = await writing;
    report.equal(`${name}: resolves`, [code, pending], [undefined, undefined]);
  }
}

/** @type {Part} */
export async function quietly(report, bench) {
  const runtime = createRuntime({ name: 'quiet' });
  {
    const { pool } = bench.pool({ runtime, readers: 2 });
    await pool.exec('create table t (x)');
    for await (const _ of pool.stream('select 1')) break;
    await ready(pool);
    await pool[Symbol.asyncDispose]();
  }
  report.equal('connections are closed', diagnostics(runtime).connections, []);
  report.equal('nobody died', diagnostics(runtime).counters.deaths, 0);
  // As a component does that is mounted and unmounted at once.
  const { pool } = bench.pool({ runtime, readers: 2 });
  const call = outcome(pool.query('select 1'));
  await pool.close();
  report.equal('closed before it had begun', (await call).code, 'POOL_CLOSED');
  report.equal('no slot stays taken', diagnostics(runtime).connections, []);
}
