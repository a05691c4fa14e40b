// @ts-check
// Integers beyond 2^53: as bigints where asked for, and never rounded silently.

const LARGEST = 9007199254740991n;

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function safeIntegers(report, { open, differs }) {
  const db = await open();
  db.exec(
    'create table t (id integer primary key, big integer, small integer, real real, text text)',
  );
  const insert = db.prepare('insert into t values (?, ?, ?, ?, ?)');
  const borders = [
    0n,
    -1n,
    2n ** 31n,
    -(2n ** 31n),
    2n ** 32n + 1n,
    LARGEST,
    -LARGEST,
    LARGEST + 1n,
    LARGEST + 2n,
    -LARGEST - 2n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  for (const [i, big] of borders.entries()) insert.run(i + 1, big, 5, 1.5, 'x');
  const all = db.prepare('select big from t order by id').pluck();
  report.check('safeIntegers answers the statement', all.safeIntegers() === all);
  report.equal('every integer comes back as a bigint', all.all(), borders);
  report.equal(
    'other types stay',
    db.prepare('select small, real, text, null from t').safeIntegers().raw().get(),
    [5n, 1.5, 'x', null],
  );
  report.equal('by get', db.prepare('select small from t').safeIntegers().get(), { small: 5n });
  report.equal(
    'by iterate',
    [...db.prepare('select big from t where id < 3 order by id').safeIntegers().pluck().iterate()],
    [0n, -1n],
  );
  report.equal(
    'switched off again',
    db.prepare('select small from t').safeIntegers().safeIntegers(false).pluck().get(),
    5,
  );
  report.throws('a toggle that is no boolean', () => all.safeIntegers(/** @type {any} */ ('yes')), {
    type: 'TypeError',
    message: 'Expected first argument to be a boolean',
  });

  report.equal(
    'lastInsertRowid as a number',
    db.prepare('insert into t (id) values (1000)').run().lastInsertRowid,
    1000,
  );
  report.equal('as a bigint', db.prepare('insert into t (id) values (1001)').safeIntegers().run(), {
    changes: 1,
    lastInsertRowid: 1001n,
  });
  const large = db.prepare('insert into t (id) values (?)').safeIntegers();
  report.equal('a large one', large.run(2n ** 62n + 1n).lastInsertRowid, 2n ** 62n + 1n);

  report.equal(
    '2^53 - 1 is a number',
    db.prepare('select ?').pluck().get(LARGEST),
    Number(LARGEST),
  );
  report.equal('-(2^53 - 1), too', db.prepare('select ?').pluck().get(-LARGEST), -Number(LARGEST));
  if (differs) {
    const beyond = { type: 'RangeError', code: 'INTEGER_OUT_OF_RANGE', message: /safeIntegers/ };
    const echo = db.prepare('select ? as value');
    for (const big of [LARGEST + 1n, LARGEST + 2n, -LARGEST - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      report.throws(`${big} by get`, () => echo.get(big), beyond);
    }
    report.equal('the statement works after it', echo.get(1n), { value: 1 });
    report.throws('by all', () => db.prepare('select big from t').all(), beyond);
    report.throws(
      'by iterate',
      () => [...db.prepare('select big from t').pluck().iterate()],
      beyond,
    );
    report.throws('by raw', () => db.prepare('select big from t').raw().all(), beyond);
    report.throws('by expand', () => db.prepare('select big from t').expand().all(), beyond);
    report.equal(
      'a column that pluck leaves out does no harm',
      db
        .prepare('select 1, ?')
        .pluck()
        .get(2n ** 60n),
      1,
    );
    report.check(
      'the connection is free after it',
      !db.inTransaction && db.exec('select 1') === db,
    );
    const rowid = db.prepare('insert into t (id) values (?)');
    /** @type {unknown} */
    let answer;
    try {
      answer = rowid.run(2n ** 62n + 3n).lastInsertRowid;
    } catch (error) {
      answer = /** @type {{ code?: unknown }} */ (error).code;
    }
    report.check(
      'a large lastInsertRowid is not rounded',
      answer === 'INTEGER_OUT_OF_RANGE' || answer === 2n ** 62n + 3n,
      String(answer),
    );
  }

  const early = db.prepare('select 1').pluck();
  report.check('defaultSafeIntegers answers the database', db.defaultSafeIntegers() === db);
  report.equal('statements from now on answer bigints', db.prepare('select 1').pluck().get(), 1n);
  report.equal(
    'unless told otherwise',
    db.prepare('select 1').pluck().safeIntegers(false).get(),
    1,
  );
  report.equal('earlier ones do not', early.get(), 1);
  db.defaultSafeIntegers(false);
  report.equal('switched off again', db.prepare('select 1').pluck().get(), 1);
  report.throws(
    'a default that is no boolean',
    () => db.defaultSafeIntegers(/** @type {any} */ (1)),
    { type: 'TypeError', message: 'Expected first argument to be a boolean' },
  );
  db.close();
}
