// What a listener to commits is told, in Node: of commits in threads, in their order, and of those that
// nobody can say more of.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  createRuntime,
  diagnostics,
  exportDatabase,
  importDatabase,
  onCommit,
  open,
  share,
} from '../../dist/index.js';

/** @typedef {import('../../dist/index.js').Commit} Commit */
/** @typedef {import('../../dist/index.js').Runtime} Runtime */

/** What takes milliseconds, on a machine that is busy. */
const SOON_MS = 5000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something holds. */
async function until(/** @type {() => boolean} */ holds, /** @type {() => unknown} */ found) {
  for (const end = performance.now() + SOON_MS; !holds(); await sleep(2)) {
    assert.ok(performance.now() < end, `after ${SOON_MS} ms: ${JSON.stringify(found())}`);
  }
}

/** A runtime with two tables, its connection, and what is told of it from now on. */
async function listening(
  /** @type {import('../../dist/index.js').OnCommitOptions} */ options = {},
) {
  const runtime = createRuntime();
  const db = await open(runtime);
  db.exec('create table a (id integer primary key, x); create table b (id integer primary key, x)');
  /** @type {Commit[]} */
  const seen = [];
  const stop = onCommit(runtime, (commit) => seen.push(commit), options);
  const tables = () => seen.map((commit) => commit.tables);
  const told = async (/** @type {unknown[]} */ expected) => {
    await until(() => seen.length >= expected.length, tables);
    assert.deepEqual(tables(), expected);
    seen.length = 0;
  };
  return { runtime, db, seen, stop, told };
}

/** A thread with a connection; answers come in the order of the questions. */
class Thread {
  worker = new Worker(new URL('thread.mjs', import.meta.url));

  /** @returns {Promise<any>} */
  async run(/** @type {string} */ task, /** @type {unknown} */ argument = {}) {
    const answer = once(this.worker, 'message');
    this.worker.postMessage({ task, argument });
    const [{ result, error }] = await answer;
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  }

  static async open(/** @type {Runtime} */ runtime) {
    const thread = new Thread();
    const id = await thread.run('open', { runtime: share(runtime, thread.worker) });
    return { thread, id };
  }
}

test('the tables of each commit, in order, by whoever made it', async () => {
  const { runtime, db, seen, told } = await listening();
  const { thread, id } = await Thread.open(runtime);
  db.prepare('insert into a values (?, ?)').run(1, 1);
  await thread.run('exec', { sql: 'insert into b values (1, 1)' });
  db.exec('begin; insert into a values (2, 2); insert into b values (2, 2); commit');
  db.exec('begin; insert into a values (3, 3); rollback');
  await until(
    () => seen.length === 3,
    () => seen,
  );
  assert.deepEqual(
    seen.map(({ tables, connectionId }) => ({ tables, connectionId })),
    [
      { tables: ['a'], connectionId: db.connectionId },
      { tables: ['b'], connectionId: id },
      { tables: ['a', 'b'], connectionId: db.connectionId },
    ],
  );
  const [first, second, third] = seen.map((commit) => commit.sequence);
  assert.deepEqual([second, third], [Number(first) + 1, Number(first) + 2]);
  seen.length = 0;

  db.transaction(() => db.prepare('update a set x = 0').run()).immediate();
  for (const _ of db.prepare('delete from b returning id').iterate());
  db.exec('create table c (x); insert into c values (1); vacuum');
  await told([['a'], ['b'], 'unknown', ['c'], 'unknown']);
  await thread.run('close');
  await thread.worker.terminate();
  db.close();
});

test('a name is told as it is', async () => {
  const { db, told, stop } = await listening();
  db.exec('create table "\ufefft" (x)');
  db.exec('insert into "\ufefft" values (1)');
  await told(['unknown', ['\ufefft']]);
  stop();
  db.close();
});

test('what is told can be read', async () => {
  const { runtime, db } = await listening();
  const { thread } = await Thread.open(runtime);
  const count = db.prepare('select count(*) from a').pluck();
  /** @type {number[]} */
  const counts = [];
  const stop = onCommit(runtime, () => counts.push(Number(count.get())));
  for (let n = 1; n <= 200; n++) {
    await thread.run('exec', { sql: `insert into a values (${n}, 0)` });
  }
  await until(
    () => counts.length === 200,
    () => counts.length,
  );
  assert.ok(
    counts.every((rows, n) => rows > n),
    `${counts}`,
  );
  stop();
  await thread.worker.terminate();
  db.close();
});

test('what changes tables past SQLite’s own telling', async () => {
  const { db, stop, told } = await listening();
  // Nobody could tell which tables these bytes are of.
  const pages = db.prepare('select data from sqlite_dbpage where pgno = 1').pluck().get();
  assert.throws(() => db.prepare('update sqlite_dbpage set data = ? where pgno = 1').run(pages), {
    code: 'SQLITE_AUTH',
  });
  assert.throws(() => db.exec('create virtual table p using sqlite_dbpage'), {
    code: 'SQLITE_AUTH',
  });
  const vacuum = db.prepare('vacuum');
  vacuum.run();
  await told(['unknown']);
  db.exec('begin; insert into a (x) values (1); rollback');
  vacuum.run();
  await told(['unknown']);
  stop();
  db.close();
});

