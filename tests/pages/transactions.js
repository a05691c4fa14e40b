// @ts-check
// SQLite's own transaction rules, statement by statement between workers.
import { createRuntime } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';

/** @typedef {import('./support/connected_worker.js').ConnectedWorker} ConnectedWorker */

const TIMEOUT_MS = 500;
/** Whoever waits in vain is not back before the timeout: what is back by now did not wait. */
const AT_ONCE_MS = TIMEOUT_MS - 100;

export async function run() {
  const report = new Report();
  const runtime = createRuntime({ name: 'transactions' });
  await withConnections(
    runtime,
    3,
    async ([a, b, c]) => {
      if (!a || !b || !c) throw new Error('three workers are needed');
      for (const [name, worker] of Object.entries({ a, b, c })) {
        report.equal(
          `${name}: PRAGMA journal_mode`,
          await worker.value('pragma journal_mode'),
          'wal',
        );
      }
      await a.exec('create table t (id integer primary key, n integer)');
      await report.part('deferred BEGIN', () => upgrade(report, a, b));
      await report.part('old snapshot', () => oldSnapshot(report, a, b));
      await report.part('two upgrades', () => twoUpgrades(report, a, b));
      await report.part('readers beside a writer', () => readersBesideWriter(report, a, b, c));
      await report.part('exclusive', () => exclusive(report, a, b));
      await report.part('busy timeout', () => busyTimeout(report, a, b));
      await report.part('wake-up', () => wakeUp(report, a, b));
      await report.part('nesting', async () => {
        report.merge(await a.run('transaction_tasks', 'nesting'));
      });
      await report.part('end', async () => {
        report.equal('integrity_check', await c.value('pragma integrity_check'), 'ok');
        for (const worker of [a, b, c]) await worker.close();
      });
    },
    { timeout: TIMEOUT_MS },
  );
  return report.result();
}

const COUNT = 'select count(*) from t';

/**
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function upgrade(report, a, b) {
  await a.exec('begin');
  const before = await a.value(COUNT);
  await a.exec('insert into t (n) values (1)');
  report.equal('the writer sees its row', await a.value(COUNT), before + 1);
  report.equal('nobody else does before the commit', await b.value(COUNT), before);
  await a.exec('commit');
  report.equal('everybody does after it', await b.value(COUNT), before + 1);
}

/**
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function oldSnapshot(report, a, b) {
  await a.exec('begin');
  const before = await a.value(COUNT);
  await b.exec('insert into t (n) values (2)');
  report.equal('the snapshot stays', await a.value(COUNT), before);
  const refused = await a.attempt('insert into t (n) values (3)');
  report.error('an upgrade from an old snapshot', refused.error, {
    code: 'SQLITE_BUSY_SNAPSHOT',
    message: /database is locked/,
  });
  report.below('it is refused at once (ms)', refused.ms, AT_ONCE_MS);
  report.check('the read transaction goes on', await a.inTransaction());
  report.equal('with the same snapshot', await a.value(COUNT), before);
  await a.exec('rollback');
  await a.exec('begin');
  report.equal('a new transaction sees the commit', await a.value(COUNT), before + 1);
  report.check('and may write', (await a.attempt('insert into t (n) values (4)')).ok);
  await a.exec('commit');
  report.equal('what it wrote is there', await b.value(COUNT), before + 2);
}

/**
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function twoUpgrades(report, a, b) {
  await a.exec('begin');
  await b.exec('begin');
  const before = await a.value(COUNT);
  await b.value(COUNT);
  report.check('the first upgrades', (await a.attempt('insert into t (n) values (5)')).ok);
  const second = await b.attempt('insert into t (n) values (6)');
  report.error('the second is refused', second.error, { code: 'SQLITE_BUSY' });
  report.below('at once, since waiting could never help (ms)', second.ms, AT_ONCE_MS);
  await a.exec('commit');
  const late = await b.attempt('insert into t (n) values (7)');
  report.error('after the commit its snapshot is old', late.error, {
    code: 'SQLITE_BUSY_SNAPSHOT',
  });
  await b.exec('rollback');
  report.equal('one of the two has written', await b.value(COUNT), before + 1);
}

/**
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 * @param {ConnectedWorker} c
 */
