// @ts-check
// A whole database as bytes, of a connection that goes on.

const COUNT = 'select count(*) from t';

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function serialize(report, { open, again, openSource }) {
  const db = await open();
  /** @param {Uint8Array} image @param {string} sql */
  const ask = async (image, sql) => {
    const copy = await openSource(image);
    const found = copy.prepare(sql).pluck().get();
    const check = copy.pragma('integrity_check', { simple: true });
    copy.close();
    return check === 'ok' ? found : check;
  };
  const empty = db.serialize();
  report.equal('an empty one has a page', empty.length, 4096);
  report.equal('and is one', await ask(empty, 'select count(*) from sqlite_schema'), 0);

  db.exec(`create table t (id integer primary key, x);
           with recursive n (i) as (select 1 union all select i + 1 from n limit 2000)
           insert into t select i, 'row ' || i from n`);
  const image = db.serialize();
  report.equal('bytes', Object.prototype.toString.call(image), '[object Uint8Array]');
  report.equal(
    'as many as there are pages',
    image.length,
    4096 * Number(db.pragma('page_count', { simple: true })),
  );
  report.equal('with what only the log has', await ask(image, COUNT), 2000);
  report.check('no transaction is left', !db.inTransaction);

  const other = await again(db);
  other.exec('begin immediate; insert into t (x) values (1)');
  report.equal('not what others have not committed', await ask(db.serialize(), COUNT), 2000);
  report.equal('but what they have themselves', await ask(other.serialize(), COUNT), 2001);
  report.check('their transaction goes on', other.inTransaction);
  other.exec('rollback');
  report.equal('to its end', other.prepare(COUNT).pluck().get(), 2000);

  db.exec('begin');
  db.prepare(COUNT).get();
  other.exec('insert into t (x) values (2)');
  report.equal('what a read transaction sees', await ask(db.serialize(), COUNT), 2000);
  report.equal('which goes on', db.prepare(COUNT).pluck().get(), 2000);
  db.exec('commit');
  report.equal('the newest', await ask(db.serialize(), COUNT), 2001);

  const iterator = db.prepare('select id from t order by id').pluck().iterate();
  iterator.next();
  other.exec('insert into t (x) values (3)');
  report.equal('beside an iterator', await ask(db.serialize(), COUNT), 2002);
  report.equal('which reads on as it began', [...iterator].length, 2000);

  db.exec(`attach ':memory:' as side; create table side.t (x); insert into side.t values (1), (2)`);
  report.equal('an attached one', await ask(db.serialize({ attached: 'side' }), COUNT), 2);
  db.exec('begin; insert into side.t values (3)');
  report.equal('with its changes', await ask(db.serialize({ attached: 'side' }), COUNT), 3);
  report.equal('the main one beside', await ask(db.serialize({ attached: 'main' }), COUNT), 2002);
  db.exec('commit');
  report.throws('an unknown one', () => db.serialize({ attached: 'nowhere' }), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
    message: /^unknown database nowhere/,
  });
  report.check('leaves no transaction', !db.inTransaction);
  report.throws('a name that is none', () => db.serialize(/** @type {any} */ ({ attached: 5 })), {
    type: 'TypeError',
    message: 'Expected the "attached" option to be a string',
  });
  report.throws('an empty name', () => db.serialize({ attached: '' }), {
    type: 'TypeError',
    message: 'The "attached" option cannot be an empty string',
  });
  report.throws('options that are none', () => db.serialize(/** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected first argument to be an options object',
  });
  db.close();
  report.throws('a closed one', () => db.serialize(), {
    type: 'TypeError',
    message: 'The database connection is not open',
  });
  other.close();
}
