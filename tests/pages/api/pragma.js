// @ts-check

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function pragma(report, { open, differs }) {
  const db = await open();
  report.equal('rows', db.pragma('cache_size'), [
    { cache_size: db.pragma('cache_size', { simple: true }) },
  ]);
  report.equal('simple', db.pragma('user_version', { simple: true }), 0);
  report.equal('setting answers no row', db.pragma('user_version = 7'), []);
  report.equal(
    'and nothing when simple',
    db.pragma('user_version = 8', { simple: true }),
    undefined,
  );
  report.equal('it was set', db.pragma('user_version', { simple: true }), 8);
  db.exec('create table t (id integer primary key, a text not null)');
  const columns = /** @type {unknown[]} */ (db.pragma('table_info(t)'));
  report.equal('several rows', columns.length, 2);
  report.equal(
    'the first column of the first row',
    db.pragma('table_info(t)', { simple: true }),
    0,
  );
  report.equal('foreign keys are on', db.pragma('foreign_keys', { simple: true }), 1);
  report.equal('page size', db.pragma('page_size', { simple: true }), 4096);
  report.equal('busy timeout', db.pragma('busy_timeout', { simple: true }), 5000);
  report.equal('encoding', db.pragma('encoding', { simple: true }), 'UTF-8');
  if (differs) {
    report.equal('journal mode', db.pragma('journal_mode', { simple: true }), 'wal');
    report.equal('auto-checkpoint', db.pragma('wal_autocheckpoint', { simple: true }), 1000);
    report.equal('in prepare', db.prepare('pragma journal_mode').pluck().get(), 'wal');
  }
  report.throws('a non-string', () => db.pragma(/** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected first argument to be a string',
  });
  report.throws('wrong options', () => db.pragma('user_version', /** @type {any} */ ('simple')), {
    type: 'TypeError',
    message: 'Expected second argument to be an options object',
  });
  report.throws(
    'wrong simple',
    () => db.pragma('user_version', /** @type {any} */ ({ simple: 1 })),
    { type: 'TypeError', message: 'Expected the "simple" option to be a boolean' },
  );
  report.throws('a mistake', () => db.pragma('user_version = )'), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
  });
  report.equal('an unknown one answers nothing', db.pragma('no_such_pragma'), []);
  report.equal('integrity_check', db.pragma('integrity_check', { simple: true }), 'ok');
  db.close();
}
