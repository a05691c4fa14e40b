// @ts-check
// Runtimes on one page have nothing to do with each other, whatever they are called.
import { createRuntime, diagnostics, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';

export async function run() {
  const report = new Report();
  await report.part('two names', () => twoRuntimes(report, 'left', 'right'));
  await report.part('one name', () => twoRuntimes(report, 'twin', 'twin'));
  await report.part('many of one name', () => manyRuntimes(report));
  return report.result();
}

/**
 * One worker with a connection to each, one worker with a connection to the second only.
 *
 * @param {Report} report
 * @param {string} firstName
 * @param {string} secondName
 */
async function twoRuntimes(report, firstName, secondName) {
  const first = createRuntime({ name: firstName });
  const second = createRuntime({ name: secondName });
  report.check('their ids differ', first.id !== second.id, first.id);
  const both = await ConnectedWorker.open(first);
  await both.connect(second, {}, 'second');
  const one = await ConnectedWorker.open(second, { timeout: 100 });
  try {
    await both.exec("create table t (x text); insert into t values ('first')");
    report.equal(
      'a table of the first is not in the second',
      await both.value("select count(*) from sqlite_schema where name = 't'", [], 'second'),
      0,
    );
    await one.exec("create table t (x text); insert into t values ('second')");
    const select = 'select group_concat(x) from t';
    report.equal('rows of the first', await both.value(select), 'first');
    report.equal('rows of the second', await both.value(select, [], 'second'), 'second');
    report.equal('for the other worker, too', await one.value(select), 'second');

    await both.exec("begin immediate; insert into t values ('more')");
    report.check(
      'the lock of the first does not hold up the second',
      (await one.attempt("insert into t values ('also')")).ok,
    );
    await both.exec('commit');
    report.equal('commits of the first', await both.value(select), 'first,more');
    report.equal('commits of the second', await both.value(select, [], 'second'), 'second,also');
    const held = await both.attempt('begin immediate', 'second');
    report.check('a lock of the second', held.ok);
    report.error(
      'does hold up the second',
      (await one.attempt("insert into t values ('refused')")).error,
      { code: 'SQLITE_BUSY' },
    );
    await both.exec('rollback', 'second');
    report.equal('connections of the first', diagnostics(first).connections.length, 1);
    report.equal('connections of the second', diagnostics(second).connections.length, 2);
    report.equal('integrity of the first', await both.value('pragma integrity_check'), 'ok');
    report.equal('integrity of the second', await one.value('pragma integrity_check'), 'ok');
    await both.close();
    await both.close('second');
    await one.close();
  } finally {
    both.terminate();
    one.terminate();
  }
}

/** @param {Report} report */
async function manyRuntimes(report) {
  const runtimes = Array.from({ length: 12 }, () => createRuntime({ name: 'same' }));
  const connections = await Promise.all(runtimes.map((runtime) => open(runtime)));
  for (const [i, db] of connections.entries()) {
    db.exec(`create table t (x); insert into t values (${i})`);
  }
  report.equal(
    'each has its own row',
    connections.map((db) => db.prepare('select group_concat(x) from t').pluck().get()),
    runtimes.map((_, i) => String(i)),
  );
  for (const db of connections) db.close();
  const again = await Promise.all(runtimes.map((runtime) => open(runtime)));
  report.equal(
    'which outlives its last connection',
    again.map((db) => db.prepare('select x from t').pluck().get()),
    runtimes.map((_, i) => i),
  );
  for (const db of again) db.close();
}
