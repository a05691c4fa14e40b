// @ts-check
// Files that grow over several segments, and what happens when they can grow no further.
import { createRuntime, diagnostics } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';

/** @typedef {import('./support/connected_worker.js').ConnectedWorker} ConnectedWorker */

const MIB = 1024 * 1024;
const SEGMENT = 65536 * 16;
const PAGE = 4096;

export async function run() {
  const report = new Report();
  await report.part('segments', () => segments(report));
  await report.part('odd segments', () => smallSegments(report));
  await report.part('database capacity', () => databaseFull(report));
  await report.part('fixed capacity', () => databaseFull(report, { fixedCapacity: true }));
  await report.part('capacity with VACUUM', () => vacuumFull(report));
  await report.part('write-ahead capacity', () => writeAheadFull(report));
  await report.part('one large transaction', () => largeTransaction(report));
  return report.result();
}

const TABLE = `create table blobs (id integer primary key, size integer not null, body blob not null,
                                   check (length(body) = size))`;

/**
 * Rows whose bodies follow from their number, so that every byte can be checked elsewhere.
 *
 * @param {number} from
 * @param {number} count
 * @param {number} size
 */
function insertBlobs(from, count, size) {
  return `with recursive numbers (i) as (select ${from} union all select i + 1 from numbers where i < ${from + count - 1})
          insert into blobs select i, ${size}, ${body('i', String(size))} from numbers`;
}

/**
 * @param {string} number
 * @param {string} size
 */
function body(number, size) {
  return `cast(substr(replace(hex(zeroblob(${size} / 16 + 1)), '00', printf('%016x', ${number} * 2654435761)), 1, ${size}) as blob)`;
}

const WRONG_BODIES = `select count(*) from blobs where body <> ${body('id', 'size')}`;

/** @param {Report} report */
async function segments(report) {
  const runtime = createRuntime({
    name: 'segments',
    initialDatabaseCapacityBytes: 65536,
    initialWriteAheadCapacityBytes: 65536,
    segmentCapacityBytes: SEGMENT,
    maxDatabaseCapacityBytes: 8 * MIB,
    maxWriteAheadCapacityBytes: 8 * MIB,
  });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    report.atLeast('database segments', runtime.database.length, 8);
    report.atLeast('write-ahead segments', runtime.writeAhead.length, 8);
    await a.exec(TABLE);
    let writeAhead = 0;
    for (let i = 0; i < 12; i++) {
      await a.exec(insertBlobs(i * 400 + 1, 400, 1000));
      writeAhead = Math.max(writeAhead, diagnostics(runtime).writeAhead.bytes);
      report.equal(
        `rows after batch ${i}`,
        await b.value('select count(*) from blobs'),
        (i + 1) * 400,
      );
    }
    report.atLeast('the write-ahead log crossed segments (bytes)', writeAhead, 2 * SEGMENT);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    const [busy] = (await b.rows('pragma wal_checkpoint(truncate)'))[0] ?? [];
    report.equal('checkpoint finished', busy, 0);
    report.atLeast(
      'the database crossed segments (bytes)',
      diagnostics(runtime).database.bytes,
      4 * SEGMENT,
    );
    report.equal('rows with another body after the checkpoint', await a.value(WRONG_BODIES), 0);
    report.equal(
      'integrity_check by the other worker',
      await b.value('pragma integrity_check'),
      'ok',
    );
    report.equal('rows', await b.value('select count(*) from blobs'), 4800);
    await a.close();
    await b.close();
  });
}

/** Segments of one wasm page: every database page is near a boundary. @param {Report} report */
async function smallSegments(report) {
  const runtime = createRuntime({
    name: 'smallSegments',
    initialDatabaseCapacityBytes: 65536,
    initialWriteAheadCapacityBytes: 65536,
    segmentCapacityBytes: 65536,
    maxDatabaseCapacityBytes: 2 * MIB,
    maxWriteAheadCapacityBytes: 2 * MIB,
  });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(TABLE);
    for (let i = 0; i < 10; i++) await a.exec(insertBlobs(i * 20 + 1, 20, 6000));
    report.equal('rows', await b.value('select count(*) from blobs'), 200);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    report.atLeast('pages', await b.value('pragma page_count'), 300);
    await a.close();
    await b.close();
  });
}

