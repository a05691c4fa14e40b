// @ts-check
// A runtime with the content that another one has at one moment.
import { clone, createRuntime, diagnostics, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { content, filled } from './support/filled.js';
import { Report } from './support/report.js';
import { besideSteadyWriter } from './support/steady_writer.js';

/** @typedef {import('sharedwal').Runtime} Runtime */
/** @typedef {import('sharedwal').ImageProgress} ImageProgress */

const MIB = 1024 * 1024;

export async function run() {
  const report = new Report();
  await report.part('the same', () => same(report));
  await report.part('options', () => options(report));
  await report.part('beside a writer', () => besideAWriter(report));
  await report.part('ended', () => ended(report));
  return report.result();
}

/** @param {Report} report */
async function same(report) {
  const runtime = await filled(20_000, { name: 'original' });
  const expected = await content(runtime);
  const copy = await clone(runtime);
  report.equal('the content', await content(copy), expected);
  report.equal('the name', copy.name, 'original');
  report.check('another runtime', copy.id !== runtime.id && copy.control !== runtime.control);
  report.equal('the clone is a plain object', structuredClone(copy).id, copy.id);
  for (const one of [runtime, copy]) {
    report.equal('no connection is left', diagnostics(one).connections.length, 0);
  }
  const db = await open(copy);
  db.exec('delete from t where id > 10');
  db.close();
  report.equal('they have nothing to do with each other', await content(runtime), expected);
  const worker = await ConnectedWorker.open(copy);
  report.equal('a worker opens it', await worker.value('select count(*) from t'), 10);
  await worker.close();
  worker.terminate();

  const empty = await clone(createRuntime({ name: 'empty' }));
  report.equal('of one that was never written to', diagnostics(empty).database.bytes, 0);
  const fresh = await open(empty);
  fresh.exec('create table t (x)');
  report.equal('in WAL mode', fresh.pragma('journal_mode', { simple: true }), 'wal');
  fresh.close();

  const rollback = createRuntime({ name: 'rollback' });
  const large = await open(rollback, { journalMode: 'delete' });
  large.exec(
    "pragma page_size = 8192; pragma encoding = 'UTF-16le'; vacuum; create table t (id, text); insert into t values (1, 'ä')",
  );
  const copied = await open(await clone(rollback), { journalMode: 'delete' });
  report.equal('another page size', copied.pragma('page_size', { simple: true }), 8192);
  report.equal('another encoding', copied.pragma('encoding', { simple: true }), 'UTF-16le');
  report.equal('and its rows', copied.prepare('select text from t').pluck().all(), ['ä']);
  copied.close();
  large.close();
}

/** @param {Report} report */
async function options(report) {
  const runtime = await filled(20_000, {
    name: 'options',
    maxDatabaseCapacityBytes: 64 * MIB,
    maxWriteAheadCapacityBytes: 16 * MIB,
    segmentCapacityBytes: 16 * MIB,
    webLocks: false,
    lockStaleMs: 1234,
  });
  const max = (/** @type {SharedArrayBuffer[]} */ segments) =>
    segments.map((segment) => segment.maxByteLength / MIB);
  const copy = await clone(runtime);
  report.equal('capacities', max(copy.database), max(runtime.database));
  report.equal('of the log, too', max(copy.writeAhead), max(runtime.writeAhead));
  const db = await open(copy);
  const [connection] = diagnostics(copy).connections;
  report.equal('no Web Locks', connection?.state, 'unproven');
  db.close();
  const other = await clone(runtime, {
    name: 'other',
    maxDatabaseCapacityBytes: 32 * MIB,
    segmentCapacityBytes: 32 * MIB,
    webLocks: undefined,
  });
  report.equal('a name', other.name, 'other');
  report.equal('and a capacity', max(other.database), [32]);
  report.equal('the content', await content(other), await content(runtime));
  const fixed = await clone(
    createRuntime({
      fixedCapacity: true,
      maxDatabaseCapacityBytes: MIB,
      maxWriteAheadCapacityBytes: MIB,
    }),
  );
  report.equal('fixed buffers stay fixed', fixed.database[0]?.growable, false);

  const small = { maxDatabaseCapacityBytes: MIB };
  await report.rejects('too small', () => clone(runtime, small), { code: 'IMAGE_TOO_LARGE' });
  const refused = { code: 'INVALID_OPTION' };
  await report.rejects(
    'an unknown option',
    () => clone(runtime, /** @type {any} */ ({ readonly: true })),
    refused,
  );
  await report.rejects('a wrong name', () => clone(runtime, { name: 'a/b' }), refused);
  await report.rejects('not a runtime', () => clone(/** @type {any} */ ({})), {
    code: 'INVALID_RUNTIME',
  });
  report.equal('no connection is left', diagnostics(runtime).connections.length, 0);
}

/** @param {Report} report */
async function besideAWriter(report) {
  await besideSteadyWriter(20_000, async ({ runtime, committed }) => {
    for (let round = 0; round < 3; round++) {
      const before = committed();
      const copy = await open(await clone(runtime));
      const after = committed();
      const n = Number(copy.prepare('select n from steps').pluck().get());
      report.check(
        `${round}: of one moment of the call`,
        n >= before && n <= after + 1,
        `${before} ${n} ${after}`,
      );
      const sum = copy.prepare('select sum(amount) from accounts').pluck().get();
      report.equal(`${round}: no half of a transaction`, sum, 20_000 * 100);
      report.equal(
        `${round}: integrity_check`,
        copy.pragma('integrity_check', { simple: true }),
        'ok',
      );
      copy.close();
    }
  });
}

/** @param {Report} report */
async function ended(report) {
  const runtime = await filled(20_000, { name: 'ended' });
  /** @type {ImageProgress[]} */
  const told = [];
  await clone(runtime, { onProgress: (progress) => void told.push(progress) });
  report.atLeast('progress', told.length, 4);
  report.equal('to the end', told.at(-1)?.done, told.at(-1)?.total);
  const thrown = { type: 'RangeError', message: 'enough' };
  const enough = () => {
    throw new RangeError('enough');
  };
  await report.rejects('what it throws', () => clone(runtime, { onProgress: enough }), thrown);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new RangeError('enough'));
  await report.rejects(
    'a signal',
    () => clone(runtime, { onProgress, signal: controller.signal }),
    thrown,
  );
  await report.rejects(
    'a signal before',
    () => clone(runtime, { signal: controller.signal }),
    thrown,
  );
  report.equal('no connection is left', diagnostics(runtime).connections.length, 0);
}
