// @ts-check
// db.aggregate: aggregates and window functions.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function aggregates(report, { open, differs }) {
  const db = await open();
  const any = /** @type {any} */ (db);
  const argument = (/** @type {string} */ type, /** @type {string} */ message) => ({
    type,
    message,
    ...(differs && { code: 'INVALID_ARGUMENT' }),
  });
  const step = (/** @type {any} */ total, /** @type {any} */ x) => total + x;
  for (const [name, args, message] of /** @type {[string, any[], string][]} */ ([
    ['a name is a string', [5, { step }], 'Expected first argument to be a string'],
    ['options are needed', ['a'], 'Expected second argument to be an options object'],
    ['options are no function', ['a', step], 'Expected second argument to be an options object'],
    ['a name is not empty', ['', { step }], 'User-defined function name cannot be an empty string'],
    ['a step is needed', ['a', {}], 'Missing required option "step"'],
    ['a step is a function', ['a', { step: 5 }], 'Expected the "step" option to be a function'],
    [
      'an inverse, too',
      ['a', { step, inverse: 5 }],
      'Expected the "inverse" option to be a function',
    ],
    ['a result, too', ['a', { step, result: 5 }], 'Expected the "result" option to be a function'],
    ['varargs', ['a', { step, varargs: 1 }], 'Expected the "varargs" option to be a boolean'],
  ])) {
    report.throws(name, () => any.aggregate(...args), argument('TypeError', message));
  }
  report.throws(
    'more than 100 arguments',
    () => db.aggregate('a', { step: Object.defineProperty(() => 1, 'length', { value: 102 }) }),
    argument('RangeError', 'User-defined functions cannot have more than 100 arguments'),
  );

  db.exec(`create table sales (id integer primary key, region text, day integer, amount integer);
           insert into sales (region, day, amount) values
             ('north', 1, 10), ('north', 2, 20), ('north', 3, 30), ('north', 4, 40),
             ('south', 1, 5), ('south', 2, 6), ('south', 4, 7);
           create table empty (x)`);
  const rows = (/** @type {string} */ sql) => db.prepare(sql).raw().all();
  const value = (/** @type {string} */ sql) => db.prepare(sql).pluck().get();

  report.check(
    'it answers the database',
    db.aggregate('total2', { start: 0, step: (total, x) => total + x }) === db,
  );
  report.equal('over all rows', value('select total2(amount) from sales'), 118);
  report.equal('over no row', value('select total2(x) from empty'), 0);
  report.equal('by groups', rows('select region, total2(amount) from sales group by region'), [
    ['north', 100],
    ['south', 18],
  ]);
  report.equal(
    'several at once',
    rows('select total2(amount), total2(day), total2(distinct region) from sales'),
    [[118, 17, '0northsouth']],
  );
  report.equal(
    'with a filter',
    value("select total2(amount) filter (where region = 'south') from sales"),
    18,
  );
  report.throws(
    'without inverse it is no window function',
    () => db.prepare('select total2(amount) over (order by id) from sales').all(),
    { type: 'SqliteError', message: 'total2() may not be used as a window function' },
  );

  db.aggregate('plain', {
    step: (total, x) => (total === null ? [x] : [...total, x]),
    result: (t) => JSON.stringify(t),
  });
  report.equal('starts with null', value('select plain(day) from sales where day > 2'), '[3,4,4]');
  report.equal('which is the result of nothing', value('select plain(x) from empty'), 'null');
  let starts = 0;
  db.aggregate('list', {
    start: () => {
      starts++;
      return /** @type {unknown[]} */ ([]);
    },
    // It changes the total itself.
    step: (list, x) => {
      list.push(x);
    },
    result: (list) => list.join(),
  });
  report.equal('a start for each group', rows('select list(amount) from sales group by region'), [
    ['10,20,30,40'],
    ['5,6,7'],
  ]);
  report.equal('which was called for each', starts, 2);
  db.aggregate('pairs', {
    varargs: true,
    start: () => '',
    step: (total, ...values) => `${total}(${values})`,
  });
  report.equal('any number of arguments', value('select pairs(1, 2, 3)'), '(1,2,3)');
  report.equal('none', value('select pairs() from sales where id < 3'), '()()');
  db.aggregate('safe', { safeIntegers: true, start: 0n, step: (total, x) => total + x });
  db.exec('create table large (x); insert into large values (9007199254740993), (1)');
  report.equal('bigints', value('select cast(safe(x) as text) from large'), '9007199254740994');
  report.throws('a result that is none', () => value('select plain2(1)'), {
    message: 'no such function: plain2',
  });
  db.aggregate('bad', { start: 0, step: (_total, _x) => /** @type {any} */ ({}) });
  report.throws(
    'a total that is no value',
    () => value('select bad(1)'),
    argument('TypeError', 'User-defined function bad() returned an invalid value'),
  );

  // As window functions, beside SQLite's own sum.
  let inverted = 0;
  let open_ = 0;
  db.aggregate('wsum', {
    start: () => {
      open_++;
      return { sum: 0, count: 0 };
    },
    step: (total, x) => ({ sum: total.sum + x, count: total.count + 1 }),
    inverse: (total, x) => {
      inverted++;
      total.sum -= x;
      total.count--;
    },
    result: (total) => (total.count === 0 ? null : total.sum),
  });
  for (const window of [
    'partition by region order by day',
    'partition by region order by day rows between 1 preceding and current row',
    'partition by region order by day rows between 1 preceding and 1 following',
    'partition by region order by day rows between 2 preceding and 1 preceding',
    'order by day range between 1 preceding and 1 following',
    'order by day groups between current row and 1 following',
    'order by id rows between unbounded preceding and unbounded following',
    'order by day rows between current row and unbounded following exclude current row',
    'partition by region',
  ]) {
    const sql = (/** @type {string} */ name) =>
      rows(`select id, ${name}(amount) over (${window}) from sales order by id`);
    report.equal(window, sql('wsum'), sql('sum'));
  }
  report.atLeast('rows were taken out', inverted, 10);
  report.atLeast('windows were begun', open_, 9);
  report.equal(
    'the same as an aggregate',
    rows('select region, wsum(amount) from sales group by region'),
    [
      ['north', 100],
      ['south', 18],
    ],
  );
  report.equal(
    'many partitions',
    rows(`with recursive n (i) as (select 1 union all select i + 1 from n limit 20000)
          select count(*), sum(a = b) from (
            select wsum(i) over w as a, sum(i) over w as b from n
            window w as (partition by i % 1000 order by i rows between 3 preceding and current row))`),
    [[20000, 20000]],
  );

  // Errors in each part come out as they are, and leave nothing behind.
  const error = new Error('mine');
  /** @type {string} */
  let failing = '';
  /** @type {string[]} */
  const called = [];
  const part = (/** @type {string} */ name, /** @type {any} */ answer) => {
    called.push(name);
    if (failing === name) throw error;
    return answer;
  };
  db.aggregate('parts', {
    start: () => part('start', 0),
    step: (total, x) => part('step', total + x),
    inverse: (total, x) => part('inverse', total - x),
    result: (total) => part('result', total),
  });
  const windowed = db
    .prepare('select parts(day) over (order by id rows 1 preceding) from sales')
    .pluck();
  const grouped = db.prepare('select parts(day) from sales group by region').pluck();
  const expected = [windowed.all(), grouped.all()];
  for (failing of ['start', 'step', 'inverse', 'result']) {
    for (const [statement, kind] of /** @type {const} */ ([
      [windowed, 'window'],
      [grouped, 'group'],
    ])) {
      if (kind === 'group' && failing === 'inverse') continue;
      /** @type {unknown} */
      let thrown;
      called.length = 0;
      try {
        statement.all();
      } catch (caught) {
        thrown = caught;
      }
      report.check(`${failing} of a ${kind} throws`, thrown === error, String(thrown));
      report.equal(`${failing} of a ${kind}: nothing is called after it`, called.at(-1), failing);
    }
  }
  failing = '';
  report.equal('all is well after it', [windowed.all(), grouped.all()], expected);
  const iterator = windowed.iterate();
  report.equal('an iterator that is left', iterator.next().value, 1);
  iterator.return?.();
  report.equal('leaves the statement usable', windowed.all(), expected[0]);
  db.close();
}
