// @ts-check
import { ENDLESS, LONG, outcome, ready, SOON_MS, sleep } from './common.js';

/** @typedef {import('./parts.js').Part} Part */
/** @typedef {import('sharedwal/pool').PoolTransaction} PoolTransaction */

const count = 'select count(*) as n from t';

/** @type {Part} */
export async function isolation(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  const order = /** @type {string[]} */ ([]);
  /** @type {Promise<unknown> | undefined} */
  let other;
  const result = await pool.transaction(async (tx) => {
    await tx.run('insert into t values (?)', [1]);
    other = pool.run('insert into t values (2)').then(() => order.push('other'));
    report.equal('it sees what it wrote', await tx.sql`select x from t where x = ${1}`, [{ x: 1 }]);
    report.equal('others do not', await pool.query(count), [{ n: 0 }]);
    await sleep(50);
    await tx.exec('insert into t values (3); insert into t values (4)');
    report.equal('nobody else writes meanwhile', await tx.query(count), [{ n: 3 }]);
    order.push('transaction');
    return 'done';
  });
  report.equal('what the function returns', result, 'done');
  report.equal(
    'it is committed',
    (await pool.query('select x from t where x <> 2 order by x')).length,
    3,
  );
  await other;
  report.equal('the other write came after it', order, ['transaction', 'other']);
  const all = await Promise.all(
    Array.from({ length: 50 }, () =>
      pool.transaction(async (tx) => {
        const [row] = await tx.query('select max(x) as x from t');
        await tx.run('insert into t values (?)', [Number(row?.x) + 1]);
        return Number(row?.x) + 1;
      }),
    ),
  );
  report.equal(
    '50 at once, one after the other',
    all,
    Array.from({ length: 50 }, (_, i) => i + 5),
  );
  for (const mode of /** @type {const} */ (['deferred', 'immediate', 'exclusive'])) {
    const options = { mode };
    const [row] = await pool.transaction((tx) => tx.query(count), options);
    report.equal(mode, row, { n: 54 });
  }
  // @ts-expect-error
  await report.rejects('another mode', () => pool.transaction(() => {}, { mode: 'lazy' }), {
    code: 'INVALID_OPTION',
  });
}

/** @type {Part} */
export async function rollback(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x unique)');
  const reason = new Error('changed my mind');
  /** @type {PoolTransaction | undefined} */
  let kept;
  const thrown = await outcome(
    pool.transaction(async (tx) => {
      kept = tx;
      await tx.run('insert into t values (1)');
      throw reason;
    }),
  );
  report.check('rejects with what was thrown', thrown.error === reason, String(thrown.error));
  report.equal('and is rolled back', await pool.query(count), [{ n: 0 }]);
  await report.rejects('its argument is dead', async () => kept?.run('insert into t values (1)'), {
    type: 'SqliteError',
    code: 'TRANSACTION_ENDED',
  });
  const synchronous = await outcome(
    pool.transaction(() => {
      throw reason;
    }),
  );
  report.check('a function that is not async', synchronous.error === reason);

  await pool.transaction(async (tx) => {
    kept = tx;
    await tx.run('insert into t values (1)');
    const { code } = await outcome(tx.run('insert into t values (1)'));
    report.equal('an error that was caught', code, 'SQLITE_CONSTRAINT_UNIQUE');
  });
  report.equal('rolls nothing else back', await pool.query(count), [{ n: 1 }]);
  await report.rejects('after its end', async () => kept?.query('select 1'), {
    code: 'TRANSACTION_ENDED',
  });

  const pending = await pool.transaction((tx) => {
    for (let i = 2; i < 12; i++) void tx.run('insert into t values (?)', [i]);
    return 'pending';
  });
  report.equal('calls that nobody waited for', pending, 'pending');
  report.equal('are done', await pool.query(count), [{ n: 11 }]);
  const failing = pool.transaction((tx) => {
    // Nobody else handles their rejections: an unhandled one fails all of this.
    void tx.run('insert into t values (100)');
    void tx.run('insert into t values (1)');
    void tx.sql`insert into t values (${1})`;
    void tx.exec('insert into t values (1)');
  });
  report.equal('unless one fails', (await outcome(failing)).code, 'SQLITE_CONSTRAINT_UNIQUE');
  report.equal('then none is', await pool.query(count), [{ n: 11 }]);

  for (const sql of ['rollback', 'commit', 'insert or rollback into t values (1)']) {
    const { code } = await outcome(
      pool.transaction(async (tx) => {
        await tx.exec(sql).catch(() => {});
        const next = await outcome(tx.run('insert into t values (200)'));
        report.equal(`after ${sql}`, next.code, 'TRANSACTION_ENDED');
      }),
    );
    report.equal(`${sql}: the transaction`, code, 'TRANSACTION_ENDED');
  }
  report.equal('nothing was written outside of it', await pool.query(count), [{ n: 11 }]);
  await pool.exec(
    'create table p (id integer primary key); create table c (p references p deferrable initially deferred)',
  );
  const deferred = await outcome(pool.transaction((tx) => tx.run('insert into c values (1)')));
  report.equal('a commit that fails', deferred.code, 'SQLITE_CONSTRAINT_FOREIGNKEY');
  report.equal('is rolled back', await pool.query('select * from c'), []);
  report.equal('the pool goes on', (await pool.run('insert into t values (300)')).changes, 1);
}

