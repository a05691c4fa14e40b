// Whole databases in Node: to a file and from it, by streams of the web kind.
import assert from 'node:assert/strict';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open as openFile, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import {
  clone,
  createRuntime,
  diagnostics,
  exportDatabase,
  exportStream,
  importDatabase,
  open,
} from '../../dist/index.js';

const ROWS = 20_000;

async function filled() {
  const runtime = createRuntime({ name: 'filled' });
  const db = await open(runtime);
  db.exec(`create table t (id integer primary key, text);
           with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
           insert into t select i, hex(zeroblob(100)) from n`);
  db.close();
  return runtime;
}

test('an export beside a VACUUM to another page size, wherever that falls', async () => {
  const runtime = await filled();
  const db = await open(runtime, { journalMode: 'delete', timeout: 0 });
  for (let ticks = 0; ticks < 40; ticks++) {
    const image = exportDatabase(runtime);
    for (let tick = 0; tick < ticks; tick++) await undefined;
    try {
      db.exec(`pragma page_size = ${ticks % 2 === 0 ? 8192 : 2048}; vacuum`);
    } catch (error) {
      // The export has begun to read.
      assert.equal(/** @type {any} */ (error).code, 'SQLITE_BUSY');
    }
    const copy = await open(await image);
    assert.equal(copy.pragma('integrity_check', { simple: true }), 'ok', `${ticks} ticks`);
    copy.close();
  }
  db.close();
});

/** @param {import('../../dist/index.js').Runtime} runtime */
async function rows(runtime) {
  const db = await open(runtime);
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    return db.prepare('select count(*) from t').pluck().get();
  } finally {
    db.close();
  }
}

test('a database goes to a file as a stream, and comes from it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sharedwal-'));
  try {
    const runtime = await filled();
    const file = join(directory, 'app.sqlite');
    await (await exportStream(runtime)).pipeTo(Writable.toWeb(createWriteStream(file)));
    const written = await readFile(file);
    assert.ok(written.equals(await exportDatabase(runtime)));
    const handle = await openFile(file);
    const sources = {
      Buffer: written,
      'a stream of a file': Readable.toWeb(createReadStream(file)),
      'a stream of bytes': handle.readableWebStream({ type: 'bytes' }),
      Blob: new Blob([written]),
    };
    for (const [name, source] of Object.entries(sources)) {
      const target = createRuntime({ name: 'target' });
      /** @type {import('../../dist/index.js').ImageProgress[]} */
      const told = [];
      const image = /** @type {any} */ (source);
      await importDatabase(target, image, { onProgress: (progress) => void told.push(progress) });
      assert.equal(await rows(target), ROWS, name);
      const total = written.length;
      assert.deepEqual(told.at(-1), { phase: 'copying', done: total, total });
    }
    await handle.close();
    assert.equal(diagnostics(runtime).connections.length, 0);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a stream that is cancelled, aborted or left alone lets go of its connection', async () => {
  const runtime = await filled();
  const connections = () => diagnostics(runtime).connections.length;
  const cancelled = (await exportStream(runtime)).getReader();
  await cancelled.read();
  assert.equal(connections(), 1);
  await cancelled.cancel();
  assert.equal(connections(), 0);
  const controller = new AbortController();
  const aborted = (await exportStream(runtime, { signal: controller.signal })).getReader();
  controller.abort(new RangeError('enough'));
  await assert.rejects(aborted.read(), RangeError);
  assert.equal(connections(), 0);
  const idle = (await exportStream(runtime, { idleTimeout: 50 })).getReader();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(connections(), 0);
  await assert.rejects(idle.read(), { code: 'EXPORT_ABANDONED' });
});

test('a clone has what the original has', async () => {
  const runtime = await filled();
  const copy = await clone(runtime, { name: 'copy' });
  assert.equal(copy.name, 'copy');
  assert.equal(await rows(copy), ROWS);
  assert.equal(await rows(runtime), ROWS);
});
