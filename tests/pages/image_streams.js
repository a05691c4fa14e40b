// @ts-check
// A database as a stream: one moment of it, read piece by piece while others write.
import {
  createRuntime,
  diagnostics,
  dispose,
  exportDatabase,
  exportStream,
  importDatabase,
  interrupt,
  open,
} from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { content, filled } from './support/filled.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';
import { besideSteadyWriter } from './support/steady_writer.js';
import { areTransferable, pieces } from './support/streams.js';

/** @typedef {import('sharedwal').Runtime} Runtime */
/** @typedef {import('sharedwal').ImageProgress} ImageProgress */

const MIB = 1024 * 1024;
/** Some 5 MiB. */
const ROWS = 24_000;

export async function run() {
  const report = new Report();
  await report.part('the same bytes', () => sameBytes(report));
  await report.part('beside a writer', () => besideAWriter(report));
  await report.part('back-pressure', () => backPressure(report));
  await report.part('cancel', () => cancel(report));
  await report.part('nobody reads', () => nobodyReads(report));
  await report.part('signal', () => signal(report));
  await report.part('ended by others', () => endedByOthers(report));
  await report.part('progress', () => progress(report));
  await report.part('wrong options', () => wrongOptions(report));
  return report.result();
}

/** @param {Runtime} runtime */
const connections = (runtime) => diagnostics(runtime).connections.length;

/** @param {Report} report */
async function sameBytes(report) {
  const runtime = await filled(ROWS, { name: 'same' });
  const bytes = await exportDatabase(runtime);
  report.atLeast('it takes some pieces', bytes.length, 4 * MIB);
  const read = new Uint8Array(await new Response(await exportStream(runtime)).arrayBuffer());
  report.check('a stream has the bytes of an export', indexedDB.cmp(read, bytes) === 0);
  const worker = new ConnectedWorker('reader');
  try {
    const there = await worker.run('image_tasks', 'streamHere', { runtime });
    report.check('in a worker, too', indexedDB.cmp(there, bytes) === 0);
    if (areTransferable()) {
      const target = createRuntime({ name: 'transferred' });
      const stream = await exportStream(runtime);
      await worker.run('image_tasks', 'importStreamHere', { runtime: target, stream }, [stream]);
      report.equal(
        'transferred to a worker it can be imported there',
        await content(target),
        await content(runtime),
      );
    }
  } finally {
    worker.terminate();
  }
  report.equal('no connection is left', connections(runtime), 0);

  const empty = createRuntime({ name: 'empty' });
  const page = await new Response(await exportStream(empty)).arrayBuffer();
  report.equal('a database that was never written to is one page', page.byteLength, 4096);

  const large = createRuntime({ name: 'pages of 64 KiB' });
  const db = await open(large, { journalMode: 'delete' });
  db.exec(`pragma page_size = 65536; vacuum; create table t (id integer primary key, text);
           insert into t values (1, hex(zeroblob(1500000)))`);
  db.close();
  const target = createRuntime({ name: 'target' });
  await importDatabase(target, await exportStream(large));
  report.equal('pages of 64 KiB, in rollback mode', await content(target), await content(large));
}

/**
 * Waits until so many are committed, but not for ever.
 *
 * @param {number} commits
 * @param {() => number} committed
 */
async function moreThan(commits, committed) {
  for (const end = performance.now() + 5000; committed() <= commits; await pause(5)) {
    if (performance.now() > end) return;
  }
}

