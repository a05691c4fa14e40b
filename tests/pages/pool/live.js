// @ts-check
// Queries that are run again when what they read has changed.
import { interrupt } from 'sharedwal';
import { ENDLESS, outcome, readers, ready, SOON_MS, sleep, until } from './common.js';

/** @typedef {import('./parts.js').Part} Part */

/** @type {Part} */
export async function results(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 2 });
  await pool.exec('create table t (id integer primary key, x); create table u (x)');
  await pool.exec('create view big as select id from t where x > 10');
  const live = pool.live('select count(*) as n from t where x > ?', [5]);
  report.equal('nothing before somebody asks', live.getSnapshot(), {
    rows: undefined,
    error: undefined,
  });
  /** @type {unknown[]} */
  const told = [];
  const unsubscribe = live.subscribe(({ rows, error }) => told.push(error ?? rows?.[0]?.n));
  report.check('the first', await until(() => told.length === 1), String(told));
  await pool.run('insert into t (x) values (6)');
  report.check('a commit', await until(() => told.length === 2), String(told));
  // Another pool, and so another connection in another worker.
  const other = bench.pool({ runtime, readers: 1 }).pool;
  await other.batch(['insert into t (x) values (7)', 'insert into t (x) values (8)']);
  report.check('of somebody else', await until(() => told.length === 3), String(told));
  report.equal('what was told', told, [0, 1, 3]);
  await ready(pool);
  const answered = () => readers(pool).reduce((sum, one) => sum + one.answered, 0);
  const before = answered();
  await pool.run('insert into u values (1)');
  await sleep(200);
  report.equal('another table', answered() - before, 0);
  await pool.run('insert into t (x) values (1)');
  report.check('a row that it does not have', await until(() => answered() - before === 1));
  await sleep(100);
  report.equal('is not told', told, [0, 1, 3]);
  const snapshot = live.getSnapshot();
  report.check(
    'the snapshot stays',
    snapshot === live.getSnapshot() && snapshot.rows?.[0]?.n === 3,
  );

  // The schema: it reads other tables from then on.
  const viewed = pool.live('select count(*) as n from big');
  /** @type {unknown[]} */
  const seen = [];
  viewed.subscribe({ next: (rows) => seen.push(rows[0]?.n), error: (error) => seen.push(error) });
  await until(() => seen.length === 1);
  await pool.run('insert into t (x) values (11)');
  await until(() => seen.length === 2);
  await pool.batch(['drop view big', 'create view big as select x from u']);
  await pool.run('insert into u values (2), (3)');
  report.check('after a change of the schema', await until(() => seen.at(-1) === 3), String(seen));
  await pool.run('insert into u values (4)');
  report.check('its tables are others', await until(() => seen.at(-1) === 4), String(seen));
  report.equal(
    'no error',
    seen.filter((one) => typeof one !== 'number'),
    [],
  );

  unsubscribe();
  viewed.close();
  // One that runs is answered yet.
  await ready(pool);
  const ended = answered();
  const count = told.length;
  await pool.batch(['insert into t (x) values (100)', 'insert into u values (5)']);
  await sleep(200);
  report.equal('nobody listens: it does not run', [answered() - ended, told.length], [0, count]);
  live.subscribe(() => told.push('again'));
  report.check('somebody does again', await until(() => told.at(-1) === 'again'));
  report.equal('and is told the present', live.getSnapshot().rows, [{ n: 5 }]);
  live.close();
}

/** @type {Part} */
export async function rows(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec(
    "create table t (id integer primary key, x); insert into t values (1, 'a'), (2, zeroblob(4))",
  );
  const live = pool.live('select * from t order by id');
  let told = 0;
  live.subscribe(() => told++);
  await until(() => told === 1);
  const first = live.getSnapshot().rows;
  await pool.run("insert into t values (3, 'c')");
  await until(() => told === 2);
  const second = live.getSnapshot().rows;
  report.equal('a row more', second?.length, 3);
  report.check(
    'those before are the same objects',
    first?.every((row, i) => row === second?.[i]) === true,
  );
  report.check('but the list is another', first !== second && first?.length === 2);
  await pool.run("update t set x = 'b' where id = 1");
  await until(() => told === 3);
  const third = live.getSnapshot().rows;
  report.equal(
    'a row that changed',
    [third?.[0] === second?.[0], third?.[1] === second?.[1]],
    [false, true],
  );
  await pool.exec('alter table t add column y');
  report.check('other columns', await until(() => told === 4), String(told));
  report.equal('of all rows', Object.keys(live.getSnapshot().rows?.[2] ?? {}), ['id', 'x', 'y']);
  live.close();
}

