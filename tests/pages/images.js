// @ts-check
// Whole databases in and out, as bytes: on the main thread, in workers, under open connections.
import {
  clone,
  createRuntime,
  diagnostics,
  dispose,
  exportDatabase,
  importDatabase,
  open,
} from 'sharedwal';
import { ConnectedWorker, withConnections } from './support/connected_worker.js';
import { content, filled } from './support/filled.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';

/** @param {Record<string, string>} params */
export async function run(params) {
  const report = new Report();
  await report.part('round trip', () => roundTrip(report));
  await report.part('kinds of bytes', () => kindsOfBytes(report));
  await report.part('wrong arguments', () => wrongArguments(report));
  await report.part('bad images', () => badImages(report));
  await report.part('open connections', () => openConnections(report));
  await report.part('room in the log', () => roomInTheLog(report));
  await report.part('main thread', () => mainThread(report));
  await report.part('death', () => death(report, params.quick ? 2 : 6));
  return report.result();
}

/** @param {Report} report */
async function roundTrip(report) {
  const source = await filled(5000, { name: 'source' });
  const expected = await content(source);
  const bytes = await exportDatabase(source);
  report.check('an export is a Uint8Array', bytes instanceof Uint8Array, String(bytes));
  report.check(
    'that owns its buffer',
    bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength,
  );
  report.equal(
    'it begins as a database',
    new TextDecoder().decode(bytes.slice(0, 15)),
    'SQLite format 3',
  );
  const target = createRuntime({ name: 'target' });
  report.equal(
    'an import returns nothing',
    await importDatabase(target, { database: bytes }),
    undefined,
  );
  report.equal('the content is the same', await content(target), expected);

  const worker = await ConnectedWorker.open(source);
  try {
    const there = await worker.run('image_tasks', 'exportHere', { runtime: source });
    report.equal('a worker exports as many bytes', there.length, bytes.length);
    await worker.exec("update t set text = 'only in the log' where id = 17");
    const again = await worker.run('image_tasks', 'exportHere', { runtime: source });
    const second = createRuntime({ name: 'second' });
    await worker.run('image_tasks', 'importHere', { runtime: second, image: { database: again } });
    const db = await open(second);
    report.equal(
      'what only the log has is exported',
      db.prepare('select text from t where id = 17').pluck().get(),
      'only in the log',
    );
    db.close();
    await worker.close();
  } finally {
    worker.terminate();
  }
  const empty = createRuntime({ name: 'empty' });
  const page = await exportDatabase(empty);
  report.equal('a database that was never written to is one page', page.length, 4096);
  report.equal('and stays as it is', diagnostics(empty).database.bytes, 0);
  await importDatabase(target, { database: page });
  const db = await open(target);
  report.equal(
    'imported, it is empty',
    db.prepare('select count(*) from sqlite_schema').pluck().get(),
    0,
  );
  db.exec('create table t (x)');
  db.close();
  for (const runtime of [source, target, empty]) {
    report.equal(
      `${runtime.name}: no connection is left`,
      diagnostics(runtime).connections.length,
      0,
    );
  }
}

/** @param {Report} report */
async function kindsOfBytes(report) {
  const source = await filled(300, { name: 'kinds' });
  const expected = await content(source);
  const bytes = await exportDatabase(source);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  const within = new Uint8Array(bytes.length + 10);
  within.set(bytes, 3);
  const sharedWithin = new Uint8Array(new SharedArrayBuffer(bytes.length + 10), 7, bytes.length);
  sharedWithin.set(bytes);
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const Foreign = /** @type {any} */ (frame.contentWindow).Uint8Array;
  const kinds = {
    Uint8Array: bytes,
    ArrayBuffer: bytes.buffer,
    SharedArrayBuffer: shared,
    'a view with an odd offset': within.subarray(3, 3 + bytes.length),
    'a view of shared memory': sharedWithin,
    'a Uint8Array of another realm': new Foreign(bytes),
  };
  for (const [kind, database] of Object.entries(kinds)) {
    const target = createRuntime({ name: 'kind' });
    await importDatabase(target, { database, wal: undefined });
    report.equal(kind, await content(target), expected);
    await importDatabase(target, { database, wal: new ArrayBuffer(0) });
    report.equal(`${kind}, with an empty log`, await content(target), expected);
  }
  frame.remove();
}