/** One moment, while a worker writes thousands of transactions. @param {Report} report */
async function besideAWriter(report) {
  const runtime = await besideSteadyWriter(40_000, async ({ runtime, committed }) => {
    for (let round = 0; round < 3; round++) {
      const before = committed();
      const stream = await exportStream(runtime);
      const after = committed();
      const read = [];
      for await (const piece of pieces(stream)) {
        read.push(piece);
        await moreThan(committed() + 20, committed);
      }
      const meanwhile = committed() - after;
      report.atLeast(`${round}: the writer goes on while it is read`, meanwhile, 50);
      const copy = createRuntime({ name: 'copy' });
      await importDatabase(copy, new Blob(read));
      const there = await open(copy);
      const n = Number(there.prepare('select n from steps').pluck().get());
      // The writer may have committed one that it has not told of yet.
      report.check(
        `${round}: it is the moment at which the stream was there`,
        n >= before && n <= after + 1,
        `${before} <= ${n} <= ${after} + 1, ${meanwhile} later`,
      );
      const sum = there.prepare('select sum(amount) from accounts').pluck().get();
      report.equal(`${round}: no half of a transaction`, sum, 40_000 * 100);
      const ok = there.pragma('integrity_check', { simple: true });
      report.equal(`${round}: integrity_check`, ok, 'ok');
      there.close();
    }
    const whole = await exportDatabase(runtime);
    const copy = createRuntime({ name: 'copy' });
    await importDatabase(copy, whole);
    const there = await open(copy);
    const sum = there.prepare('select sum(amount) from accounts').pluck().get();
    report.equal('bytes are of one moment, too', sum, 40_000 * 100);
    there.close();
  });
  report.equal('no connection is left', connections(runtime), 0);
}

/** @param {Report} report */
async function backPressure(report) {
  const runtime = await filled(ROWS, { name: 'pressure' });
  /** @type {ImageProgress[]} */
  const told = [];
  const stream = await exportStream(runtime, {
    onProgress: (progress) => void told.push(progress),
  });
  await pause(50);
  report.equal('nothing is read before somebody asks', told.length, 0);
  const reader = stream.getReader();
  for (let i = 1; i <= 3; i++) {
    const { value } = await reader.read();
    report.equal(`piece ${i} has a MiB`, value?.length, MIB);
    await pause(20);
    report.equal(`after it, ${i} have been read`, told.length, i);
  }
  report.equal('it is a connection', connections(runtime), 1);
  const db = await open(runtime);
  const pins = diagnostics(runtime).connections.find(({ transaction }) => transaction);
  report.check(
    'in a transaction that the diagnostics show',
    pins !== undefined,
    JSON.stringify(pins),
  );
  db.close();
  let rest = 0;
  while (!(await reader.read()).done) rest++;
  report.atLeast('the rest', rest, 1);
  report.equal('at its end the connection is gone', connections(runtime), 0);
}

/** @param {Report} report */
async function cancel(report) {
  const runtime = await filled(ROWS, { name: 'cancel' });
  const db = await open(runtime);
  const stream = await exportStream(runtime);
  const reader = stream.getReader();
  await reader.read();
  db.exec("update t set text = text || 'x'");
  const busy = /** @type {{ busy: number }[]} */ (db.pragma('wal_checkpoint(truncate)'));
  report.equal('while it is read the log cannot be reused', busy[0]?.busy, 1);
  await reader.cancel('enough');
  report.equal('cancelled, the connection is gone', connections(runtime), 1);
  const free = /** @type {{ busy: number }[]} */ (db.pragma('wal_checkpoint(truncate)'));
  report.equal('and the log is free', free[0]?.busy, 0);
  const unread = await exportStream(runtime);
  await unread.cancel();
  report.equal('one that nobody read', connections(runtime), 1);
  for await (const piece of pieces(await exportStream(runtime))) {
    report.equal('a loop that is left', piece.length, MIB);
    break;
  }
  report.equal('cancels it', connections(runtime), 1);
  db.close();
}

/** @param {Report} report */
async function nobodyReads(report) {
  const runtime = await filled(ROWS, { name: 'idle' });
  const reader = (await exportStream(runtime, { idleTimeout: 250 })).getReader();
  for (let i = 0; i < 3; i++) {
    await pause(120);
    report.equal(`read now and then (${i})`, (await reader.read()).value?.length, MIB);
  }
  report.equal('it goes on', connections(runtime), 1);
  await pause(600);
  report.equal('left alone, the connection is gone', connections(runtime), 0);
  await report.rejects('and the stream says so', () => reader.read(), {
    type: 'SqliteError',
    code: 'EXPORT_ABANDONED',
    message: /bytes were not read.*idleTimeout/s,
  });
  const endless = await exportStream(runtime, { idleTimeout: Number.POSITIVE_INFINITY });
  await pause(300);
  report.equal('without an end', connections(runtime), 1);
  await endless.cancel();
}