async function readersBesideWriter(report, a, b, c) {
  const before = await a.value(COUNT);
  await a.exec('begin immediate');
  let reads = 0;
  let slowest = 0;
  for (let i = 0; i < 50; i++) {
    await a.exec(`insert into t (n) values (${i})`);
    for (const reader of [b, c]) {
      const answer = await reader.attempt('select sum(n) from t; select * from t');
      slowest = Math.max(slowest, answer.ms);
      if (answer.ok && (await reader.value(COUNT)) === before) reads += 1;
    }
  }
  report.equal('reads during the write that saw the state before it', reads, 100);
  report.below('the slowest of them (ms)', slowest, AT_ONCE_MS);
  await b.exec('begin');
  report.equal('a snapshot during the write', await b.value(COUNT), before);
  await a.exec('commit');
  report.equal('the snapshot outlives the commit', await b.value(COUNT), before);
  report.equal('the others see the commit', await c.value(COUNT), before + 50);
  await b.exec('commit');
  report.equal('and so does the next transaction', await b.value(COUNT), before + 50);
}

/**
 * In WAL mode EXCLUSIVE is IMMEDIATE: other connections still read.
 *
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function exclusive(report, a, b) {
  await a.exec('begin exclusive');
  report.check('others read', (await b.attempt(COUNT)).ok);
  await a.exec('rollback');
}

/**
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function busyTimeout(report, a, b) {
  await a.exec('begin immediate; insert into t (n) values (8)');
  const refused = await b.attempt('insert into t (n) values (9)');
  report.error('a writer that waits in vain', refused.error, {
    code: 'SQLITE_BUSY',
    message: /database is locked/,
  });
  report.atLeast('it waited (ms)', Math.round(refused.ms), TIMEOUT_MS - 50);
  report.below('but no longer than it was told to (ms)', refused.ms, TIMEOUT_MS * 6);
  const begin = await b.attempt('begin immediate');
  report.error('BEGIN IMMEDIATE that waits in vain', begin.error, { code: 'SQLITE_BUSY' });
  report.atLeast('it waited, too (ms)', Math.round(begin.ms), TIMEOUT_MS - 50);
  await b.exec('pragma busy_timeout = 0');
  const now = await b.attempt('begin immediate');
  report.error('with PRAGMA busy_timeout = 0', now.error, { code: 'SQLITE_BUSY' });
  report.below('it does not wait (ms)', now.ms, AT_ONCE_MS);
  await b.exec('pragma busy_timeout = 900');
  report.equal('PRAGMA busy_timeout answers', await b.value('pragma busy_timeout'), 900);
  const longer = await b.attempt('begin immediate');
  report.atLeast('with PRAGMA busy_timeout = 900 it waited (ms)', Math.round(longer.ms), 850);
  await b.exec(`pragma busy_timeout = ${TIMEOUT_MS}`);
  await a.exec('commit');
  report.check(
    'it writes once the lock is free',
    (await b.attempt('delete from t where n = 8')).ok,
  );
}

/**
 * A waiter is woken by the unlock: it does not sleep on until its next look. SQLite's own busy
 * handler sleeps up to 100 ms between two looks, so half of its wake-ups would come later than 50 ms.
 *
 * @param {Report} report
 * @param {ConnectedWorker} a
 * @param {ConnectedWorker} b
 */
async function wakeUp(report, a, b) {
  await b.exec('pragma busy_timeout = 20000');
  /** @type {number[]} */
  const late = [];
  for (let i = 0; i < 11; i++) {
    await a.exec('begin immediate; insert into t (n) values (10)');
    const waiting = b.run('transaction_tasks', 'writeAndTime', {
      sql: 'insert into t (n) values (11)',
    });
    await pause(300);
    const committed = await a.run('transaction_tasks', 'writeAndTime', { sql: 'commit' });
    const waited = await waiting;
    late.push(waited.done - committed.done);
    if (i === 0) report.atLeast('the waiter waited (ms)', waited.done - waited.started, 200);
  }
  late.sort((x, y) => x - y);
  report.figures.wakeUpMs = late.map((ms) => Math.round(ms * 100) / 100);
  report.below('median from unlock to the write being done (ms)', late[5] ?? Infinity, 30);
  report.below('the slowest (ms)', late[10] ?? Infinity, 2000);
  await b.exec(`pragma busy_timeout = ${TIMEOUT_MS}`);
}
