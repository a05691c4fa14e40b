// @ts-check
// Interrupts: what they end, and that nothing else is ended by them later.

const NUMBERS =
  'with recursive n (i) as (select 1 union all select i + 1 from n limit 20000) select i from n';
const INTERRUPTED = { type: 'SqliteError', code: 'SQLITE_INTERRUPT' };

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function interrupts(report, env) {
  await report.part('idle', () => idle(report, env));
  await report.part('beside iterators', () => besideIterators(report, env));
  await report.part('in a transaction', () => inTransaction(report, env));
}

/**
 * One that came when nothing ran is meant for nobody.
 *
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
async function idle(report, { createRuntime, openSource, interrupt }) {
  const runtime = createRuntime({ name: 'idle', maxDatabaseCapacityBytes: 2 ** 26 });
  const db = await openSource(runtime);
  const other = await openSource(runtime);
  db.exec(`create table t (x); insert into t ${NUMBERS}`);
  interrupt(runtime, db.connectionId);
  report.check('serialize', db.serialize().length > 4096);
  for (let i = 0; i < 500; i++) other.exec(`create table t${i} (x, y, z)`);
  interrupt(runtime, db.connectionId);
  // It reads the whole schema anew.
  report.equal('prepare', db.prepare('select * from t499').all(), []);
  interrupt(runtime, db.connectionId);
  report.equal('get', db.prepare('select count(*) from t').pluck().get(), 20_000);
  for (const one of [db, other]) one.close();
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
async function besideIterators(report, { open }) {
  const db = await open();
  const iterators = [1, 2].map((n) => {
    const iterator = db.prepare(`${NUMBERS} -- ${n}`).pluck().iterate();
    iterator.next();
    return iterator;
  });
  db.interrupt();
  report.equal('what follows is not ended', db.prepare('select 1').pluck().get(), 1);
  report.equal('nor a write', db.exec('create table t (x)').inTransaction, false);
  for (const [n, iterator] of iterators.entries()) {
    let rows = 1;
    report.throws(
      `iterator ${n}`,
      () => {
        for (const _ of iterator) rows++;
      },
      INTERRUPTED,
    );
    report.equal(`iterator ${n}: after the rows that it had read`, rows, 64);
    report.check(`iterator ${n}: is at its end`, iterator.next().done === true);
  }
  db.interrupt();
  report.equal('where nothing is being read', [...db.prepare(NUMBERS).iterate()].length, 20_000);
  db.close();
}

/**
 * Whoever goes on is told that it was rolled back.
 *
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
async function inTransaction(report, { open }) {
  const db = await open();
  db.exec('create table t (x)');
  const insert = db.prepare('insert into t values (?)');
  /** @type {Record<string, (iterator: import('../../../dist/index.js').RowIterator<unknown>) => unknown>} */
  const calls = {
    'a write': () => insert.run(2),
    'a read': () => db.prepare('select 1').get(),
    'a row': (iterator) => [...iterator],
    commit: () => db.exec('commit'),
    prepare: () => db.prepare('select x from t where x > 5 order by x limit 1'),
  };
  for (const [name, call] of Object.entries(calls)) {
    const iterators = [1, 2, 3].map((n) => db.prepare(`${NUMBERS} -- ${n}`).iterate());
    db.exec('begin');
    insert.run(1);
    for (const iterator of iterators) iterator.next();
    db.interrupt();
    const [first] = iterators;
    report.throws(name, () => first && call(first), INTERRUPTED);
    report.check(`${name}: it is rolled back`, !db.inTransaction);
    report.equal(`${name}: whole`, db.prepare('select count(*) from t').pluck().get(), 0);
    for (const [n, iterator] of iterators.entries()) {
      if (name === 'a row' && n === 0) continue;
      report.throws(`${name}: iterator ${n}`, () => iterator.next(), INTERRUPTED);
    }
  }
  db.close();
}
