// @ts-check
// db.transaction

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function transactions(report, { open, again, differs }) {
  const db = await open();
  db.exec('create table t (x integer unique)');
  const insert = db.prepare('insert into t values (?)');
  const all = () => db.prepare('select x from t order by x').pluck().all();

  report.throws('it takes a function', () => db.transaction(/** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected first argument to be a function',
  });
  const insertMany = db.transaction((/** @type {number[]} */ ...list) => {
    for (const x of list) insert.run(x);
    return list.length;
  });
  report.equal('it answers what the function answers', insertMany(1, 2), 2);
  report.equal('it has committed', all(), [1, 2]);
  report.check('no transaction is left', !db.inTransaction);
  report.throws('an error comes out as it is', () => insertMany(3, 1), {
    type: 'SqliteError',
    code: 'SQLITE_CONSTRAINT_UNIQUE',
  });
  report.equal('and undoes everything', all(), [1, 2]);
  report.check('no transaction is left after it', !db.inTransaction);

  for (const kind of /** @type {const} */ (['default', 'deferred', 'immediate', 'exclusive'])) {
    const run = insertMany[kind];
    report.check(
      `${kind} has all kinds`,
      run.deferred === insertMany.deferred &&
        run.immediate === insertMany.immediate &&
        run.exclusive === insertMany.exclusive &&
        run.default === insertMany,
    );
    report.equal(`${kind} commits`, run(10), 1);
    db.exec('delete from t where x = 10');
  }
  report.check(
    'the database of a transaction',
    insertMany.database === db && insertMany.immediate.database === db,
  );

  const context = { name: 'this' };
  const self = db.transaction(
    /**
     * @this {unknown}
     * @param {number} x
     */
    function (x) {
      return [/** @type {any} */ (this), x, db.inTransaction];
    },
  );
  report.equal('this and the arguments go through', /** @type {any} */ (self).call(context, 5), [
    context,
    5,
    true,
  ]);

  report.throws(
    'a promise is refused',
    () =>
      db.transaction(async () => {
        insert.run(50);
      })(),
    { type: 'TypeError', message: 'Transaction function cannot return a promise' },
  );
  report.equal('and rolled back', all(), [1, 2]);

  const undo = db.transaction(() => {
    insert.run(60);
    db.exec('rollback');
    throw new Error('rolled back by hand');
  });
  report.throws('a ROLLBACK inside', () => undo(), { message: 'rolled back by hand' });
  report.equal('left nothing', all(), [1, 2]);

  const level = db.transaction((/** @type {number} */ depth, /** @type {number} */ failAt) => {
    insert.run(100 + depth);
    if (depth < 5) {
      try {
        level(depth + 1, failAt);
      } catch (error) {
        if (depth !== failAt - 1) throw error;
      }
    }
    if (depth === failAt) throw new Error(`failed at ${depth}`);
  });
  level(0, 3);
  report.equal('five levels, the third undone with what is below it', all(), [1, 2, 100, 101, 102]);
  db.exec('delete from t where x >= 100');
  report.throws('a failure at the outermost', () => level(0, 0), { message: 'failed at 0' });
  report.equal('undid every level', all(), [1, 2]);

  db.exec('begin');
  insertMany(70);
  report.check('inside a BEGIN by hand it is a savepoint', db.inTransaction);
  db.exec('rollback');
  report.equal('which the ROLLBACK undoes', all(), [1, 2]);

  db.exec(
    'create table parent (id integer primary key); create table child (p references parent deferrable initially deferred)',
  );
  const orphan = db.transaction(() => {
    db.exec('insert into child values (1)');
  });
  report.throws('a COMMIT that fails', () => orphan(), {
    type: 'SqliteError',
    code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  });
  report.check(
    'is rolled back',
    !db.inTransaction && db.prepare('select count(*) from child').pluck().get() === 0,
  );

  const other = await again(db, { timeout: 0 });
  const holding = db.transaction(() => {
    /** @type {unknown} */
    let code;
    try {
      other.exec('insert into t values (80)');
    } catch (error) {
      code = /** @type {{ code?: unknown }} */ (error).code;
    }
    return code;
  });
  report.equal('immediate holds the write lock from the start', holding.immediate(), 'SQLITE_BUSY');
  report.equal('exclusive, too', holding.exclusive(), 'SQLITE_BUSY');
  report.equal('deferred does not', holding.deferred(), undefined);
  report.equal('so the other one has written', all(), [1, 2, 80]);
  other.close();
  db.close();
  if (differs) await report.part('beside an iterator', () => besideAnIterator(report, open));
}

/**
 * What an iterator fails with takes the transaction with it, whoever made it read: nothing goes on as if
 * there were one.
 *
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env['open']} open
 */
async function besideAnIterator(report, open) {
  const db = await open();
  db.exec('create table t (x)');
  const insert = db.prepare('insert into t values (?)');
  const rows = db.prepare('select x from t').pluck();
  const numbers = db
    .prepare(
      'with recursive n (i) as (select 1 union all select i + 1 from n limit 20000) select i from n',
    )
    .pluck()
    .limit({ timeoutMs: 100 });
  const late = { type: 'SqliteError', code: 'SQLITE_INTERRUPT', message: /time .* was over/ };
  const begun = () => {
    const iterator = numbers.iterate();
    iterator.next();
    for (const end = performance.now() + 120; performance.now() < end; );
    return iterator;
  };
  const nested = db.transaction(() => insert.run(1));
  /** @type {Record<string, (iterator: ReturnType<typeof begun>) => unknown>} */
  const calls = {
    'a write': () => insert.run(1),
    exec: () => db.exec('insert into t values (1)'),
    'a nested transaction': () => nested(),
    'a row': (iterator) => [...iterator],
  };
  for (const [name, call] of Object.entries(calls)) {
    /** @type {ReturnType<typeof begun> | undefined} */
    let iterator;
    const all = db.transaction(() => {
      insert.run(-1);
      iterator = begun();
      for (let i = 0; i < 3; i++) call(iterator);
    });
    report.throws(name, all, late);
    report.check(`${name}: no transaction is left`, !db.inTransaction);
    report.equal(`${name}: nothing was written`, rows.all(), []);
    if (name !== 'a row') report.throws(`${name}: the iterator`, () => iterator?.next(), late);
    report.equal(`${name}: is at its end`, iterator?.next().done, true);
  }
  let batches = 0;
  const reading = db.transaction(() => {
    insert.run(-1);
    for (const _ of numbers.iterate()) {
      // The second batch is read late.
      if (++batches === 64) for (const end = performance.now() + 120; performance.now() < end; );
      if (batches > 64) insert.run(batches);
    }
  });
  report.throws('a batch that is late', reading, late);
  report.equal('hands out none of its rows', [batches, rows.all()], [64, []]);

  const failing = db.transaction((/** @type {() => unknown} */ outer) => {
    insert.run(-1);
    begun();
    return outer();
  });
  const mine = () => {
    throw new Error('mine');
  };
  report.throws('an error of the function', () => failing(mine), { message: 'mine' });
  report.throws('of a nested one', () => failing(db.transaction(mine)), late);
  report.throws('in a nested one', () => db.transaction(() => failing(mine))(), {
    message: 'mine',
  });
  report.check('no transaction is left then', !db.inTransaction);
  report.equal('and nothing written', rows.all(), []);
  db.close();
}