/**
 * @param {Report} report
 * @param {import('sharedwal').RuntimeOptions} [options]
 */
async function databaseFull(report, options = {}) {
  const capacity = 3 * MIB;
  const runtime = createRuntime({
    ...options,
    name: 'full',
    initialDatabaseCapacityBytes: 65536,
    segmentCapacityBytes: SEGMENT,
    maxDatabaseCapacityBytes: capacity,
    maxWriteAheadCapacityBytes: 16 * MIB,
  });
  const { database, writeAhead, journal, index } = runtime;
  const buffers = [...database, ...writeAhead, ...journal, index];
  if (options.fixedCapacity) {
    report.check('no buffer can grow', !buffers.some((buffer) => buffer.growable));
    report.equal('all is there', diagnostics(runtime).database.capacityBytes, capacity);
  } else {
    report.check(
      'every buffer can grow',
      buffers.every((buffer) => buffer.growable),
    );
  }
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(TABLE);
    let rows = 0;
    /** @type {import('./support/connected_worker.js').Attempt | undefined} */
    let refused;
    while (rows < 10_000 && refused === undefined) {
      const attempt = await a.attempt(insertBlobs(rows + 1, 100, 1000));
      if (attempt.ok) rows += 100;
      else refused = attempt;
    }
    report.error('the insert that no longer fits', refused?.error, { code: 'SQLITE_FULL' });
    report.atLeast('rows that did fit', rows, 2000);
    report.check('the transaction is over', !(await a.inTransaction()));
    for (const [name, worker] of Object.entries({ a, b })) {
      report.equal(`${name}: rows`, await worker.value('select count(*) from blobs'), rows);
      report.equal(`${name}: rows with another body`, await worker.value(WRONG_BODIES), 0);
    }
    await b.exec('begin');
    let inserted = 0;
    /** @type {import('./support/connected_worker.js').Attempt | undefined} */
    let other;
    while (inserted < 1000 && other === undefined) {
      const attempt = await b.attempt(
        `insert into blobs values (${rows + inserted + 1}, 1000, zeroblob(1000))`,
      );
      if (attempt.ok) inserted += 1;
      else other = attempt;
    }
    // Pages that stay in the cache are only written by the COMMIT.
    other ??= await b.attempt('commit');
    report.error('for the other worker, too', other?.error, { code: 'SQLITE_FULL' });
    report.check('SQLite has rolled its whole transaction back', !(await b.inTransaction()));
    report.equal('rows after that', await b.value('select count(*) from blobs'), rows);
    report.check(
      'a checkpoint still works',
      (await b.attempt('pragma wal_checkpoint(truncate)')).ok,
    );
    report.check(
      'the database file stays within its capacity',
      diagnostics(runtime).database.bytes <= capacity,
      `${diagnostics(runtime).database.bytes} of ${capacity}`,
    );
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');

    await b.exec('delete from blobs where id % 1000 < 500');
    const kept = await b.value('select count(*) from blobs');
    report.below('rows after a delete', kept, rows);
    report.check(
      'after a delete smaller inserts work',
      (await a.attempt(insertBlobs(rows + 1, 100, 1000))).ok,
    );
    report.equal('rows after it', await b.value('select count(*) from blobs'), kept + 100);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    report.equal('integrity_check after it', await a.value('pragma integrity_check'), 'ok');
    await a.close();
    await b.close();
  });
}

/**
 * VACUUM into a full write-ahead log fails and leaves the database as it was.
 *
 * @param {Report} report
 */
