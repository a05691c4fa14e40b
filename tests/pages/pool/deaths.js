// @ts-check
// Workers that end while they have something to do: whoever ended them, nobody waits for ever.
import { createRuntime, diagnostics, dispose } from 'sharedwal';
import { describeError } from '../support/report.js';
import { ENDLESS, LONG, outcome, readers, ready, SOON_MS, sleep, until, writer } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

const MOST = [{ most: 3_000_000 }];

/** @type {Part} */
export async function reads(report, bench) {
  const { pool, runtime, workers } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  const before = readers(pool)[0]?.connectionId;
  const running = outcome(pool.query(LONG), 60_000);
  const behind = outcome(pool.query('select 1 as x'), 60_000);
  await sleep(20);
  void workers[1]?.terminate();
  const { value, error, took } = await running;
  report.equal('a read is done again', value ?? error, MOST);
  report.figures.retriedAfterMs = Math.round(took);
  report.equal('who waited as well', (await behind).value, [{ x: 1 }]);
  report.equal('by another worker', workers.length, 3);
  report.check('on another connection', readers(pool)[0]?.connectionId !== before);
  report.equal('the dead one is counted', diagnostics(runtime).counters.deaths, 1);
  // The next one, idle.
  void workers[2]?.terminate();
  report.check(
    'an idle one is replaced',
    await until(() => workers.length === 4),
    `${workers.length}`,
  );
  report.equal('and the pool goes on', await pool.query('select 1 as x'), [{ x: 1 }]);
  // Called after the end, before anybody knows of it.
  void workers[3]?.terminate();
  const called = await outcome(pool.query('select 2 as x'));
  report.equal('a call to the dead', called.value ?? called.error, [{ x: 2 }]);
  // What kills whoever reads it.
  const killer = outcome(pool.query(ENDLESS), 60_000);
  let killed = 0;
  for (let at = 4; killed < 3; at++) {
    await until(() => workers.length > at && readers(pool)[0]?.state === 'busy');
    await sleep(20);
    void workers[at]?.terminate();
    killed++;
  }
  report.equal('a read that kills is not tried for ever', (await killer).code, 'WORKER_DIED');
  report.equal('others are', await pool.query('select 3 as x'), [{ x: 3 }]);
}

/** @type {Part} */
export async function writes(report, bench) {
  const { pool, runtime, workers } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  const before = writer(pool)?.connectionId;
  const running = outcome(pool.run(`insert into t ${ENDLESS}`), 60_000);
  const behind = outcome(pool.run('insert into t values (2)'), 60_000);
  await sleep(30);
  void workers[0]?.terminate();
  const { error } = await running;
  report.error('a write', error && describeError(error), {
    type: 'SqliteError',
    code: 'WORKER_DIED',
  });
  report.equal('who waited', (await behind).value?.changes, 1);
  report.check('by another', writer(pool)?.connectionId !== before && workers.length === 3);
  report.equal('it is rolled back', await pool.query('select x from t'), [{ x: 2 }]);
  report.equal('integrity', await pool.query('pragma integrity_check'), [
    { integrity_check: 'ok' },
  ]);

  // In a transaction: while a call runs, and while none does.
  for (const [name, at, fn] of /** @type {const} */ ([
    [
      'in a call',
      2,
      (/** @type {import('sharedwal/pool').PoolTransaction} */ tx) => tx.query(ENDLESS),
    ],
    ['between calls', 3, () => new Promise(() => {})],
  ])) {
    /** @type {import('sharedwal/pool').PoolTransaction | undefined} */
    let kept;
    const transaction = outcome(
      pool.transaction(async (tx) => {
        kept = tx;
        await tx.run('insert into t values (-1)');
        await fn(tx);
      }),
      60_000,
    );
    await until(() => kept !== undefined);
    await sleep(50);
    void workers[at]?.terminate();
    report.equal(`a transaction ${name}`, (await transaction).code, 'WORKER_DIED');
    report.equal(`${name}: the next`, (await pool.run('insert into t values (3)')).changes, 1);
    const rows = await pool.query('select count(*) as n from t where x < 0');
    report.equal(`${name}: rolled back`, rows, [{ n: 0 }]);
    const after = await outcome(/** @type {any} */ (kept).run('insert into t values (-2)'));
    report.check(
      `${name}: its argument`,
      /^(TRANSACTION_ENDED|WORKER_DIED)$/.test(after.code),
      after.code,
    );
  }
  report.check(
    'no connection is left behind',
    await until(() => diagnostics(runtime).connections.length === 2),
    `${diagnostics(runtime).connections.length}`,
  );
}