/** @type {Part} */
export async function moved(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec(
    "create table t (id integer primary key, x); insert into t values (1, zeroblob(100)), (2, 'b'), (3, null)",
  );
  const live = pool.live('select * from t order by id desc');
  // Rows that nothing tells apart.
  const alike = pool.live('select 7 as x from t where id > 0');
  let told = 0;
  for (const one of [live, alike]) one.subscribe(() => told++);
  await until(() => told === 2);
  /** Where the rows that are there now were before. */
  const origins = async (/** @type {string} */ sql) => {
    const before = live.getSnapshot().rows ?? [];
    const count = told;
    await pool.run(sql);
    await until(() => live.getSnapshot().rows !== before && told > count);
    return live.getSnapshot().rows?.map((row) => before.indexOf(row));
  };
  report.equal('a row before all', await origins("insert into t values (4, 'd')"), [-1, 0, 1, 2]);
  report.equal('one less', await origins('delete from t where id = 3'), [0, 2, 3]);
  report.equal('one that changed', await origins("update t set x = 'B' where id = 2"), [0, -1, 2]);
  report.equal('all at once', await origins('update t set id = 10 - id'), [-1, -1, -1]);
  await until(() => alike.getSnapshot().rows?.length === 3);
  const rows = alike.getSnapshot().rows ?? [];
  report.equal('each row is an object of its own', new Set(rows).size, 3);
  live.close();
  alike.close();
}

/** @type {Part} */
export async function signals(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set();
  signal.addEventListener = (/** @type {string} */ type, /** @type {any} */ listener) => {
    listeners.add(listener);
    EventTarget.prototype.addEventListener.call(signal, type, listener);
  };
  signal.removeEventListener = (/** @type {string} */ type, /** @type {any} */ listener) => {
    listeners.delete(listener);
    EventTarget.prototype.removeEventListener.call(signal, type, listener);
  };
  const live = pool.live('select count(*) as n from t', [], { signal });
  report.equal('not heeded before somebody asks', listeners.size, 0);
  const unsubscribe = live.subscribe(() => {});
  report.equal('but then', listeners.size, 1);
  unsubscribe();
  report.equal('nor when nobody does any more', listeners.size, 0);
  const results = live[Symbol.asyncIterator]();
  await results.next();
  report.equal('somebody iterates', listeners.size, 1);
  await results.return();
  report.equal('and has left', listeners.size, 0);
  controller.abort(new Error('enough'));
  let told = 0;
  live.subscribe(() => told++);
  const next = outcome(live[Symbol.asyncIterator]().next());
  report.equal('aborted when nobody asked', (await next).error?.message, 'enough');
  report.equal('nobody is told', told, 0);
}

/** @type {Part} */
export async function iterating(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  const counts = [];
  for await (const [row] of pool.live('select count(*) as n from t')) {
    counts.push(Number(row?.n));
    if (Number(row?.n) >= 50) break;
    // Slow: it is given the newest, and not all.
    for (let i = 0; i < 10; i++) await pool.run('insert into t values (1)');
    await sleep(100);
  }
  report.equal('the newest each time', counts, [0, 10, 20, 30, 40, 50]);
  const live = pool.live('select count(*) as n from t');
  const iterator = live[Symbol.asyncIterator]();
  report.equal('next', (await iterator.next()).value, [{ n: 50 }]);
  const waiting = outcome(iterator.next());
  await sleep(20);
  live.close();
  report.equal('close ends it', (await waiting).value, { value: undefined, done: true });
  const left = pool.live('select count(*) as n from t')[Symbol.asyncIterator]();
  await left.next();
  const forever = outcome(left.next());
  const returned = await outcome(left.return(), SOON_MS);
  report.equal('return() while it waits', returned.value, { value: undefined, done: true });
  report.equal('and who waits', (await forever).value, { value: undefined, done: true });
  const answered = readers(pool)[0]?.answered;
  await pool.run('insert into t values (1)');
  await sleep(100);
  report.equal('nothing runs any more', readers(pool)[0]?.answered, answered);
  await pool.run('delete from t where rowid = (select max(rowid) from t)');
  const controller = new AbortController();
  const aborted = pool
    .live('select x from t', [], { signal: controller.signal })
    [Symbol.asyncIterator]();
  await aborted.next();
  const next = outcome(aborted.next());
  controller.abort(new Error('enough'));
  report.equal('a signal', (await next).error?.message, 'enough');
  const wrong = outcome(pool.live('select * from nowhere')[Symbol.asyncIterator]().next());
  report.equal('an error', (await wrong).code, 'SQLITE_ERROR');
  const writes = outcome(pool.live('delete from t returning x')[Symbol.asyncIterator]().next());
  report.equal('what writes', (await writes).code, 'INVALID_ARGUMENT');
  report.equal('does nothing', await pool.query('select count(*) as n from t'), [{ n: 50 }]);
}