async function vacuumFull(report) {
  const runtime = createRuntime({
    name: 'vacuumFull',
    segmentCapacityBytes: SEGMENT,
    maxDatabaseCapacityBytes: 4 * MIB,
    maxWriteAheadCapacityBytes: 1.5 * MIB,
  });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(TABLE);
    for (let i = 0; i < 25; i++) {
      await a.exec(insertBlobs(i * 100 + 1, 100, 1000));
      await a.exec('pragma wal_checkpoint(truncate)');
    }
    const vacuum = await a.attempt('vacuum');
    report.error('VACUUM needs room for the whole database', vacuum.error, { code: 'SQLITE_FULL' });
    report.equal('rows', await b.value('select count(*) from blobs'), 2500);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    report.check('writing works', (await b.attempt(insertBlobs(3001, 10, 1000))).ok);
    await a.close();
    await b.close();
  });
}

/**
 * A reader that stays in its transaction pins the log; when the log is full, writers are refused
 * until the reader has finished.
 *
 * @param {Report} report
 */
async function writeAheadFull(report) {
  const capacity = 2 * MIB;
  const runtime = createRuntime({
    name: 'logFull',
    segmentCapacityBytes: SEGMENT,
    initialWriteAheadCapacityBytes: 65536,
    maxDatabaseCapacityBytes: 64 * MIB,
    maxWriteAheadCapacityBytes: capacity,
  });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(TABLE);
    await a.exec(insertBlobs(1, 10, 1000));
    await b.exec('begin');
    const pinned = await b.value('select count(*) from blobs');
    let rows = 10;
    /** @type {import('./support/connected_worker.js').Attempt | undefined} */
    let refused;
    while (rows < 20_000 && refused === undefined) {
      const attempt = await a.attempt(insertBlobs(rows + 1, 50, 1000));
      if (attempt.ok) rows += 50;
      else refused = attempt;
    }
    report.error('the commit that no longer fits', refused?.error, { code: 'SQLITE_FULL' });
    report.atLeast('rows that did fit', rows, 500);
    report.check('the transaction is over', !(await a.inTransaction()));
    report.check(
      'the log stays within its capacity',
      diagnostics(runtime).writeAhead.bytes <= capacity,
      `${diagnostics(runtime).writeAhead.bytes} of ${capacity}`,
    );
    report.equal('the writer sees what fitted', await a.value('select count(*) from blobs'), rows);
    report.equal(
      'the reader keeps its snapshot',
      await b.value('select count(*) from blobs'),
      pinned,
    );
    await b.exec('commit');
    report.equal('then sees what fitted', await b.value('select count(*) from blobs'), rows);
    let tries = 0;
    while (!(await a.attempt(insertBlobs(rows + 1, 50, 1000))).ok && tries < 3) tries += 1;
    rows += 50;
    report.below('refusals after the reader has finished', tries, 3);
    const [busy] = (await b.rows('pragma wal_checkpoint(restart)'))[0] ?? [];
    report.equal('a checkpoint finishes', busy, 0);
    for (let i = 0; i < 20; i++) {
      await a.exec(insertBlobs(rows + 1, 50, 1000));
      rows += 50;
    }
    report.equal('inserts work again', await b.value('select count(*) from blobs'), rows);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    await a.close();
    await b.close();
  });
}

/** @param {Report} report */
async function largeTransaction(report) {
  const runtime = createRuntime({
    name: 'large',
    segmentCapacityBytes: SEGMENT,
    maxDatabaseCapacityBytes: 64 * MIB,
    maxWriteAheadCapacityBytes: 2 * MIB,
  });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec(TABLE);
    await a.exec(insertBlobs(1, 100, 1000));
    const whole = await a.attempt(`begin; ${insertBlobs(101, 6000, 1000)}; commit`);
    report.error('a transaction larger than the log', whole.error, { code: 'SQLITE_FULL' });
    if (await a.inTransaction()) await a.exec('rollback');
    report.equal('left nothing behind', await b.value('select count(*) from blobs'), 100);
    report.check('the next one works', (await a.attempt(insertBlobs(101, 100, 1000))).ok);
    report.equal('and is seen', await b.value('select count(*) from blobs'), 200);
    report.equal('rows with another body', await b.value(WRONG_BODIES), 0);
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    report.atLeast('page size', await b.value('pragma page_size'), PAGE);
    await a.close();
    await b.close();
  });
}
