// @ts-check
// Calls that are ended before they have an answer: by a signal or a time limit.
import { interrupt } from 'sharedwal';
import { ENDLESS, outcome, readers, ready, SOON_MS, sleep } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

/** @type {Part} */
export async function reads(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await ready(pool);
  const reason = new Error('not wanted any more');
  const before = readers(pool)[0]?.connectionId;
  for (const when of [0, 5, 100]) {
    const controller = new AbortController();
    const running = outcome(pool.query(ENDLESS, [], { signal: controller.signal }));
    if (when > 0) await sleep(when);
    controller.abort(reason);
    const { error, took } = await running;
    report.check(`after ${when} ms: the signal's reason`, error === reason, String(error));
    report.below(`after ${when} ms: soon`, took - when, SOON_MS);
    const next = await outcome(pool.query('select 1 as x'));
    report.equal(`after ${when} ms: the reader is free`, next.value, [{ x: 1 }]);
    report.below(`after ${when} ms: at once`, next.took, SOON_MS);
  }
  report.equal('it is the same one', readers(pool)[0]?.connectionId, before);

  const timedOut = await outcome(pool.query(ENDLESS, [], { timeoutMs: 100 }));
  report.equal('timeoutMs', timedOut.code, 'SQLITE_INTERRUPT');
  report.check('it says which', /100 ms/.test(timedOut.error?.message), timedOut.error?.message);
  report.atLeast('not before', timedOut.took, 90);
  report.below('but then', timedOut.took, 100 + SOON_MS);

  const interrupted = outcome(pool.query(ENDLESS));
  // It ends what runs at that moment, and the worker may not have begun.
  const again = setInterval(() => interrupt(runtime, Number(before)), 50);
  const { code, error } = await interrupted;
  clearInterval(again);
  report.equal(
    'interrupt() by somebody else',
    [code, error?.constructor.name],
    ['SQLITE_INTERRUPT', 'SqliteError'],
  );
  await report.rejects(
    'aborted before',
    () => pool.query('select 1', [], { signal: AbortSignal.abort(new Error('no')) }),
    { message: 'no' },
  );
  const signal = AbortSignal.timeout(60);
  const byTimeout = await outcome(pool.query(ENDLESS, [], { signal }));
  report.equal('AbortSignal.timeout()', byTimeout.error?.name, 'TimeoutError');
  const many = new AbortController();
  const all = Array.from({ length: 100 }, () =>
    outcome(pool.query(ENDLESS, [], { signal: many.signal })),
  );
  await sleep(20);
  many.abort(reason);
  const ended = await Promise.all(all);
  report.equal(
    'one signal for 100 calls',
    ended.filter(({ error }) => error === reason).length,
    100,
  );
  report.equal('and the reader goes on', await pool.query('select 2 as x'), [{ x: 2 }]);
}

/** @type {Part} */
export async function queued(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  const first = new AbortController();
  const running = outcome(pool.query(ENDLESS, [], { signal: first.signal }));
  const controller = new AbortController();
  const waiting = outcome(pool.query('select 1', [], { signal: controller.signal }));
  const timed = outcome(pool.query('select 1', [], { timeoutMs: 50 }));
  const behind = outcome(pool.query('select 3 as x'));
  await sleep(20);
  controller.abort(new Error('taken back'));
  const { error, took } = await waiting;
  report.equal('a call in the queue', error?.message, 'taken back');
  report.below('is gone at once', took, SOON_MS);
  report.equal('its time runs there', (await timed).code, 'SQLITE_INTERRUPT');
  const answered = readers(pool)[0]?.answered ?? 0;
  first.abort();
  await running;
  report.equal('who waited behind it', (await behind).value, [{ x: 3 }]);
  report.equal('comes next', (readers(pool)[0]?.answered ?? 0) - answered, 2);

  const write = new AbortController();
  const endless = outcome(pool.run(`insert into t ${ENDLESS}`, [], { signal: write.signal }));
  const never = outcome(pool.run('insert into t values (1)', [], { timeoutMs: 30 }));
  report.equal('a write in the queue', (await never).code, 'SQLITE_INTERRUPT');
  write.abort();
  await endless;
  report.equal('is not made', await pool.query('select count(*) as n from t'), [{ n: 0 }]);
}

/** @type {Part} */
export async function writes(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  const endless = `insert into t with recursive n (i) as (select 1 union all select i + 1 from n) select i from n`;
  const reason = new Error('stop');
  for (const [name, write] of Object.entries({
    run: (/** @type {AbortSignal} */ signal) => pool.run(endless, [], { signal }),
    exec: (/** @type {AbortSignal} */ signal) =>
      pool.exec(`insert into t values (1); ${endless}`, { signal }),
    query: (/** @type {AbortSignal} */ signal) =>
      pool.query(`${endless} returning x`, [], { signal }),
    batch: (/** @type {AbortSignal} */ signal) =>
      pool.batch(['insert into t values (2)', endless], { signal }),
    // Each is short: no interrupt meets it.
    'batch of many': (/** @type {AbortSignal} */ signal) =>
      pool.batch(
        Array.from({ length: 100_000 }, () => 'insert into t values (3)'),
        { signal },
      ),
  })) {
    const controller = new AbortController();
    const running = outcome(write(controller.signal));
    await sleep(40);
    controller.abort(reason);
    const { error, took } = await running;
    report.check(`${name}: the signal's reason`, error === reason, String(error));
    report.below(`${name}: soon`, took, SOON_MS);
    const rows = await pool.query('select count(*) as n from t where x <> 1');
    report.equal(`${name}: rolled back`, rows, [{ n: 0 }]);
    report.equal(
      `${name}: the writer goes on`,
      (await pool.run('delete from t')).changes >= 0,
      true,
    );
  }
  const timed = await outcome(pool.run(endless, [], { timeoutMs: 50 }));
  report.equal('timeoutMs', timed.code, 'SQLITE_INTERRUPT');
  const controller = new AbortController();
  const done = outcome(pool.run('insert into t values (9)', [], { signal: controller.signal }));
  const { value } = await done;
  controller.abort();
  report.equal('too late', value?.changes, 1);
}
