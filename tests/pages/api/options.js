// @ts-check
// The options of open.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function options(report, { open, again }) {
  /** @type {string[]} */
  const log = [];
  const db = await open({ verbose: (/** @type {unknown} */ sql) => log.push(String(sql)) });
  db.exec('create table t (a, b)');
  log.length = 0;
  db.exec("insert into t values (1, 'x'); select 1");
  report.equal('verbose hears each statement of exec', log.splice(0), [
    "insert into t values (1, 'x');",
    'select 1',
  ]);
  db.prepare('insert into t values (?, @b)').run(2.5, { b: "it's" });
  report.equal('verbose hears the values', log.splice(0), ["insert into t values (2.5, 'it''s')"]);
  db.prepare('select * from t where a = ?').all(null);
  report.equal('of all', log.splice(0), ['select * from t where a = NULL']);
  db.prepare('select count(*) from t').get();
  report.equal('of get', log.splice(0), ['select count(*) from t']);
  const iterator = db.prepare('select a from t').iterate();
  report.equal('iterate speaks at its first step', log.splice(0), []);
  iterator.next();
  iterator.return?.();
  report.equal('once', log.splice(0), ['select a from t']);
  db.pragma('user_version');
  report.equal('of pragma', log.splice(0), ['PRAGMA user_version']);
  db.transaction(() => {})();
  report.equal('of a transaction', log.splice(0), ['BEGIN', 'COMMIT']);
  db.close();

  const failing = await open({
    verbose: () => {
      throw new Error('the listener failed');
    },
  }).catch(() => undefined);
  if (failing) {
    report.throws('an error of the listener comes out', () => failing.prepare('select 1').get(), {
      type: 'Error',
      message: 'the listener failed',
    });
    failing.close();
  }

  /** @type {import('./types.js').Database | undefined} */
  let inside;
  /** @type {(() => void)[]} */
  const uses = [
    () => inside?.exec('select 2'),
    () => inside?.prepare('select 2').get(),
    () => inside?.close(),
  ];
  inside = await open({
    verbose: () => {
      for (const use of inside ? uses.splice(0) : []) {
        report.throws('the listener cannot use the connection', use, {
          type: 'TypeError',
          message: 'This database connection is busy executing a query',
        });
      }
    },
  });
  report.equal('which goes on after that', inside.prepare('select 1').pluck().get(), 1);
  report.equal('the listener was called', uses.length, 0);
  inside.close();

  const writer = await open();
  writer.exec('create table t (x); insert into t values (1)');
  const reader = await again(writer, { readonly: true });
  report.equal('readonly is told', [reader.readonly, writer.readonly], [true, false]);
  report.equal('readonly reads', reader.prepare('select x from t').pluck().get(), 1);
  report.throws('readonly does not write', () => reader.exec('insert into t values (2)'), {
    type: 'SqliteError',
    code: 'SQLITE_READONLY',
    message: 'attempt to write a readonly database',
  });
  report.throws('nor changes the schema', () => reader.exec('create table u (x)'), {
    type: 'SqliteError',
    code: 'SQLITE_READONLY',
  });
  writer.exec('insert into t values (3)');
  report.equal(
    'readonly sees what others write',
    reader.prepare('select count(*) from t').pluck().get(),
    2,
  );
  reader.close();
  const must = await again(writer, { fileMustExist: true });
  report.equal(
    'fileMustExist with a database',
    must.prepare('select count(*) from t').pluck().get(),
    2,
  );
  must.close();

  await report.rejects(
    'fileMustExist without one',
    async () => (await open({ fileMustExist: true })).exec('select 1'),
    { type: 'SqliteError', code: 'SQLITE_CANTOPEN', message: /^unable to open database file/ },
  );
  await report.rejects(
    'readonly without one',
    async () => (await open({ readonly: true })).exec('select 1'),
    { type: 'SqliteError', code: 'SQLITE_CANTOPEN' },
  );
  const wrong = (/** @type {any} */ given) => () => open(given);
  await report.rejects('a timeout that is negative', wrong({ timeout: -1 }), {
    type: 'TypeError',
    message: 'Expected the "timeout" option to be a positive integer',
  });
  await report.rejects('a timeout that is fractional', wrong({ timeout: 1.5 }), {
    type: 'TypeError',
    message: 'Expected the "timeout" option to be a positive integer',
  });
  await report.rejects('a timeout that is no number', wrong({ timeout: '5' }), {
    type: 'TypeError',
    message: 'Expected the "timeout" option to be a positive integer',
  });
  await report.rejects('a timeout beyond 31 bits', wrong({ timeout: 2 ** 31 }), {
    type: 'RangeError',
    message: 'Option "timeout" cannot be greater than 2147483647',
  });
  await report.rejects('a verbose that is no function', wrong({ verbose: 5 }), {
    type: 'TypeError',
    message: 'Expected the "verbose" option to be a function',
  });
  await report.rejects('readonly that is no boolean', wrong({ readonly: 1 }), {
    type: 'TypeError',
    message: 'Expected the "readonly" option to be a boolean',
  });
  await report.rejects('fileMustExist that is no boolean', wrong({ fileMustExist: 1 }), {
    type: 'TypeError',
    message: 'Expected the "fileMustExist" option to be a boolean',
  });
  await report.rejects('readOnly, misspelled', wrong({ readOnly: true }), {
    message: /"readonly"|readonly,/,
  });
  writer.close();
}
