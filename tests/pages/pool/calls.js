// @ts-check
import { diagnostics, SqliteError } from 'sharedwal';
import { sql } from 'sharedwal/pool';
import { outcome, readers, ready, until, writer } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

/** @type {Part} */
export async function queries(report, bench) {
  const { pool } = bench.pool({ readers: 2 });
  await pool.exec('create table t (id integer primary key, x any)');
  report.equal('run', await pool.run('insert into t (x) values (?)', ['one']), {
    changes: 1,
    lastInsertRowid: 1,
  });
  await pool.run('insert into t (x) values (:x)', { x: 2 });
  report.equal('query', await pool.query('select x from t where id = ?', [2]), [{ x: 2 }]);
  report.equal('by name', await pool.query('select x from t where id = $id', { id: 1 }), [
    { x: 'one' },
  ]);
  const evil = "'); drop table t; --";
  report.equal('template', await pool.sql`select id from t where x = ${evil} or x = ${'one'}`, [
    { id: 1 },
  ]);
  report.equal('bound, not spliced', await pool.sql`select ${evil} as x`, [{ x: evil }]);
  report.equal('a statement of a template', sql`a ${1} b ${2}`, { sql: 'a ? b ?', params: [1, 2] });
  report.equal('without rows', await pool.query('select 1 from t where 0'), []);
  report.equal(
    'a name like a prototype',
    Object.keys((await pool.query('select 1 as __proto__'))[0] ?? {}),
    ['__proto__'],
  );
  await pool.exec('create table u (x); insert into u values (1); insert into u values (2)');
  report.equal('exec', await pool.query('select count(*) as n from u'), [{ n: 2 }]);
}

/** @type {Part} */
export async function values(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table v (x any) strict');
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i);
  const all = [null, 1.5, 'text', '', new Uint8Array([1, 2]), 2n ** 53n - 1n, bytes];
  for (const value of all) {
    const expected = typeof value === 'bigint' ? Number(value) : value;
    const row = { x: expected };
    report.equal(`read ${typeof value}`, await pool.query('select ? as x', [value]), [row]);
    const written = await pool.query('insert into v values (?) returning x', [value]);
    report.equal(`written ${typeof value}`, written, [row]);
  }
  report.equal('a whole number is REAL', await pool.query('select typeof(?) as t', [1]), [
    { t: 'real' },
  ]);
  const [big] = await pool.query('select ? as x', [2n ** 62n], { safeIntegers: true });
  report.equal('safe integers', big, { x: 2n ** 62n });
  const { lastInsertRowid } = await pool.run('insert into v values (1)', [], {
    safeIntegers: true,
  });
  report.equal('of run', typeof lastInsertRowid, 'bigint');
  const safe = bench.pool({ readers: 1, safeIntegers: true }).pool;
  report.equal('for the pool', await safe.query('select 1 as x'), [{ x: 1n }]);

  const large = new Uint8Array(100_000);
  const view = new Uint8Array(large.buffer, 10, 20);
  const calls = [
    pool.query('select ? as x', [view]),
    pool.run('insert into v values (?)', [large]),
    pool.query('select ? as x', [new Uint8Array(new SharedArrayBuffer(4))]),
  ];
  large.fill(7);
  const [viewed] = await Promise.all(calls);
  report.equal('a view, as it was at the call', viewed, [{ x: new Uint8Array(20) }]);
  report.equal('the caller keeps its buffer', large.byteLength, 100_000);
  const [stored] = await pool.query('select x from v order by rowid desc limit 1');
  report.equal('what is written as well', stored, { x: new Uint8Array(100_000) });
}