test('row ids', async () => {
  const { db, seen } = await listening({ rowIds: true });
  db.exec('create table k (id text primary key) without rowid');
  db.exec('insert into a values (1, 1), (9007199254740993, 2); delete from a');
  db.exec("begin; insert into k values ('x'); insert into b values (-5, 0); commit");
  await until(
    () => seen.length === 4,
    () => seen.length,
  );
  const ids = [1, 9007199254740993n];
  assert.deepEqual(
    seen.map((commit) => [...commit.rowIds]),
    [[], [['a', ids]], [['a', ids]], [['b', [-5]]]],
  );
  db.close();
});

test('a thread that dies in a transaction, and an import, are told as unknown', async () => {
  const { runtime, db, seen, told } = await listening();
  const { thread, id } = await Thread.open(runtime);
  await thread.run('exec', { sql: 'begin immediate; insert into a values (1, 1)' });
  await thread.worker.terminate();
  await told(['unknown']);
  assert.equal(id > 0, true);
  db.exec('insert into b values (1, 1)');
  await told([['b']]);
  const image = await exportDatabase(runtime);
  await importDatabase(runtime, image);
  await until(
    () => seen.length > 0,
    () => seen,
  );
  assert.ok(seen.every((commit) => commit.tables === 'unknown'));
  seen.length = 0;
  db.exec('insert into b values (2, 1)');
  await told([['b']]);
  db.close();
});

test('who is left behind is told so', async () => {
  const { runtime, db, seen, told } = await listening();
  const { thread } = await Thread.open(runtime);
  const { commits } = diagnostics(runtime).counters;
  const inserted = thread.run('exec', { sql: 'insert into a values (null, 1);'.repeat(9000) });
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  // Nobody reads meanwhile.
  for (let ms = 0; diagnostics(runtime).counters.commits < commits + 9000; ms += 10) {
    assert.ok(ms < 60_000);
    Atomics.wait(asleep, 0, 0, 10);
  }
  await inserted;
  await told(['unknown']);
  db.exec('insert into b values (1, 1)');
  await until(
    () => seen.length === 1,
    () => seen,
  );
  assert.deepEqual(seen[0]?.tables, ['b']);
  await thread.worker.terminate();
  db.close();
});

test('who is left behind all the time lets others have their turn', async () => {
  const { runtime, db } = await listening();
  const write = db.prepare('insert into a (x) values (1)');
  const MOST = 200;
  let overrun = false;
  let calls = 0;
  let most = 0;
  const stop = onCommit(runtime, () => {
    most = Math.max(most, ++calls);
    // The first call overruns the ring, and from then on there is always one more.
    const commits = overrun ? 1 : 20_000;
    overrun = true;
    if (calls < MOST) for (let i = 0; i < commits; i++) write.run();
  });
  // Two in one turn: it is in the first of them that those come of which there is no end.
  db.exec('insert into a (x) values (1); insert into a (x) values (2)');
  for (let turn = 0; turn < 20 || !overrun; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    calls = 0;
  }
  stop();
  assert.ok(most >= 1 && most <= 2, `${most} calls in one turn`);
  db.close();
});

test('it ends when it is told to', async () => {
  const { runtime, db, seen, stop } = await listening();
  const controller = new AbortController();
  let calls = 0;
  onCommit(runtime, () => calls++, { signal: controller.signal });
  onCommit(runtime, () => calls++, { signal: AbortSignal.abort() });
  db.exec('insert into a values (1, 1)');
  await until(
    () => seen.length === 1 && calls === 1,
    () => [seen, calls],
  );
  stop();
  stop();
  controller.abort();
  db.exec('insert into a values (2, 1)');
  await sleep(50);
  assert.deepEqual([seen.length, calls], [1, 1]);
  db.close();
});

test('what the function throws is reported as uncaught, and the next call comes', async (context) => {
  const { runtime, db, seen } = await listening();
  /** @type {unknown[]} */
  const reported = [];
  // As a page has it; here the test runner would take what is uncaught for a failure of its own.
  globalThis.reportError = (/** @type {unknown} */ error) => reported.push(error);
  context.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  let calls = 0;
  onCommit(runtime, () => {
    if (calls++ === 0) throw new Error('of the user');
  });
  db.exec('insert into a values (1, 1); insert into a values (2, 2)');
  await until(
    () => seen.length === 2 && calls === 2,
    () => [seen.length, calls],
  );
  assert.deepEqual(reported.map(String), ['Error: of the user']);
  db.close();
});

test('arguments', async () => {
  const { runtime, db } = await listening();
  const any = /** @type {any} */ (onCommit);
  assert.throws(() => any(runtime), { name: 'TypeError', code: 'INVALID_ARGUMENT' });
  assert.throws(() => any({}, () => {}), { code: 'INVALID_RUNTIME' });
  assert.throws(() => any(runtime, () => {}, { rows: true }), { code: 'INVALID_OPTION' });
  assert.throws(() => any(runtime, () => {}, { rowIds: 1 }), { code: 'INVALID_OPTION' });
  assert.throws(() => any(runtime, () => {}, { signal: 1 }), { code: 'INVALID_OPTION' });
  db.close();
});