/** @type {Part} */
export async function streams(report, bench) {
  const { pool, workers } = bench.pool({ readers: 1 });
  await pool.exec(`create table t (x); insert into t
    with recursive n (i) as (select 1 union all select i + 1 from n limit 5000) select i from n`);
  await ready(pool);
  const unread = outcome(pool.stream(LONG).next(), 60_000);
  await sleep(30);
  void workers[1]?.terminate();
  const anew = await unread;
  report.equal('that has delivered nothing is begun anew', anew.value?.value ?? anew.error, MOST);
  const stream = pool.stream('select x from t', [], { batchRows: 1000 });
  await stream.next();
  await sleep(100);
  void workers[2]?.terminate();
  await until(() => workers.length === 4);
  report.equal('what was read ahead', (await stream.next()).value?.length, 1000);
  const lost = await outcome(stream.next());
  report.equal('one in its middle ends', lost.code, 'WORKER_DIED');
  report.equal('the pool goes on', await pool.query('select 1 as x'), [{ x: 1 }]);
}

/**
 * Where nobody proves a death, silence does.
 *
 * @type {Part}
 */
export async function evicted(report, bench) {
  const runtime = createRuntime({ name: 'evicted', webLocks: false, lockStaleMs: 1000 });
  const { pool, workers } = bench.pool({ runtime, readers: 1 });
  await ready(pool);
  void workers[1]?.terminate();
  const { value, error } = await outcome(pool.query('select 1 as x'), 60_000);
  report.equal('without Web Locks', value ?? error, [{ x: 1 }]);
}

/** @type {Part} */
export async function starts(report, bench) {
  const source = new URL('./no_such_worker.js', import.meta.url);
  for (const [name, options, code, cause] of /** @type {const} */ ([
    ['no script', { workerUrl: source }, 'WORKER_LOAD_FAILED'],
    [
      'no worker',
      { workerUrl: () => /** @type {any} */ (undefined) },
      'WORKER_LOAD_FAILED',
      /no worker/,
    ],
    [
      'who throws',
      {
        workerUrl: () => {
          throw new Error('not today');
        },
      },
      'WORKER_LOAD_FAILED',
      /not today/,
    ],
    ['no address', { workerUrl: 'http://[' }, 'WORKER_LOAD_FAILED', /./],
    ['no module', { wasmUrl: new URL('./no_such.wasm', import.meta.url) }, 'WASM_LOAD_FAILED'],
    ['no database', { open: { fileMustExist: true } }, 'SQLITE_CANTOPEN'],
  ])) {
    const { pool } = bench.pool({ readers: 2, ...options });
    const calls = await Promise.all([
      outcome(pool.query('select 1')),
      outcome(pool.run('select 1')),
      outcome(pool.transaction(() => {})),
      outcome(pool.stream('select 1').next()),
    ]);
    for (const { error } of calls) {
      report.error(name, error && describeError(error), {
        type: 'SqliteError',
        code,
      });
      if (cause !== undefined) {
        report.check(`${name}: its cause`, cause.test(error?.cause?.message), String(error?.cause));
      }
    }
    report.equal(`${name}: again`, (await outcome(pool.query('select 1'))).code, code);
    await pool.close();
  }
  const runtime = createRuntime({ name: 'disposed' });
  const { pool } = bench.pool({ runtime, readers: 1 });
  await ready(pool);
  const live = pool.live('select 1 as x');
  /** @type {unknown[]} */
  const told = [];
  live.subscribe(({ error }) => told.push(/** @type {any} */ (error)?.code));
  const results = live[Symbol.asyncIterator]();
  await results.next();
  const waiting = outcome(results.next());
  const running = outcome(pool.query(ENDLESS));
  await until(() => readers(pool)[0]?.state === 'busy');
  await sleep(20);
  dispose(runtime, { force: true });
  report.equal('dispose by force', (await running).code, 'RUNTIME_DISPOSED');
  report.equal('and then', (await outcome(pool.query('select 1'))).code, 'RUNTIME_DISPOSED');
  report.equal('for writes', (await outcome(pool.run('select 1'))).code, 'RUNTIME_DISPOSED');
  const ended = await waiting;
  report.equal('a live query', ended.code, 'RUNTIME_DISPOSED');
  report.below('is told soon', ended.took, SOON_MS);
  report.equal('once', told, [undefined, 'RUNTIME_DISPOSED']);
  const late = await outcome(pool.live('select 1 as x')[Symbol.asyncIterator]().next());
  report.equal('one that comes later', late.code, 'RUNTIME_DISPOSED');

  // Nothing of it runs, so that nobody but the runtime tells.
  const idle = createRuntime({ name: 'idle' });
  const quiet = bench.pool({ runtime: idle, readers: 1 }).pool;
  const left = quiet.live('select 1 as x')[Symbol.asyncIterator]();
  await left.next();
  const next = outcome(left.next());
  await sleep(20);
  dispose(idle, { force: true });
  const { code, took } = await next;
  report.equal('an idle one', code, 'RUNTIME_DISPOSED');
  report.below('soon', took, SOON_MS);
}