/** @type {Part} */
export async function errors(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  const live = pool.live('select count(*) as n from late');
  /** @type {unknown[]} */
  const told = [];
  live.subscribe({
    next: (rows) => told.push(rows[0]?.n),
    error: (error) => told.push(/** @type {any} */ (error).code),
  });
  await until(() => told.length === 1);
  report.equal('an error is told', told, ['SQLITE_ERROR']);
  await pool.batch(['create table late (x)', 'insert into late values (1)']);
  report.check(
    'and is over when it can be run',
    await until(() => told.at(-1) === 1),
    String(told),
  );
  for (const wrong of [null, 5, undefined]) {
    // @ts-expect-error
    report.throws(`subscribe(${wrong})`, () => live.subscribe(wrong), { code: 'INVALID_ARGUMENT' });
  }
  // Who comes while others are told is told by itself.
  const late = pool.live('select 2 as x');
  let calls = 0;
  /** @type {unknown[]} */
  const order = [];
  late.subscribe(() => {
    order.push('first');
    if (calls++ > 0) return;
    leave();
    late.subscribe(() => order.push('added'));
  });
  const leave = late.subscribe(() => order.push('left'));
  await until(() => order.includes('added'));
  await sleep(20);
  report.equal('each once, and who has left is not told', order, ['first', 'added']);
  late.close();
  const limited = pool.live(ENDLESS, [], { timeoutMs: 50 });
  /** @type {unknown} */
  let code;
  limited.subscribe({ error: (error) => (code = /** @type {any} */ (error).code) });
  report.check('timeoutMs', await until(() => code === 'SQLITE_INTERRUPT'));
  limited.close();
  interrupt(runtime, Number(readers(pool)[0]?.connectionId));
  const iterator = pool.live('select * from t')[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = outcome(iterator.next());
  await pool.close();
  report.equal('close of the pool', (await waiting).code, 'POOL_CLOSED');
  report.equal('is told', told.at(-1), 'POOL_CLOSED');
}

/**
 * No commit is missed, however they fall: the last result is that of the last commit.
 *
 * @type {Part}
 */
export async function storms(report, bench) {
  const { pool, runtime } = bench.pool({ readers: 2 });
  await pool.exec('create table t (x)');
  const rounds = bench.host.quick ? 30 : 200;
  const other = bench.pool({ runtime, readers: 1 }).pool;
  let missed = 0;
  for (let round = 1; round <= rounds; round++) {
    // Begun in the middle of commits, by somebody else.
    const writing = other.run('insert into t values (1)');
    if (round % 3 === 0) await sleep(round % 7);
    const live = pool.live('select count(*) as n from t');
    live.subscribe(() => {});
    if (round % 2 === 0) await writing;
    const current = await until(() => live.getSnapshot().rows?.[0]?.n === round, SOON_MS);
    if (!current) missed++;
    live.close();
  }
  report.equal('rounds whose last commit was missed', missed, 0);
  const live = pool.live('select count(*) as n, max(x) as x from t');
  let told = 0;
  live.subscribe(() => told++);
  await until(() => told === 1);
  const commits = bench.host.quick ? 300 : 2000;
  await ready(pool);
  const before = readers(pool).reduce((sum, one) => sum + one.answered, 0);
  await Promise.all(
    Array.from({ length: commits }, (_, i) => other.run('insert into t values (?)', [i])),
  );
  report.check(
    'the last of a storm',
    await until(() => live.getSnapshot().rows?.[0]?.n === rounds + commits),
  );
  await sleep(100);
  const runs = readers(pool).reduce((sum, one) => sum + one.answered, 0) - before;
  report.check(
    'not one run for each commit',
    runs <= commits && runs >= 1,
    `${runs} runs of ${commits}`,
  );
  report.figures.storm = { commits, runs, told };
  live.close();
}

/** @type {Part} */
export async function pragmasThatTellOfContent(report, bench) {
  const { pool } = bench.pool({ readers: 1 });
  await pool.exec('create table t (x)');
  for (const sql of ['select page_count from pragma_page_count', 'pragma page_count']) {
    const live = pool.live(sql);
    live.subscribe(() => {});
    const pages = () => Number(live.getSnapshot().rows?.[0]?.page_count ?? 0);
    await until(() => pages() > 0);
    const before = pages();
    await pool.run('insert into t values (zeroblob(100000))');
    const grown = await until(() => pages() > before, SOON_MS);
    report.check(sql, grown && before > 0, `${before} pages, then ${pages()}`);
    live.close();
  }
}
