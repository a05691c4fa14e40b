// @ts-check
// db.transaction

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function transactions(report, { open, again }) {
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
}