/** @param {Report} report */
async function wrongArguments(report) {
  const runtime = await filled(300, { name: 'wrong' });
  const before = await content(runtime);
  const database = await exportDatabase(runtime);
  const type = { type: 'TypeError', code: 'INVALID_ARGUMENT' };
  for (const wrong of [undefined, null, 7, 'bytes', [], {}, new Uint16Array(4)]) {
    const kind = Object.prototype.toString.call(wrong);
    await report.rejects(
      `database: ${kind}`,
      () => importDatabase(runtime, /** @type {any} */ ({ database: wrong })),
      { ...type, message: /"database"/ },
    );
    if (wrong === undefined) continue;
    await report.rejects(
      `wal: ${kind}`,
      () => importDatabase(runtime, /** @type {any} */ ({ database, wal: wrong })),
      { ...type, message: /"wal"/ },
    );
  }
  for (const image of [undefined, null, 7, 'bytes', [], new Map()]) {
    await report.rejects(
      `image: ${Object.prototype.toString.call(image)}`,
      () => importDatabase(runtime, /** @type {any} */ (image)),
      type,
    );
  }
  await report.rejects(
    'a misspelled log',
    () => importDatabase(runtime, /** @type {any} */ ({ database, Wal: database })),
    { ...type, message: /"Wal"/ },
  );
  for (const call of [
    (/** @type {any} */ options) => exportDatabase(runtime, options),
    (/** @type {any} */ options) => importDatabase(runtime, { database }, options),
  ]) {
    await report.rejects('an unknown option', () => call({ readonly: true }), {
      code: 'INVALID_OPTION',
    });
    await report.rejects('a wrong timeout', () => call({ timeout: -1 }), {
      code: 'INVALID_OPTION',
    });
  }
  await report.rejects('not a runtime', () => exportDatabase(/** @type {any} */ ({})), {
    code: 'INVALID_RUNTIME',
  });
  const gone = structuredClone(database);
  const importing = importDatabase(runtime, { database: gone });
  structuredClone(gone, { transfer: [gone.buffer] });
  await report.rejects('bytes that are taken away', () => importing, {
    code: 'INVALID_ARGUMENT',
    message: /changed its length/,
  });
  report.equal('nothing has changed', await content(runtime), before);
  dispose(runtime);
  const disposed = { code: 'RUNTIME_DISPOSED' };
  await report.rejects('disposed: export', () => exportDatabase(runtime), disposed);
  await report.rejects('disposed: import', () => importDatabase(runtime, { database }), disposed);
}

/** @param {Report} report */
async function badImages(report) {
  const runtime = await filled(300, { name: 'bad', maxDatabaseCapacityBytes: 2 ** 20 });
  const before = await content(runtime);
  const good = await exportDatabase(runtime);
  const zeroed = good.slice();
  zeroed.fill(0, 8192, 16_384);
  const images = {
    nothing: new Uint8Array(0),
    text: new TextEncoder().encode('no database '.repeat(1000)),
    half: good.subarray(0, good.length / 2),
    'with zeros in it': zeroed,
  };
  for (const [name, database] of Object.entries(images)) {
    await report.rejects(name, () => importDatabase(runtime, { database }), {
      type: 'SqliteError',
      code: 'INVALID_IMAGE',
    });
  }
  const large = await exportDatabase(await filled(10_000, { name: 'large' }));
  await report.rejects('too large', () => importDatabase(runtime, { database: large }), {
    type: 'SqliteError',
    code: 'IMAGE_TOO_LARGE',
    message: /maxDatabaseCapacityBytes/,
  });
  report.equal('nothing has changed', await content(runtime), before);
}

/** @param {Report} report */
async function openConnections(report) {
  const runtime = await filled(10, { name: 'open' });
  const image = { database: await exportDatabase(await filled(3000, { name: 'new' })) };
  await withConnections(runtime, 2, async ([reader, other]) => {
    if (!reader || !other) throw new Error('two workers are needed');
    await reader.exec('begin');
    report.equal('before', await reader.value('select count(*) from t'), 10);
    await other.run('image_tasks', 'importHere', { runtime, image });
    report.equal(
      'a read transaction keeps its snapshot',
      await reader.value('select count(*) from t'),
      10,
    );
    report.equal('the next one sees the image', await other.value('select count(*) from t'), 3000);
    await reader.exec('commit');
    report.equal('for everybody', await reader.value('select count(*) from t'), 3000);
    await reader.exec("insert into t (text) values ('after')");
    report.equal('writing goes on', await other.value('select count(*) from t'), 3001);
    report.equal('soundly', await other.value('pragma integrity_check'), 'ok');

    const pages = createRuntime({ name: 'pages' });
    const db = await open(pages, { journalMode: 'delete' });
    db.exec('pragma page_size = 8192; vacuum; create table t (id integer primary key, text)');
    db.close();
    const large = { database: await exportDatabase(pages) };
    await report.rejects('another page size', () => importDatabase(runtime, large), {
      code: 'RUNTIME_IN_USE',
      message: /8192/,
    });
    report.equal('nothing has changed', await other.value('select count(*) from t'), 3001);
    await reader.close();
    await other.close();
    await importDatabase(runtime, large);
    report.equal('works alone', await content(runtime), 'null ok wal');
  });
}