/** @type {Part} */
export async function limits(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  await ready(pool);
  /** @type {PoolTransaction | undefined} */
  let kept;
  const never = new Promise(() => {});
  const forever = await outcome(
    pool.transaction(
      async (tx) => {
        kept = tx;
        await tx.run('insert into t values (1)');
        await never;
      },
      { timeoutMs: 100 },
    ),
  );
  report.equal('a function that never ends', forever.code, 'SQLITE_INTERRUPT');
  report.below('soon', forever.took, 100 + SOON_MS);
  const next = await outcome(pool.run('insert into t values (2)'));
  report.equal('lets the next write go on', next.value?.changes, 1);
  report.equal('and is rolled back', await pool.query('select x from t'), [{ x: 2 }]);
  const dead = await outcome(/** @type {PoolTransaction} */ (kept).run('insert into t values (3)'));
  report.equal('its argument', dead.code, 'TRANSACTION_ENDED');
  report.check('says why', /100 ms/.test(dead.error?.message), dead.error?.message);

  const unheeded = pool.transaction(
    async (tx) => {
      void tx.query(ENDLESS);
      void tx.run('insert into t values (6)');
      await sleep(100);
      void tx.run('insert into t values (7)');
      await never;
    },
    { timeoutMs: 50 },
  );
  report.equal('with calls that nobody heeds', (await outcome(unheeded)).code, 'SQLITE_INTERRUPT');
  await sleep(100);
  await pool.transaction(async (tx) => {
    const long = outcome(tx.query(LONG));
    const timed = await outcome(tx.run('insert into t values (8)', [], { timeoutMs: 20 }));
    report.equal('a call of it in the queue', timed.code, 'SQLITE_INTERRUPT');
    const after = tx.query('select x from t');
    const first = await Promise.race([long.then(() => 'long'), after.then(() => 'after')]);
    report.equal('those after it wait all the same', first, 'long');
    report.below('it does not wait', timed.took, (await long).took / 2);
    report.equal('and it is not made', await after, [{ x: 2 }]);
  });

  const reason = new Error('enough');
  for (const [name, fn] of /** @type {const} */ ([
    ['computing', (/** @type {PoolTransaction} */ tx) => tx.query(ENDLESS)],
    ['writing', (/** @type {PoolTransaction} */ tx) => tx.run(`insert into t ${ENDLESS}`)],
    ['waiting', () => never],
  ])) {
    const controller = new AbortController();
    const running = outcome(
      pool.transaction(
        async (tx) => {
          await tx.run('insert into t values (4)');
          await fn(tx);
        },
        { signal: controller.signal },
      ),
    );
    await sleep(50);
    controller.abort(reason);
    const { error, took } = await running;
    report.check(`${name}: the signal's reason`, error === reason, String(error));
    report.below(`${name}: soon`, took, SOON_MS);
  }
  const running = pool.transaction(() => sleep(100));
  const queued = await outcome(pool.transaction(() => 'never run', { timeoutMs: 20 }));
  report.equal('in the queue', queued.code, 'SQLITE_INTERRUPT');
  await running;

  // Another pool holds the write lock: BEGIN waits.
  const other = bench.pool({ runtime, readers: 1, open: { timeout: 60_000 } }).pool;
  await other.query('select 1');
  await pool.transaction(async () => {
    const begin = await outcome(other.transaction(() => 'never run', { timeoutMs: 100 }));
    report.equal('while it begins', begin.code, 'SQLITE_INTERRUPT');
    report.below('at once', begin.took, SOON_MS);
  });
  for (const [name, sql, limit, expected] of /** @type {const} */ ([
    ['read', ENDLESS, () => ({ timeoutMs: 50 }), 'SqliteError'],
    [
      'write',
      `insert into t ${ENDLESS}`,
      () => ({ signal: AbortSignal.timeout(50) }),
      'TimeoutError',
    ],
  ])) {
    const caught = await outcome(
      pool.transaction(async (tx) => {
        await tx.run('insert into t values (5)');
        const { error } = await outcome(tx.query(sql, [], limit()));
        report.equal(`one ${name} of it`, error?.name, expected);
      }),
    );
    report.equal(`one ${name} ends it`, caught.code, 'TRANSACTION_ENDED');
  }
  report.equal('all of it', await pool.query('select x from t'), [{ x: 2 }]);
}
