// @ts-check
// Iterators: what they yield, what they hold, and when they let go.

const NUMBERS =
  'with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000) select i from n';
const STATEMENT_BUSY = 'This statement is busy executing a query';
const CONNECTION_BUSY = 'This database connection is busy executing a query';

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function iterate(report, { open, differs }) {
  const db = await open();
  db.exec(`create table t (i integer primary key); insert into t ${NUMBERS}`);
  const select = db.prepare('select i from t order by i');
  const expected = Array.from({ length: 1000 }, (_, i) => ({ i: i + 1 }));
  report.equal('all rows come out', [...select.iterate()], expected);
  report.equal('and again', [...select.iterate()], expected);
  report.equal('none of none', [...db.prepare('select i from t where i < 0').iterate()], []);
  report.equal(
    'plucked',
    [...db.prepare('select i from t where i < 4').pluck().iterate()],
    [1, 2, 3],
  );
  report.equal(
    'raw',
    [...db.prepare('select i, i from t where i < 3').raw().iterate()],
    [
      [1, 1],
      [2, 2],
    ],
  );
  report.equal(
    'expanded',
    [...db.prepare('select i from t where i < 2').expand().iterate()],
    [{ t: { i: 1 } }],
  );

  const iterator = select.iterate();
  report.check('an iterator is its own iterable', iterator[Symbol.iterator]() === iterator);
  report.check('its statement is busy from the start', select.busy);
  report.equal('next', iterator.next(), { value: { i: 1 }, done: false });
  report.equal('next again', iterator.next(), { value: { i: 2 }, done: false });
  report.throws('the statement takes no other call: get', () => select.get(), {
    type: 'TypeError',
    message: STATEMENT_BUSY,
  });
  report.throws('all', () => select.all(), { type: 'TypeError', message: STATEMENT_BUSY });
  report.throws('run', () => select.run(), { type: 'TypeError', message: STATEMENT_BUSY });
  report.throws('iterate', () => select.iterate(), { type: 'TypeError', message: STATEMENT_BUSY });
  report.throws('pluck', () => select.pluck(), { type: 'TypeError', message: STATEMENT_BUSY });
  report.throws('safeIntegers', () => select.safeIntegers(), {
    type: 'TypeError',
    message: STATEMENT_BUSY,
  });
  report.throws('bind', () => select.bind(), { type: 'TypeError', message: STATEMENT_BUSY });
  if (!differs) {
    report.throws(
      'the connection takes no write meanwhile',
      () => db.prepare('insert into t values (5000)').run(),
      { type: 'TypeError', message: CONNECTION_BUSY },
    );
    report.throws('no exec', () => db.exec('select 1'), {
      type: 'TypeError',
      message: CONNECTION_BUSY,
    });
    report.throws('no close', () => db.close(), { type: 'TypeError', message: CONNECTION_BUSY });
  }
  report.equal('but other reads', db.prepare('select count(*) from t').pluck().get(), 1000);
  report.equal('of a twin, too', db.prepare('select i from t order by i').get(), { i: 1 });
  report.equal('the iteration goes on', iterator.next(), { value: { i: 3 }, done: false });
  report.equal('return ends it', iterator.return?.(), { value: undefined, done: true });
  report.equal('next after the end', iterator.next(), { value: undefined, done: true });
  report.check('the statement is free', !select.busy);
  report.equal('it starts anew', select.get(), { i: 1 });
  report.equal('writing works again', db.prepare('insert into t values (5000)').run().changes, 1);
  db.exec('delete from t where i = 5000');

  let seen = 0;
  for (const row of select.iterate()) {
    seen += 1;
    if (/** @type {{ i: number }} */ (row).i === 10) break;
  }
  report.equal('break leaves early', seen, 10);
  report.check('break frees the statement', !select.busy);
  report.throws(
    'an error in the loop comes out',
    () => {
      for (const _ of select.iterate()) throw new Error('in the loop');
    },
    { message: 'in the loop' },
  );
  report.check('and frees the statement', !select.busy);
  const [one, two] = select.iterate();
  report.equal('destructuring', [one, two], [{ i: 1 }, { i: 2 }]);
  report.check('destructuring frees the statement', !select.busy);

  const left = db.prepare('select i from t where i <= 40 order by i').pluck().iterate();
  const right = db.prepare('select i from t where i <= 40 order by i desc').pluck().iterate();
  const sums = [];
  for (;;) {
    const [a, b] = [left.next(), right.next()];
    if (a.done || b.done) break;
    sums.push(Number(a.value) + Number(b.value));
  }
  report.equal(
    'two iterations side by side',
    sums,
    Array.from({ length: 40 }, () => 41),
  );

  const failing = db
    .prepare('select case when i > 700 then abs(-9223372036854775808) else i end from t')
    .pluck();
  let before = 0;
  report.throws(
    'an error of SQLite midway',
    () => {
      for (const _ of failing.iterate()) before += 1;
    },
    { type: 'SqliteError', code: 'SQLITE_ERROR', message: 'integer overflow' },
  );
  report.equal('comes after the rows before it', before, 700);
  report.check('and frees the statement', !failing.busy);
  db.exec('insert into t values (9999)');
  report.equal(
    'the connection is free, too',
    db.prepare('select max(i) from t').pluck().get(),
    9999,
  );
  report.equal(
    'RETURNING',
    [...db.prepare('delete from t where i > 998 returning i').pluck().iterate()].sort(),
    [1000, 999, 9999],
  );
  if (differs) await report.part('beside writes', () => besideWrites(report, open));
  db.close();
}

/**
 * better-sqlite3 refuses to write while an iterator is open. An iterator that somebody forgot would
 * then lock the connection for ever, so here it keeps its remaining rows and lets go instead.
 *
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env['open']} open
 */
async function besideWrites(report, open) {
  const db = await open();
  db.exec(`create table t (i integer primary key); insert into t ${NUMBERS}`);
  const insert = db.prepare('insert into t values (?)');
  const select = db.prepare('select i from t order by i').pluck();
  const seen = [];
  for (const i of select.iterate()) {
    seen.push(i);
    if (i === 5) report.equal('a write between two rows', insert.run(5000).changes, 1);
    if (i === 6) db.exec('delete from t where i = 900');
  }
  report.equal(
    'the iteration goes on with the rows of its snapshot',
    seen,
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  report.equal('the writes are made', db.prepare('select count(*) from t').pluck().get(), 1000);

  const large = db.prepare(
    'with recursive n (i) as (select 1 union all select i + 1 from n where i < 40) select zeroblob(1000000) from n',
  );
  const forgotten = large.pluck().iterate();
  report.check('a large row', /** @type {any} */ (forgotten.next().value).length === 1_000_000);
  insert.run(5001);
  report.throws(
    'rows of more than 16 MiB are not kept',
    () => {
      for (const _ of forgotten);
    },
    { type: 'SqliteError', code: 'ITERATOR_ABANDONED', message: /all\(\)/ },
  );
  report.equal('after that error the iterator is at its end', forgotten.next().done, true);
  report.check('and its statement is free', !large.busy);

  const many = Array.from({ length: 40 }, () => select.source).map((sql) => {
    const iterator = db.prepare(sql).pluck().iterate();
    iterator.next();
    return iterator;
  });
  report.equal(
    '40 iterations at a time',
    many.map((iterator) => [...iterator].length),
    many.map(() => 1000),
  );
  const last = select.iterate();
  last.next();
  db.close();
  report.throws('an iterator of a closed connection', () => last.next(), {
    type: 'TypeError',
    code: 'CONNECTION_CLOSED',
  });
}
