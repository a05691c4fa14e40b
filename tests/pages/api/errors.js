// @ts-check
// SqliteError and its codes.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function errors(report, { open, SqliteError }) {
  const db = await open();
  const error = new SqliteError('a message', 'SQLITE_BUSY');
  report.check('it is an Error', error instanceof Error && error instanceof SqliteError);
  report.equal(
    'its parts',
    [error.name, error.message, error.code],
    ['SqliteError', 'a message', 'SQLITE_BUSY'],
  );
  report.check('it has a stack', typeof error.stack === 'string');
  report.throws('a code is a string', () => new SqliteError('a message', /** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected second argument to be a string',
  });

  db.exec(`create table t (id integer primary key, u unique, n not null default 1, c check (c > 0), f references t(id));
           create table s (i integer) strict;
           create table w (a primary key) without rowid;
           create trigger no_seven before insert on t when new.u = 7 begin select raise(abort, 'seven is refused'); end;
           insert into t (id, u) values (1, 'u'); insert into w values (1)`);
  /** @type {[string, string, string][]} */
  const failures = [
    ["insert into t (u) values ('u')", 'SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: t.u'],
    [
      'insert into t (id) values (1)',
      'SQLITE_CONSTRAINT_PRIMARYKEY',
      'UNIQUE constraint failed: t.id',
    ],
    ['insert into w values (1)', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'UNIQUE constraint failed: w.a'],
    [
      'insert into t (n) values (null)',
      'SQLITE_CONSTRAINT_NOTNULL',
      'NOT NULL constraint failed: t.n',
    ],
    ['insert into t (c) values (0)', 'SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: c > 0'],
    [
      'insert into t (f) values (77)',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      'FOREIGN KEY constraint failed',
    ],
    ['insert into t (u) values (7)', 'SQLITE_CONSTRAINT_TRIGGER', 'seven is refused'],
    [
      "insert into s values ('x')",
      'SQLITE_CONSTRAINT_DATATYPE',
      'cannot store TEXT value in INTEGER column s.i',
    ],
    ["insert into t (id) values ('x')", 'SQLITE_MISMATCH', 'datatype mismatch'],
    ['select abs(-9223372036854775808)', 'SQLITE_ERROR', 'integer overflow'],
    ["select json('{')", 'SQLITE_ERROR', 'malformed JSON'],
    ['commit', 'SQLITE_ERROR', 'cannot commit - no transaction is active'],
    ['rollback', 'SQLITE_ERROR', 'cannot rollback - no transaction is active'],
    ['release missing', 'SQLITE_ERROR', 'no such savepoint: missing'],
    ['create table t (x)', 'SQLITE_ERROR', 'table t already exists'],
    ['select zeroblob(3000000000)', 'SQLITE_TOOBIG', 'string or blob too big'],
  ];
  for (const [sql, code, message] of failures) {
    report.throws(`exec: ${sql}`, () => db.exec(sql), { type: 'SqliteError', code, message });
    report.throws(
      `run: ${sql}`,
      () => {
        const statement = db.prepare(sql);
        return statement.reader ? statement.all() : statement.run();
      },
      { type: 'SqliteError', code, message },
    );
  }
  report.equal('nothing of it was kept', db.prepare('select count(*) from t').pluck().get(), 1);
  report.check('no transaction is left', !db.inTransaction);
  db.close();
}
