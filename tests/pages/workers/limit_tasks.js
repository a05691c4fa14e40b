// @ts-check
// Statements with limits, in a worker, where they may wait.
import { exportDatabase, importDatabase, open } from '../../../dist/index.js';
import { describeError, Report } from '../support/report.js';

/** @typedef {import('../../../dist/index.js').Runtime} Runtime */

const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                 select max(i) from n`;
const OVER = { type: 'SqliteError', code: 'SQLITE_INTERRUPT', message: /time .* was over/ };

/**
 * Ten times what is measured, or more, on a busy machine.
 *
 * @param {Report} report
 * @param {string} name
 * @param {number} least
 * @param {() => unknown} action
 */
function ends(report, name, least, action) {
  const start = performance.now();
  report.throws(name, action, OVER);
  const ms = performance.now() - start;
  report.check(`${name}: in time`, ms >= least - 1 && ms < least + 2000, `${ms} ms`);
}

/** @param {{ runtime: Runtime }} args */
export async function timeouts({ runtime }) {
  const report = new Report();
  const db = await open(runtime, { timeout: 60_000 });
  const endless = db.prepare(ENDLESS);
  report.check('limit() returns the statement', endless.limit({ timeoutMs: 50 }) === endless);
  ends(report, 'get', 50, () => endless.get());
  ends(report, 'get again', 50, () => endless.get());
  ends(report, 'all', 30, () => endless.limit({ timeoutMs: 30 }).all());
  ends(report, 'iterate', 30, () => endless.iterate().next());
  const insert = db.prepare(`insert into t ${ENDLESS}`).limit({ timeoutMs: 50 });
  ends(report, 'run', 50, () => insert.run());
  db.exec('begin; insert into t values (2)');
  ends(report, 'run in a transaction', 50, () => insert.run());
  report.check('which is rolled back', !db.inTransaction);
  const transaction = db.transaction(() => {
    db.exec('insert into t values (3)');
    insert.run();
  });
  ends(report, 'a transaction function', 50, transaction);
  const rows = db.prepare('select x from t').pluck();
  report.equal('nothing was written', rows.all(), [1]);

  // The limit is the statement's alone.
  const quick = db.prepare('select 1').pluck().limit({ timeoutMs: 5 });
  report.equal('one that is quick enough', quick.get(), 1);
  const long = db
    .prepare(
      'with recursive n (i) as (select 1 union all select i + 1 from n limit 500000) select sum(i) from n',
    )
    .pluck();
  report.equal('does not limit the next', long.get(), 125000250000);
  report.equal('no limit', long.limit({ timeoutMs: 1 }).limit({}).get(), 125000250000);
  report.throws('while an error has', () => db.prepare('select ?').limit({ timeoutMs: 1 }).get(), {
    type: 'RangeError',
  });
  report.equal('nor after an error', long.get(), 125000250000);

  // Iterators: the time of who reads the rows counts, and nobody else's.
  const many =
    'with recursive n (i) as (select 1 union all select i + 1 from n limit 20000) select i from n';
  const other = db.prepare(`${many} -- another`).pluck().iterate();
  other.next();
  const limited = db.prepare(many).pluck().limit({ timeoutMs: 500 });
  const iterator = limited.iterate();
  iterator.next();
  for (const end = performance.now() + 600; performance.now() < end; );
  report.throws('an iterator', () => [...iterator], OVER);
  report.equal('is at its end then', iterator.next(), { value: undefined, done: true });
  report.check('and busy no more', !limited.busy);
  report.equal('another one goes on', [...other].length, 19_999);
  report.equal('one in time', [...limited.iterate()].length, 20_000);
  // What a write makes it read beforehand, too.
  const drained = limited.iterate();
  drained.next();
  for (const end = performance.now() + 600; performance.now() < end; );
  db.exec('delete from t where x > 100');
  report.throws('one that a write drained', () => [...drained], OVER);
  report.equal('the write was done', rows.all(), [1]);
  db.close();
  return report.result();
}

/** While another connection has a write transaction open. @param {{ runtime: Runtime }} args */
export async function waits({ runtime }) {
  const report = new Report('waits: ');
  const db = await open(runtime, { timeout: 60_000 });
  const insert = db.prepare('insert into t values (4)').limit({ timeoutMs: 100 });
  ends(report, 'a writer', 100, () => insert.run());
  const begin = db.prepare('begin immediate').limit({ timeoutMs: 100 });
  ends(report, 'begin', 100, () => begin.run());
  db.pragma('busy_timeout = 50');
  report.throws('a shorter busy timeout', () => insert.run(), { code: 'SQLITE_BUSY' });
  report.equal('the connection goes on', db.prepare('select count(*) from t').pluck().get(), 1);
  db.close();
  return report.result();
}

/** While another connection has a read transaction open. @param {{ runtime: Runtime }} args */
export async function checkpoints({ runtime }) {
  const report = new Report('checkpoints: ');
  const db = await open(runtime, { timeout: 60_000 });
  db.exec('insert into t values (5); delete from t where x = 5');
  const checkpoint = db.prepare('pragma wal_checkpoint(truncate)').raw().limit({ timeoutMs: 100 });
  const start = performance.now();
  let answer;
  try {
    answer = checkpoint.get();
  } catch (error) {
    answer = describeError(error).code;
  }
  const ms = performance.now() - start;
  report.check('one that waits for a reader ends', ms > 99 && ms < 5000, `${ms} ms: ${answer}`);
  db.exec('insert into t values (5); delete from t where x = 5');
  db.close();
  return report.result();
}

/** @param {{ runtime: Runtime }} args */
export async function aborts({ runtime }) {
  const report = new Report('signal: ');
  const db = await open(runtime);
  const controller = new AbortController();
  const { signal } = controller;
  const insert = db.prepare('insert into t values (6) returning x').pluck().limit({ signal });
  report.equal('not aborted', insert.get(), 6);
  const select = db
    .prepare(
      'with recursive n (i) as (select 1 union all select i + 1 from n limit 5000) select i from n',
    )
    .pluck()
    .limit({ signal });
  const rows = select.iterate();
  rows.next();
  const reason = new Error('enough');
  controller.abort(reason);
  const thrown = (/** @type {() => unknown} */ action) => {
    try {
      action();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  report.check('the next row', thrown(() => rows.next()) === reason);
  report.equal('and then none', rows.next(), { value: undefined, done: true });
  report.check('its statement is free', !select.busy);
  const calls = { run: () => insert.run(), get: () => insert.get(), all: () => insert.all() };
  for (const [name, call] of Object.entries(calls)) report.check(name, thrown(call) === reason);
  report.check('iterate', thrown(() => select.iterate().next()) === reason);
  report.equal('nothing was done', db.prepare('select count(*) from t').pluck().get(), 2);
  report.equal('without it', insert.limit({ timeoutMs: 1000 }).get(), 6);
  db.exec('delete from t where x = 6');
  db.close();
  return report.result();
}

/** @param {{ runtime: Runtime }} args */
export async function badInput({ runtime }) {
  const report = new Report('input: ');
  const db = await open(runtime);
  const select = db.prepare('select 1').pluck();
  const any = (/** @type {unknown} */ value) => /** @type {any} */ (value);
  const wrong = { type: 'TypeError', code: 'INVALID_ARGUMENT' };
  for (const timeoutMs of [0, -1, 1.5, NaN, Infinity, '5', null, 2 ** 31, 5n]) {
    report.throws(`${timeoutMs}`, () => select.limit(any({ timeoutMs })), wrong);
  }
  for (const signal of [null, {}, 'x', new AbortController()]) {
    report.throws(`signal ${signal}`, () => select.limit(any({ signal })), wrong);
  }
  for (const limit of [undefined, null, 5]) {
    report.throws(`limit(${limit})`, () => select.limit(any(limit)), wrong);
  }
  report.throws('unknown', () => select.limit(any({ timeout: 5 })), { code: 'INVALID_OPTION' });
  const rows = db.prepare('values (1), (2)').iterate();
  rows.next();
  report.throws('while it iterates', () => rows.statement.limit({}), { code: 'STATEMENT_BUSY' });
  report.equal('nothing was limited', select.get(), 1);
  db.close();
  return report.result();
}

/** @param {{ runtime: Runtime, image: Uint8Array, times?: number }} args */
export async function importImage({ runtime, image, times = 1 }) {
  const start = performance.now();
  let error;
  try {
    for (let i = 0; i < times; i++) await importDatabase(runtime, { database: image });
  } catch (thrown) {
    error = describeError(thrown);
  }
  return { ms: performance.now() - start, error };
}

/** @param {{ runtime: Runtime, times: number }} args */
export async function exportImages({ runtime, times }) {
  let done = 0;
  try {
    for (; done < times; done++) await exportDatabase(runtime);
    return { done };
  } catch (error) {
    return { done, error: describeError(error) };
  }
}
