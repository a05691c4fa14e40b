// @ts-check
import { Report } from '../support/report.js';
import { connection } from './database_tasks.js';

/** What rollback and nested transactions leave, found within one worker. */
export function nesting() {
  const report = new Report();
  const db = connection();
  db.exec('create table nested (id integer primary key, note text)');
  const insert = db.prepare('insert into nested (note) values (?)');
  const notes = () => db.prepare('select note from nested order by id').pluck().all();

  const inner = db.transaction((/** @type {string} */ note, /** @type {boolean} */ fail) => {
    insert.run(note);
    if (fail) throw new Error('inner failed');
  });
  const outer = db.transaction((/** @type {boolean} */ fail) => {
    insert.run('outer');
    inner('kept', false);
    try {
      inner('undone', true);
    } catch {
      report.check('the outer transaction survives the inner failure', db.inTransaction);
    }
    insert.run('outer again');
    if (fail) throw new Error('outer failed');
    return 'returned';
  });

  report.throws('an error of the function comes out', () => outer(true), {
    type: 'Error',
    message: 'outer failed',
  });
  report.check('no transaction is left after it', !db.inTransaction);
  report.equal('the outer failure undid everything', notes(), []);
  report.equal('the value comes out', outer(false), 'returned');
  report.equal('the savepoint that failed left nothing', notes(), ['outer', 'kept', 'outer again']);

  db.exec('delete from nested; begin; insert into nested (note) values (1)');
  report.check('BEGIN is seen', db.inTransaction);
  db.exec('savepoint a; insert into nested (note) values (2); savepoint b');
  db.exec('insert into nested (note) values (3); rollback to b; release a');
  db.exec('commit');
  report.equal('savepoints by hand', notes(), ['1', '2']);
  db.exec('begin immediate; delete from nested; rollback');
  report.equal('ROLLBACK', notes(), ['1', '2']);
  return report.result();
}

/**
 * Waits for the write lock that another worker holds, and says when it had it.
 *
 * @param {{ sql: string }} args
 */
export function writeAndTime({ sql }) {
  const db = connection();
  const started = performance.timeOrigin + performance.now();
  db.exec(sql);
  return { started, done: performance.timeOrigin + performance.now() };
}
