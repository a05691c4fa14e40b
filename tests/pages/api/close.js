// @ts-check

const NOT_OPEN = 'The database connection is not open';

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function close(report, { open, again, differs }) {
  const db = await open();
  const other = await again(db);
  db.exec('create table t (x)');
  const select = db.prepare('select x from t');
  const insert = db.prepare('insert into t values (?)');
  const transaction = db.transaction(() => insert.run(1));
  report.equal(
    'open, memory, readonly',
    [db.open, db.memory, db.readonly, db.inTransaction],
    [true, false, false, false],
  );
  report.check('the name is a string', typeof db.name === 'string' && db.name.length > 0);

  db.exec('begin; insert into t values (9)');
  report.check('close answers the database', db.close() === db);
  report.equal('it is not open any more', [db.open, db.inTransaction], [false, false]);
  report.check('closing twice does no harm', db.close() === db);
  report.equal(
    'the open transaction was rolled back',
    other.prepare('select count(*) from t').pluck().get(),
    0,
  );
  report.equal('its lock is free', other.prepare('insert into t values (1)').run().changes, 1);

  const closed = { type: 'TypeError', message: NOT_OPEN };
  report.throws('exec', () => db.exec('select 1'), closed);
  report.throws('prepare', () => db.prepare('select 1'), closed);
  report.throws('pragma', () => db.pragma('user_version'), closed);
  report.throws('get', () => select.get(), closed);
  report.throws('all', () => select.all(), closed);
  report.throws('iterate', () => select.iterate(), closed);
  report.throws('run', () => insert.run(1), closed);
  report.throws('bind', () => insert.bind(1), closed);
  report.throws('columns', () => select.columns(), closed);
  report.throws('a transaction', () => transaction(), closed);
  report.equal(
    'what a statement is can still be asked',
    [select.source, select.reader, select.busy],
    ['select x from t', true, false],
  );
  report.equal(
    'the other connection goes on',
    other.prepare('select count(*) from t').pluck().get(),
    1,
  );

  if (differs) {
    report.equal("its name is the runtime's", other.name, 'api');
    const dispose = /** @type {symbol | undefined} */ (Symbol.dispose);
    if (dispose !== undefined) {
      const third = await again(other);
      /** @type {any} */ (third)[dispose]();
      report.equal('Symbol.dispose closes', third.open, false);
    }
    for (let i = 0; i < 200; i++) (await again(other)).close();
    report.equal(
      '200 connections one after the other',
      other.prepare('select count(*) from t').pluck().get(),
      1,
    );
  }
  other.close();
}