/** @type {Part} */
export async function errors(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (id integer primary key, x unique); insert into t values (1, 1)');
  /** @type {[string, () => Promise<unknown>, Function, string][]} */
  const cases = [
    ['a read', () => pool.query('select * from nowhere'), SqliteError, 'SQLITE_ERROR'],
    [
      'a write',
      () => pool.run('insert into t values (2, 1)'),
      SqliteError,
      'SQLITE_CONSTRAINT_UNIQUE',
    ],
    ['an exec', () => pool.exec('nonsense'), SqliteError, 'SQLITE_ERROR'],
    [
      'a batch',
      () => pool.batch(['insert into t values (1, 2)']),
      SqliteError,
      'SQLITE_CONSTRAINT_PRIMARYKEY',
    ],
    ['too few', () => pool.query('select ?'), RangeError, 'INVALID_ARGUMENT'],
    ['too many', () => pool.run('delete from t', [1]), RangeError, 'INVALID_ARGUMENT'],
    ['two statements', () => pool.query('select 1; select 2'), RangeError, 'INVALID_ARGUMENT'],
    ['rounded', () => pool.query('select 9007199254740993'), RangeError, 'INTEGER_OUT_OF_RANGE'],
    // @ts-expect-error
    ['undefined', () => pool.query('select ?', [undefined]), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['a function', () => pool.query('select ?', [() => {}]), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['no array', () => pool.query('select ?', 1), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['no SQL', () => pool.query(1), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['no template', () => pool.sql('select 1'), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['no function', () => pool.transaction('select 1'), TypeError, 'INVALID_ARGUMENT'],
    // @ts-expect-error
    ['no option', () => pool.query('select 1', [], { timeout: 1 }), SqliteError, 'INVALID_OPTION'],
    ['no time', () => pool.query('select 1', [], { timeoutMs: 0 }), TypeError, 'INVALID_ARGUMENT'],
    ['BEGIN', () => pool.query('begin'), TypeError, 'INVALID_ARGUMENT'],
    ['BEGIN IMMEDIATE', () => pool.run('begin immediate'), TypeError, 'INVALID_ARGUMENT'],
    [
      'SAVEPOINT',
      () => pool.exec('savepoint s; insert into t values (3, 3)'),
      TypeError,
      'INVALID_ARGUMENT',
    ],
  ];
  for (const [name, action, type, code] of cases) {
    const { error } = await outcome(action());
    report.equal(`${name}: class`, error?.constructor, type);
    report.error(
      name,
      error && { name: error.constructor.name, code: error.code, message: error.message },
      { code },
    );
    report.check(`${name}: says what was wrong`, error?.message.length > 5, error?.message);
  }
  const rounded = await outcome(pool.query('select 9007199254740993'));
  const { message, stack } = rounded.error ?? {};
  report.check('advises what a pool has', /safeIntegers: true/.test(message), message);
  // Not in every engine does the stack begin with the message.
  for (const text of [message, stack]) {
    report.check('and not what it has not', !/safeIntegers\(\)/.test(text), text);
  }
  const { error } = await outcome(pool.query('select * from nowhere'));
  report.check('the stack of the worker', /worker/.test(error.stack), error.stack);
  report.equal('the pool goes on', await pool.query('select count(*) as n from t'), [{ n: 1 }]);
  report.equal('and writes', (await pool.run('insert into t values (2, 2)')).changes, 1);
  for (const options of [
    { readers: 0 },
    { readers: 1.5 },
    { setup: 1 },
    { workerUrl: 1 },
    { wasmUrl: 1 },
    { wasmModule: {} },
    { writer: 1 },
    { open: { verbose() {} } },
    { open: { timeout: -1 } },
    { open: { timeout: 2 ** 31 } },
    { open: { journalMode: 'memory' } },
    { open: { fileMustExist: 1 } },
    { reader: 1 },
  ]) {
    /** @type {any} */
    const wrong = { workerUrl: undefined, ...options };
    report.throws(`option ${Object.keys(options)}`, () => bench.pool(wrong), {
      code: 'INVALID_OPTION',
    });
  }
  // @ts-expect-error
  report.throws('no runtime', () => bench.pool({ runtime: {} }), { code: 'INVALID_RUNTIME' });
}

/**
 * Reads go to all readers, also those that are slow go on at the same time.
 *
 * @type {Part}
 */
export async function spread(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 3 });
  await pool.exec(`create table t (x); insert into t
    with recursive n (i) as (select 1 union all select i + 1 from n limit 1000) select i from n`);
  await ready(pool);
  const ids = readers(pool).map(({ connectionId }) => connectionId);
  report.equal('three readers', new Set(ids).size, 3);
  const slow = 'select count(*) as n from t a, t b, t c where a.x + b.x + c.x = 30 and b.x < 5';
  const queries = Array.from({ length: 6 }, () => pool.query(slow));
  let most = 0;
  const seen = new Set();
  const looking = until(() => {
    const reading = diagnostics(runtime).connections.filter((one) => one.transaction !== null);
    most = Math.max(most, reading.length);
    for (const { id } of reading) seen.add(id);
    return pool.workers.every(({ state }) => state === 'idle');
  }, 60_000);
  const results = await Promise.all(queries);
  await looking;
  report.equal(
    'the results',
    results,
    Array.from({ length: 6 }, () => [{ n: 106 }]),
  );
  report.equal('readers that read at once', most, 3);
  report.equal('which they are', [...seen].sort(), [...ids].sort());
  const before = readers(pool).map(({ answered }) => answered);
  const many = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      i % 10 === 0 ? pool.run('insert into t values (?)', [-i]) : pool.query('select ? as i', [i]),
    ),
  );
  report.check(
    'each of 1,000 concurrent calls has its own answer',
    many.every((one, i) =>
      i % 10 === 0 ? 'changes' in one && one.changes === 1 : /** @type {any} */ (one)[0].i === i,
    ),
  );
  const after = readers(pool).map(({ answered }, i) => answered - (before[i] ?? 0));
  report.equal(
    'reads were reads',
    after.reduce((a, b) => a + b),
    900,
  );
  report.atLeast('of the one with the fewest', Math.min(...after), 50);
  report.figures.spread = after;
}

/**
 * SQLite says what writes, and a read sees what was acknowledged before it.
 *
 * @type {Part}
 */
export async function routing(report, bench) {
  const { pool } = bench.pool({ readers: 2 });
  await pool.exec('create table t (id integer primary key, x)');
  await ready(pool);
  const answered = () => ({
    reads: readers(pool).reduce((sum, one) => sum + one.answered, 0),
    writes: writer(pool)?.answered ?? 0,
  });
  const insert = 'with one (x) as (select 1) insert into t (x) select x from one returning id';
  const first = answered();
  report.equal('a write by query()', await pool.query(insert), [{ id: 1 }]);
  const second = answered();
  report.equal('asked once', second, { reads: first.reads + 1, writes: first.writes + 1 });
  await pool.query(insert);
  report.equal('and then known', answered(), { reads: second.reads, writes: second.writes + 1 });
  const plain = answered();
  for (const [text, rows] of /** @type {const} */ ([
    ['insert into t (x) values (2) returning x', [{ x: 2 }]],
    [
      '-- that\n /* or * this */ /***/ REPLACE into t (id, x) values (3, 4) returning x',
      [{ x: 4 }],
    ],
    ['/* drop */ Update t set x = 5 where id = 3 returning x', [{ x: 5 }]],
    ['create table o (x)', []],
  ])) {
    const before = answered();
    report.equal(text, await pool.query(text), rows);
    report.equal(`${text}: no reader is asked`, answered().reads, before.reads);
  }
  report.equal('all by the writer', answered().writes - plain.writes, 4);
  const mixed = Array.from({ length: 10 }, (_, i) =>
    i % 2 === 0 ? pool.query(`insert into o values (${i})`) : pool.sql`insert into o values (${i})`,
  );
  mixed.push(pool.query('insert into o values (10)'));
  mixed.push(pool.run('insert into o values (11)').then(() => []));
  await Promise.all(mixed);
  report.equal(
    'writes are made in their order',
    (await pool.query('select x from o order by rowid')).map(({ x }) => x),
    Array.from({ length: 12 }, (_, i) => i),
  );
  report.equal('a pragma that writes', await pool.query('pragma user_version = 7'), []);
  report.equal('is seen', await pool.query('pragma user_version'), [{ user_version: 7 }]);
  let stale = 0;
  for (let i = 0; i < 200; i++) {
    const { lastInsertRowid } = await pool.run('insert into t (x) values (?)', [i]);
    const [row] = await pool.query('select max(id) as id from t');
    if (row?.id !== lastInsertRowid) stale++;
  }
  report.equal('reads that missed a write', stale, 0);
}

/** @type {Part} */
export async function batches(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  const results = await pool.batch([
    'create table t (id integer primary key, x unique)',
    sql`insert into t (x) values (${'a'}), (${'b'})`,
    { sql: 'insert into t (x) values (:x) returning id', params: { x: 'c' } },
    'select count(*) as n from t',
  ]);
  report.equal(
    'rows',
    results.map(({ rows }) => rows),
    [[], [], [{ id: 3 }], [{ n: 3 }]],
  );
  report.equal(
    'changes',
    results.map(({ changes }) => changes),
    [0, 2, 1, 0],
  );
  report.equal(
    'rowids',
    results.map(({ lastInsertRowid }) => lastInsertRowid),
    [0, 2, 3, 3],
  );
  await report.rejects(
    'one fails',
    () => pool.batch(["insert into t (x) values ('d')", "insert into t (x) values ('a')"]),
    { type: 'SqliteError', code: 'SQLITE_CONSTRAINT_UNIQUE' },
  );
  await report.rejects(
    'one commits',
    () => pool.batch(['commit', "insert into t (x) values ('d')"]),
    {
      code: 'TRANSACTION_ENDED',
    },
  );
  await report.rejects(
    'the last one commits',
    () => pool.batch(["insert into t (x) values ('d') returning id", 'commit']),
    { type: 'SqliteError', code: 'TRANSACTION_ENDED' },
  );
  await pool.run("delete from t where x = 'd'");
  report.equal('nothing of it stays', await pool.query('select count(*) as n from t'), [{ n: 3 }]);
  report.equal('nothing to do', await pool.batch([]), []);
}

/** @type {Part} */
export async function options(report, bench) {
  const setup = 'create temp table mine (x); insert into mine values (42); pragma cache_size = 77';
  const { pool } = bench.pool({ readers: 2, setup, open: { timeout: 1234 } });
  const all = await Promise.all([
    ...Array.from({ length: 4 }, () => pool.query('select x from mine')),
    pool.transaction((tx) => tx.query('select x from mine')),
  ]);
  report.equal(
    'setup everywhere',
    all,
    Array.from({ length: 5 }, () => [{ x: 42 }]),
  );
  const streamed = [];
  for await (const batch of pool.stream('select x from mine')) streamed.push(...batch);
  report.equal('also for streams', streamed, [{ x: 42 }]);
  report.equal('a pragma of it', await pool.query('pragma cache_size'), [{ cache_size: 77 }]);
  report.equal('open', await pool.query('pragma busy_timeout'), [{ timeout: 1234 }]);
  const reading = bench.pool({ readers: 1, writer: false });
  report.equal('without a writer', await reading.pool.query('select 1 as x'), [{ x: 1 }]);
  report.equal('there is one worker', reading.pool.workers.length, 1);
  for (const [name, action] of Object.entries({
    run: () => reading.pool.run('create table t (x)'),
    batch: () => reading.pool.batch(['create table t (x)']),
    transaction: () => reading.pool.transaction(() => {}),
    query: () => reading.pool.query('create table t (x)'),
  })) {
    await report.rejects(`${name} without a writer`, action, {
      type: 'SqliteError',
      code: 'SQLITE_READONLY',
    });
  }
  await report.rejects(
    'setup that fails',
    () => bench.pool({ setup: 'nonsense' }).pool.query('select 1'),
    {
      type: 'SqliteError',
      code: 'SQLITE_ERROR',
    },
  );
}