/** @param {Report} report */
async function roomInTheLog(report) {
  const runtime = await filled(100, { name: 'room', maxWriteAheadCapacityBytes: 256 * 1024 });
  const before = await content(runtime);
  const source = await filled(5000, { name: 'larger' });
  const image = { database: await exportDatabase(source) };
  await withConnections(runtime, 1, async ([worker]) => {
    if (!worker) throw new Error('a worker is needed');
    report.atLeast('rows there', await worker.value('select count(*) from t'), 100);
    await report.rejects('no room', () => importDatabase(runtime, image), {
      type: 'SqliteError',
      code: 'SQLITE_FULL',
      message: /close the other connections/,
    });
    report.check('the connection goes on', (await worker.attempt('update t set id = id')).ok);
    await worker.close();
  });
  report.equal('nothing has changed', await content(runtime), before);
  await importDatabase(runtime, image);
  report.equal('alone it needs none', await content(runtime), await content(source));
}

/** Nothing blocks here. @param {Report} report */
async function mainThread(report) {
  const runtime = await filled(100, { name: 'main' });
  const database = await exportDatabase(runtime);
  await withConnections(runtime, 1, async ([worker]) => {
    if (!worker) throw new Error('a worker is needed');
    await worker.exec("begin immediate; insert into t (text) values ('uncommitted')");
    const start = performance.now();
    const impatient = () => importDatabase(runtime, { database }, { timeout: 0 });
    await report.rejects('a writer is in the way', impatient, {
      type: 'SqliteError',
      code: 'SQLITE_BUSY',
      message: /may not wait/,
    });
    report.below('and that is said at once (ms)', performance.now() - start, 1000);
    await report.rejects(
      'and after the timeout',
      () => importDatabase(runtime, { database }, { timeout: 50 }),
      { code: 'SQLITE_BUSY' },
    );
    const abort = new AbortController();
    setTimeout(() => abort.abort(new RangeError('enough')), 20);
    await report.rejects(
      'a signal ends the wait',
      () => importDatabase(runtime, { database }, { signal: abort.signal }),
      { type: 'RangeError', message: 'enough' },
    );
    report.equal(
      'an export needs not wait',
      (await exportDatabase(runtime)).length,
      database.length,
    );
    const importing = importDatabase(runtime, { database });
    await pause(100);
    await worker.exec('commit');
    await importing;
    report.equal('an import waits its turn', await worker.value('select count(*) from t'), 100);
    await worker.close();
  });

  const files = await filled(100, { name: 'files' });
  await withConnections(files, 1, async ([worker]) => {
    if (!worker) throw new Error('a worker is needed');
    await worker.value('pragma journal_mode = delete');
    await worker.exec("begin exclusive; insert into t (text) values ('committed')");
    await report.rejects('nobody may read', () => exportDatabase(files, { timeout: 0 }), {
      code: 'SQLITE_BUSY',
    });
    const copies = Promise.all([exportDatabase(files), clone(files)]);
    await pause(100);
    await worker.exec('commit');
    const [image, copy] = await copies;
    const after = await content(files);
    report.equal('an export waits', await content(await imported(image)), after);
    report.equal('a clone waits', await content(copy), after);
    await worker.close();
  });
}

/** @param {Uint8Array} image */
async function imported(image) {
  const runtime = createRuntime({ name: 'imported' });
  await importDatabase(runtime, image);
  return runtime;
}

/**
 * A worker that dies in the middle of an import leaves the old database or the new one.
 *
 * @param {Report} report
 * @param {number} rounds
 */
async function death(report, rounds) {
  const runtime = await filled(1000, { name: 'death' });
  const images = [];
  for (const rows of [60_000, 80_000]) {
    images.push(await exportDatabase(await filled(rows, { name: 'images' })));
  }
  const watcher = await open(runtime);
  /** @type {number[]} */
  const seen = [];
  for (let round = 0; round < rounds; round++) {
    const worker = await ConnectedWorker.open(runtime);
    const image = { database: images[round % 2] };
    worker.run('image_tasks', 'importHere', { runtime, image }).catch(() => undefined);
    await pause(20 + Math.random() * 250);
    worker.terminate();
    const deadline = performance.now() + 20_000;
    while (diagnostics(runtime).connections.length > 1 && performance.now() < deadline)
      await pause(20);
    report.equal(
      `round ${round}: it was cleaned up after`,
      diagnostics(runtime).connections.length,
      1,
    );
    const rows = Number(watcher.prepare('select count(*) from t').pluck().get());
    seen.push(rows);
    report.check(
      `round ${round}: all or nothing`,
      [1000, 60_000, 80_000].includes(rows),
      `${rows}`,
    );
    report.equal(
      `round ${round}: integrity_check`,
      watcher.pragma('integrity_check', { simple: true }),
      'ok',
    );
  }
  watcher.exec("insert into t (text) values ('after')");
  watcher.close();
  report.figures.rowsAfterDeaths = seen;
}