/** @param {Report} report */
async function signal(report) {
  const runtime = await filled(ROWS, { name: 'signal' });
  const early = new AbortController();
  early.abort(new RangeError('early'));
  const wanted = { type: 'RangeError', message: 'early' };
  const options = { signal: early.signal };
  await report.rejects('before', () => exportStream(runtime, options), wanted);
  const controller = new AbortController();
  const stream = await exportStream(runtime, { signal: controller.signal });
  const reader = stream.getReader();
  await reader.read();
  controller.abort(new RangeError('late'));
  report.equal('in the middle the connection is gone', connections(runtime), 0);
  const late = { type: 'RangeError', message: 'late' };
  await report.rejects('and the reason is thrown', () => reader.read(), late);

  const other = new AbortController();
  const exporting = exportDatabase(runtime, {
    signal: other.signal,
    onProgress: ({ done }) => done > 2 * MIB && other.abort(new RangeError('bytes')),
  });
  await report.rejects('bytes', () => exporting, { type: 'RangeError', message: 'bytes' });
  report.equal('bytes: the connection is gone', connections(runtime), 0);
}

/** @param {Report} report */
async function endedByOthers(report) {
  const runtime = await filled(ROWS, { name: 'ended' });
  const stream = await exportStream(runtime);
  const reader = stream.getReader();
  await reader.read();
  const [connection] = diagnostics(runtime).connections;
  report.check('interrupt()', interrupt(runtime, connection?.id ?? -1));
  await report.rejects(
    'ends it between two pieces',
    async () => {
      while (!(await reader.read()).done);
    },
    { type: 'SqliteError', code: 'SQLITE_INTERRUPT' },
  );
  report.equal('the connection is gone', connections(runtime), 0);

  const disposed = (await exportStream(runtime)).getReader();
  await disposed.read();
  dispose(runtime, { force: true });
  await report.rejects(
    'dispose by force',
    async () => {
      while (!(await disposed.read()).done);
    },
    { type: 'SqliteError', code: 'RUNTIME_DISPOSED' },
  );
  report.equal('nobody is connected', connections(runtime), 0);
  const refused = { code: 'RUNTIME_DISPOSED' };
  await report.rejects('and then', () => exportStream(runtime), refused);
}

/** @param {Report} report */
async function progress(report) {
  const runtime = await filled(ROWS, { name: 'progress' });
  /** @type {ImageProgress[]} */
  const told = [];
  const onProgress = (/** @type {ImageProgress} */ progress) => void told.push(progress);
  const bytes = await exportDatabase(runtime, { onProgress });
  report.atLeast('calls', told.length, 5);
  report.check(
    'all of copying',
    told.every(({ phase }) => phase === 'copying'),
  );
  report.check(
    'of one total',
    told.every(({ total }) => total === bytes.length),
  );
  report.check(
    'that rise',
    told.every(({ done }, i) => done > (told[i - 1]?.done ?? 0)),
  );
  report.equal('to the end', told.at(-1)?.done, bytes.length);
  const thrown = { type: 'RangeError', message: 'enough' };
  const enough = () => {
    throw new RangeError('enough');
  };
  await report.rejects(
    'what it throws ends an export',
    () => exportDatabase(runtime, { onProgress: enough }),
    thrown,
  );
  const stream = await exportStream(runtime, { onProgress: enough });
  await report.rejects('and a stream', () => stream.getReader().read(), thrown);
  report.equal('the connections are gone', connections(runtime), 0);
}

/** @param {Report} report */
async function wrongOptions(report) {
  const runtime = createRuntime({ name: 'wrong' });
  const refused = { code: 'INVALID_OPTION' };
  const wrong = /** @type {any[]} */ ([
    ...[{ idleTimeout: 0 }, { idleTimeout: -1 }, { idleTimeout: '1' }, { idleTimeout: 2 ** 31 }],
    ...[{ onProgress: 1 }, { signal: {} }, { timeout: -1 }, { chunk: 1 }, null],
  ]);
  for (const options of wrong) {
    await report.rejects(JSON.stringify(options), () => exportStream(runtime, options), refused);
  }
  await report.rejects(
    'idleTimeout of an export',
    () => exportDatabase(runtime, /** @type {any} */ ({ idleTimeout: 5 })),
    refused,
  );
  await report.rejects('not a runtime', () => exportStream(/** @type {any} */ ({})), {
    code: 'INVALID_RUNTIME',
  });
}
