// @ts-check
// The write-ahead log is held while readers overlap for ever; one that stays is named, and does no
// harm but to the log's size, not even at its capacity.
import { createRuntime, diagnostics } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { Signals } from './support/signals.js';

const MIB = 1024 * 1024;
const CAPACITY = 8 * MIB;
const READERS = 3;
/** Ten times what a writer waits for one reader past the high-water mark. */
const LONG_MS = 2500;

/** @param {Record<string, string>} params `quick` */
export async function run(params) {
  const report = new Report();
  await report.part('readers that overlap', () => overlapping(report, params.quick ? 2000 : 8000));
  await report.part('a reader that stays', () => pinned(report));
  return report.result();
}

/**
 * @param {string} name
 * @returns {import('sharedwal').Runtime}
 */
function create(name) {
  return createRuntime({
    name,
    maxDatabaseCapacityBytes: 256 * MIB,
    maxWriteAheadCapacityBytes: CAPACITY,
  });
}

/**
 * Runs `work` while readers overlap; returns how many states each has seen.
 *
 * @param {import('./support/connected_worker.js').ConnectedWorker[]} readers
 * @param {() => Promise<void>} work
 * @returns {Promise<number[]>}
 */
async function whileReading(readers, work) {
  const signals = new Signals();
  const reading = Promise.all(
    readers.map((worker, reader) =>
      worker.run('log_tasks', 'overlap', {
        reader,
        readers: readers.length,
        signals: signals.buffer,
      }),
    ),
  );
  try {
    await work();
  } finally {
    signals.add(0);
  }
  return reading;
}

/**
 * @param {Report} report
 * @param {number} commits
 */
async function overlapping(report, commits) {
  const runtime = create('overlapping');
  await withConnections(runtime, READERS + 1, async ([writer, ...readers]) => {
    if (!writer) throw new Error('a writer is needed');
    await writer.exec('create table t (id integer primary key, x); insert into t values (1, 1)');
    let wrote = { commits: 0, longest: 0, largest: 0, error: undefined };
    const states = await whileReading(readers, async () => {
      wrote = await writer.run('log_tasks', 'fill', { runtime, commits });
    });
    report.figures.overlapping = { ...wrote, states };
    report.equal('errors of the writer', wrote.error, undefined);
    report.equal('commits', wrote.commits, commits);
    for (const [i, seen] of states.entries()) report.atLeast(`states seen by ${i}`, seen, 10);
    // The mark is half of the capacity; a RESTART in vain lets it grow by a quarter of that or less.
    report.below('the log at its largest', wrote.largest, (CAPACITY * 7) / 8);
    report.atLeast('what went through it', diagnostics(runtime).database.bytes, 2 * CAPACITY);
    report.below('the longest commit (ms)', wrote.longest, LONG_MS);
    report.equal('integrity', await writer.value('pragma integrity_check'), 'ok');
  });
}

/** @param {Report} report */
async function pinned(report) {
  const runtime = create('pinned');
  await withConnections(runtime, READERS + 2, async ([writer, stays, ...readers]) => {
    if (!writer || !stays) throw new Error('two workers are needed');
    await writer.exec('create table t (id integer primary key, x); insert into t values (1, 1)');
    await stays.exec('begin');
    await stays.value('select count(*) /* stays */ from t');
    const fill = (/** @type {object} */ args) =>
      writer.run('log_tasks', 'fill', { runtime, ...args });
    const states = await whileReading(readers, async () => {
      const start = performance.now();
      const past = await fill({ upTo: (CAPACITY * 5) / 8 });
      const took = performance.now() - start;
      report.equal('past the mark commits go on', past.error, undefined);
      report.atLeast('one waits for the reader (ms)', past.longest, 200);
      report.below('but not for long (ms)', past.longest, LONG_MS);
      const { writeAheadPinnedBy: by, connections } = diagnostics(runtime);
      report.equal(
        'the statement of who pins the log',
        by?.transaction?.statement,
        'select count(*) /* stays */ from t',
      );
      report.atLeast('its age (ms)', by?.transaction?.ageMs ?? -1, took - 20);
      const oldest = connections.reduce((a, b) =>
        (a.transaction?.ageMs ?? 0) > (b.transaction?.ageMs ?? 0) ? a : b,
      );
      report.equal('its slot', by?.slot, oldest.slot);

      const full = await fill({});
      report.error('at the capacity', full.error, { code: 'SQLITE_FULL' });
      report.check('the log is within it', full.largest <= CAPACITY, `${full.largest}`);
      report.below('the longest commit until then (ms)', full.longest, LONG_MS);
      report.check('the transaction is over', !(await writer.inTransaction()));
      const rows = 1 + past.commits + full.commits;
      report.equal('rows', await writer.value('select count(*) from t'), rows);
      report.equal('integrity', await writer.value('pragma integrity_check'), 'ok');
      report.equal('the reader stays', await stays.value('select count(*) from t'), 1);

      await stays.exec('commit');
      // A transaction that does not fit into what is left makes no checkpoint by itself.
      const [busy] = (await writer.rows('pragma wal_checkpoint(restart)'))[0] ?? [];
      report.equal('a checkpoint finishes after it ended', busy, 0);
      const after = await fill({ commits: 2000 });
      report.equal('then commits go on', [after.error, after.commits], [undefined, 2000]);
      report.figures.pinned = { past, full, after };
      report.equal('rows at the end', await stays.value('select count(*) from t'), rows + 2000);
      report.equal('integrity at the end', await stays.value('pragma integrity_check'), 'ok');
    });
    for (const [i, seen] of states.entries()) report.atLeast(`states seen by ${i}`, seen, 10);
  });
}
