// @ts-check
import { diagnostics } from 'sharedwal';
import { ENDLESS, outcome, readers, ready, SOON_MS, sleep, until } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

const NUMBERS = `create table t (x integer primary key); insert into t
  with recursive n (i) as (select 1 union all select i + 1 from n limit 10000) select i from n`;

/** @param {import('sharedwal').Runtime} runtime */
const reading = (runtime) =>
  diagnostics(runtime).connections.filter(({ transaction }) => transaction !== null).length;

/** @type {Part} */
export async function batches(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec(NUMBERS);
  const sizes = [];
  let sum = 0;
  for await (const batch of pool.stream('select x from t where x > ?', [1000], {
    batchRows: 700,
  })) {
    sizes.push(batch.length);
    for (const row of batch) sum += Number(row.x);
  }
  report.equal('rows of a batch', sizes, [...Array.from({ length: 12 }, () => 700), 600]);
  report.equal('all rows', sum, (10000 * 10001) / 2 - (1000 * 1001) / 2);
  const large = [];
  const bytes = 'select x, zeroblob(300000) as b from t limit 20';
  for await (const batch of pool.stream(bytes)) large.push(batch.length);
  report.equal('large rows', large, [4, 4, 4, 4, 4]);
  const none = [];
  for await (const batch of pool.stream('select 1 where 0')) none.push(batch);
  report.equal('no rows, no batch', none, []);
  report.check('nobody reads', await until(() => reading(runtime) === 0), `${reading(runtime)}`);

  const safe = [];
  for await (const batch of pool.stream('select 1 as x', [], { safeIntegers: true }))
    safe.push(batch);
  report.equal('safe integers', safe, [[{ x: 1n }]]);
  await report.rejects('what writes', () => pool.stream('delete from t').next(), {
    type: 'TypeError',
    code: 'INVALID_ARGUMENT',
  });
  await report.rejects('nonsense', () => pool.stream('nonsense').next(), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
  });
  report.throws('no size', () => pool.stream('select 1', [], { batchRows: 0 }), {
    code: 'INVALID_OPTION',
  });
  /** @type {number[]} */
  const before = [];
  const failing = await outcome(
    (async () => {
      const sql = "select case x when 1500 then json('{') else x end as x from t";
      for await (const batch of pool.stream(sql, [], { batchRows: 1000 }))
        before.push(batch.length);
    })(),
  );
  report.equal('an error in its middle', [before, failing.code], [[1000], 'SQLITE_ERROR']);
  report.equal('the table', await pool.query('select count(*) as n from t'), [{ n: 10000 }]);
}

/**
 * The worker reads on when a batch is taken.
 *
 * @type {Part}
 */
export async function backPressure(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec(NUMBERS);
  await ready(pool);
  const answered = () => readers(pool)[0]?.answered ?? 0;
  const start = answered();
  const stream = pool.stream('select x from t', [], { batchRows: 100 });
  await sleep(50);
  report.equal('nothing is read before it is asked for', answered() - start, 0);
  for (let taken = 1; taken <= 3; taken++) {
    await stream.next();
    await sleep(100);
    // One answer that it has begun, and never more than one batch ahead.
    report.equal(`batches read when ${taken} are taken`, answered() - start - 1, taken + 1);
  }
  report.equal('it reads in a transaction', reading(runtime), 1);
  await pool.run('delete from t where x > 500');
  report.equal(
    'others are not kept from reading',
    await pool.query('select count(*) as n from t'),
    [{ n: 500 }],
  );
  let rows = 300;
  for await (const batch of stream) rows += batch.length;
  report.equal('all rows of its state', rows, 10000);
  report.equal('nobody reads', reading(runtime), 0);
}

/** @type {Part} */
export async function leaving(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec(NUMBERS);
  for await (const _ of pool.stream('select x from t')) {
    report.equal('in the loop', reading(runtime), 1);
    const [row] = await pool.query('select count(*) as n from t');
    report.equal('the only reader reads other things too', row, { n: 10000 });
    break;
  }
  report.equal('break', reading(runtime), 0);
  const thrown = await outcome(
    (async () => {
      for await (const _ of pool.stream('select x from t')) throw new Error('left');
    })(),
  );
  report.equal('throw', [thrown.error?.message, reading(runtime)], ['left', 0]);
  // The batch ahead never ends.
  const slow = `with recursive n (i) as (select 1 union all select i + 1 from n)
                select i as x from n where i <= 64`;
  const left = await outcome(
    (async () => {
      for await (const _ of pool.stream(slow, [], { batchRows: 64 })) break;
    })(),
  );
  report.check('while the worker reads ahead', !left.pending && !left.error, String(left.error));
  report.below('soon', left.took, SOON_MS);
  report.equal('the reader is free', await pool.query('select 1 as x'), [{ x: 1 }]);

  const controller = new AbortController();
  const stream = pool.stream('select x from t', [], { signal: controller.signal });
  await stream.next();
  controller.abort(new Error('stop'));
  report.check('an abort frees it', await until(() => reading(runtime) === 0, SOON_MS));
  const next = outcome(stream.next());
  report.equal('and the next batch', (await next).error?.message, 'stop');
  report.equal('then it has ended', await stream.next(), { value: undefined, done: true });
  const early = new AbortController();
  const unasked = pool.stream('select x from t', [], { signal: early.signal });
  early.abort(new Error('before it began'));
  report.equal(
    'an abort before the first batch',
    (await outcome(unasked.next())).error?.message,
    'before it began',
  );
  report.equal('ends it', await unasked.next(), { value: undefined, done: true });
  const first = pool.stream(ENDLESS);
  const never = outcome(first.next());
  await sleep(50);
  const ended = await outcome(first.return());
  report.equal('return() in the middle of the first batch', ended.value, {
    value: undefined,
    done: true,
  });
  report.equal('and for who waits for it', (await never).value, { value: undefined, done: true });
  const timed = await outcome(pool.stream(ENDLESS, [], { timeoutMs: 50 }).next());
  report.equal('timeoutMs', timed.code, 'SQLITE_INTERRUPT');
  report.below('in time', timed.took, SOON_MS);

  // Any number, whatever the readers.
  const many = Array.from({ length: 12 }, () =>
    pool.stream('select x from t', [], { batchRows: 1000 }),
  );
  const firsts = await Promise.all(many.map((one) => one.next()));
  report.equal(
    'side by side',
    firsts.map(({ value }) => value?.length),
    firsts.map(() => 1000),
  );
  report.equal('each with a connection', reading(runtime), 12);
  await Promise.all(many.map((one) => one.return()));
  report.equal('none reads', reading(runtime), 0);
  const unread = pool.stream('select x from t');
  await unread.return();
  report.equal('left before it began', await unread.next(), { value: undefined, done: true });
}
