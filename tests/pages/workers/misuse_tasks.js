// @ts-check
import { createRuntime, dispose, open } from '../../../dist/index.js';
import { Report } from '../support/report.js';

/** @typedef {import('../../../dist/index.js').Runtime} Runtime */

/** @param {{ handle: any }} args */
export async function openHandle({ handle }) {
  const db = await open(handle);
  db.close();
}

/** Connections until there is no slot left, and after one has been given back. */
export async function fillSlots() {
  const report = new Report();
  const runtime = createRuntime({ name: 'slots' });
  const connections = [];
  for (let i = 0; i < 64; i++) connections.push(await open(runtime));
  connections[0]?.exec('create table t (x)');
  for (const [i, db] of connections.entries()) db.prepare('insert into t values (?)').run(i);
  report.equal(
    'each of 64 connections sees the rows of all',
    [...new Set(connections.map((db) => db.prepare('select count(*) from t').pluck().get()))],
    [64],
  );
  const tooMany = { type: 'SqliteError', code: 'TOO_MANY_CONNECTIONS', message: /64/ };
  await report.rejects('the 65th', () => open(runtime), tooMany);
  await report.rejects('again', () => open(runtime), tooMany);
  connections[10]?.close();
  const late = await open(runtime);
  report.equal(
    'one that was closed makes room',
    late.prepare('select count(*) from t').pluck().get(),
    64,
  );
  await report.rejects('for one', () => open(runtime), tooMany);
  late.close();
  for (const db of connections) db.close();
  dispose(runtime);
  report.check(
    'all are closed',
    connections.every((db) => !db.open),
  );
  return report.result();
}

/** ATTACH of databases that this worker knows and does not know. */
export async function attach() {
  const report = new Report();
  const first = createRuntime({ name: 'attach-first' });
  const second = createRuntime({ name: 'attach-second' });
  const db = await open(first);
  const other = await open(second);
  db.exec('create table t (x); insert into t values (1)');
  other.exec('create table u (y); insert into u values (2)');
  report.throws('a name that nobody opened here', () => db.exec("attach 'attach-nowhere' as n"), {
    type: 'SqliteError',
    code: 'SQLITE_CANTOPEN',
    message: /attach-nowhere/,
  });
  report.check('the connection goes on', db.prepare('select x from t').pluck().get() === 1);
  db.exec("attach 'attach-second' as b");
  report.equal('a join over both', db.prepare('select x + y from t, b.u').pluck().get(), 3);
  db.exec('begin; insert into t values (10); insert into b.u values (20); commit');
  report.equal('a transaction over both', other.prepare('select sum(y) from u').pluck().get(), 22);
  other.exec('insert into u values (300)');
  report.equal(
    "the other's commits are seen",
    db.prepare('select sum(y) from b.u').pluck().get(),
    322,
  );
  report.equal('its journal mode', db.pragma('b.journal_mode', { simple: true }), 'wal');
  db.exec("attach ':memory:' as m; create table m.p (z); insert into m.p values (4)");
  report.equal('a private one in memory', db.prepare('select z from m.p').pluck().get(), 4);
  db.exec('detach b; detach m');
  report.throws('after DETACH', () => db.prepare('select y from b.u'), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
  });
  db.close();
  other.close();
  return report.result();
}

/**
 * What a connection and a runtime say when they are used after their end.
 *
 * @param {{ runtime: Runtime }} args
 */
export async function afterTheEnd({ runtime }) {
  const report = new Report();
  const db = await open(runtime);
  db.exec('create table if not exists t (x)');
  const select = db.prepare('select x from t');
  report.throws('dispose while connected', () => dispose(runtime), {
    type: 'SqliteError',
    code: 'RUNTIME_IN_USE',
  });
  report.equal('it goes on', select.all(), []);
  db.close();
  const closed = { type: 'TypeError', code: 'CONNECTION_CLOSED', message: /not open/ };
  report.throws('exec after close', () => db.exec('select 1'), closed);
  report.throws('prepare after close', () => db.prepare('select 1'), closed);
  report.throws('a statement after close', () => select.all(), closed);
  const memory = await open(runtime);
  report.equal('a new connection works', memory.prepare('select count(*) from t').pluck().get(), 0);
  memory.close();
  dispose(runtime);
  dispose(runtime);
  await report.rejects('open after dispose', () => open(runtime), {
    type: 'SqliteError',
    code: 'RUNTIME_DISPOSED',
  });
  return report.result();
}

/**
 * Calls SQLite where the stack of the worker is nearly used up, so that the WebAssembly instance
 * runs out of it in the middle of a query: a crash that leaves the worker alive.
 *
 * @param {{ runtime: Runtime }} args
 */
export async function exhaustStack({ runtime }) {
  const report = new Report();
  const db = await open(runtime);
  const statement = db.prepare('select count(*) from t where x in (select x from t)');
  report.equal('before', statement.pluck().get(), 3);
  let calls = 0;
  let crashed = false;
  const descend = () => {
    try {
      descend();
    } catch {
      if (crashed || calls >= 10_000) return;
      calls += 1;
      try {
        statement.get();
      } catch (error) {
        crashed = /** @type {{ code?: unknown }} */ (error).code === 'POISONED';
        // The stack is too short even for the JavaScript on the way: one frame up there is more.
        if (!crashed) throw error;
      }
    }
  };
  try {
    descend();
  } catch {
    // Looked at below.
  }
  report.check('a call crashed the instance', crashed, `${calls} calls`);
  const poisoned = { type: 'SqliteError', code: 'POISONED', message: /Start a new worker/ };
  report.throws('the statement', () => statement.get(), poisoned);
  report.throws('the connection', () => db.exec('select 1'), poisoned);
  await report.rejects('a new connection', () => open(runtime), poisoned);
  return report.result();
}
