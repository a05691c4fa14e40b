// @ts-check
// Workers that write without pause: each gets its share, none is refused within its busy timeout,
// and readers beside them never fail, also on the main thread, which must not wait.
import { createRuntime, open } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { describeError, Report } from './support/report.js';
import { pause, Signals } from './support/signals.js';

/**
 * @typedef {import('sharedwal').Database} Database
 * @typedef {import('sharedwal').Runtime} Runtime
 * @typedef {import('./support/connected_worker.js').ConnectedWorker} ConnectedWorker
 * @typedef {import('./support/report.js').DescribedError} DescribedError
 * @typedef {import('./workers/contention_tasks.js').Share} Share
 * @typedef {import('./workers/contention_tasks.js').Reads} Reads
 */

/** The slowest writer makes at least this part of the commits of the fastest. */
const EVENNESS = 0.5;
/** Runs of which the best counts: a machine may give one worker no time for a while. */
const RUNS = 3;
/** The busy timeout is 5 s; whoever waits so long was passed over again and again. */
const LONGEST_WAIT_MS = 2000;
const LONGEST_READ_MS = 1000;

/** @param {Record<string, string>} params `quick`: for a shorter time */
export async function run(params) {
  const report = new Report();
  const ms = params.quick ? 1000 : 5000;
  for (const writers of [2, 6]) {
    await report.part(`${writers} writers`, () => fairness(report, writers, ms, ''));
  }
  await report.part('6 writers with PRAGMA busy_timeout', () =>
    fairness(report, 6, ms, 'pragma busy_timeout = 5000'),
  );
  await report.part('readers in workers', () => readersInWorkers(report, ms));
  await report.part('readers on the main thread', () => readersOnMainThread(report, ms));
  // SQLite looks for a snapshot for 10 s, after the first look has waited for 10 s.
  if (!params.quick) await report.part('a publish without end', () => endlessPublish(report));
  return report.result();
}

/**
 * A runtime with a row for each writer, and workers that are connected to it.
 *
 * @param {number} count
 * @param {(workers: ConnectedWorker[], runtime: Runtime) => Promise<void>} body
 */
async function withCounts(count, body) {
  const runtime = createRuntime({ name: 'contention' });
  await withConnections(runtime, count, async (workers) => {
    await workers[0]?.exec('create table counts (writer integer primary key, n integer not null)');
    for (let writer = 0; writer < count; writer++) {
      await workers[0]?.exec(`insert into counts values (${writer}, 0)`);
    }
    await body(workers, runtime);
    for (const worker of workers) await worker.close();
  });
}

/**
 * @param {Report} report
 * @param {number} count
 * @param {number} ms
 * @param {string} sql run on each connection before
 */
async function fairness(report, count, ms, sql) {
  await withCounts(count, async (workers) => {
    for (const worker of workers) await worker.exec(sql);
    /** @type {number[]} */
    const evenness = [];
    let written = 0;
    for (let run = 0; run < RUNS && Math.max(0, ...evenness) < EVENNESS; run++) {
      const signals = new Signals().buffer;
      /** @type {Share[]} */
      const shares = await Promise.all(
        workers.map((worker, writer) =>
          worker.run('contention_tasks', 'writeWithoutPause', {
            writer,
            ms,
            workers: count,
            signals,
          }),
        ),
      );
      const commits = shares.map((share) => share.commits);
      const longest = Math.max(...shares.map((share) => share.longestMs));
      report.equal(
        'no writer was refused',
        shares.flatMap((share) => share.errors),
        [],
      );
      report.below('the longest that one waited (ms)', longest, LONGEST_WAIT_MS);
      const total = commits.reduce((sum, n) => sum + n, 0);
      written += total;
      evenness.push(Math.min(...commits) / Math.max(...commits));
      report.figures[`${report.prefix}run ${run + 1}`] = {
        commits,
        perSecond: Math.round((total * 1000) / ms),
        longestMs: Math.round(longest),
      };
    }
    report.atLeast('the slowest as a part of the fastest', Math.max(...evenness), EVENNESS);
    report.equal(
      'every commit counted',
      await workers[0]?.value('select sum(n) from counts'),
      written,
    );
  });
}

/**
 * Readers are never refused, never see an older state again, and never wait long.
 *
 * @param {Report} report
 * @param {number} ms
 */
async function readersInWorkers(report, ms) {
  await withCounts(4, async (workers) => {
    const signals = new Signals().buffer;
    const args = { ms, workers: 4, signals };
    const running = workers.map((worker, writer) =>
      writer < 2
        ? worker.run('contention_tasks', 'writeWithoutPause', { writer, ...args })
        : worker.run('contention_tasks', 'readWithoutPause', args),
    );
    const [a, b, ...readers] = await Promise.all(running);
    report.equal('errors of the writers', [...a.errors, ...b.errors], []);
    for (const [i, reads] of /** @type {Reads[]} */ (readers).entries()) {
      report.equal(`errors of reader ${i + 1}`, reads.errors, []);
      report.equal(`times that reader ${i + 1} saw an older state again`, reads.falls, 0);
      report.atLeast(`reads of reader ${i + 1}`, reads.reads, 100);
      report.below(`the longest read of reader ${i + 1} (ms)`, reads.longestMs, LONGEST_READ_MS);
    }
    report.figures[report.prefix] = { commits: a.commits + b.commits, readers };
  });
}

/**
 * The main thread may be refused, but with SQLITE_BUSY and the reason, never with SQLITE_PROTOCOL.
 *
 * @param {Report} report
 * @param {number} ms
 */
async function readersOnMainThread(report, ms) {
  await withCounts(2, async (workers, runtime) => {
    const signals = new Signals();
    const writing = workers.map((worker, writer) =>
      worker.run('contention_tasks', 'writeWithoutPause', {
        writer,
        ms: 10 * ms,
        workers: 2,
        signals: signals.buffer,
      }),
    );
    await signals.reached(0, 2);
    // Opened beside the writers: that must not fail for good either.
    const db = await openOnMainThread(runtime);
    const sum = db.prepare('select sum(n) from counts').pluck();
    const write = db.prepare('insert into counts values (?, 0)');
    const start = performance.now();
    let reads = 0;
    let writes = 0;
    let falls = 0;
    let previous = 0;
    let longest = 0;
    /** @type {Map<string, { times: number, message: string }>} */
    const refused = new Map();
    const note = (/** @type {unknown} */ error) => {
      const { code = 'no code', message } = describeError(error);
      const times = (refused.get(code)?.times ?? 0) + 1;
      refused.set(code, { times, message });
    };
    while (performance.now() - start < ms) {
      // A burst, and then its turn for whatever else the page does.
      for (let i = 0; i < 200; i++) {
        const before = performance.now();
        try {
          const found = Number(sum.get());
          if (found < previous) falls += 1;
          previous = found;
          reads += 1;
        } catch (error) {
          note(error);
        }
        longest = Math.max(longest, performance.now() - before);
      }
      try {
        write.run(1000 + writes);
        writes += 1;
      } catch (error) {
        note(error);
      }
      await pause(0);
    }
    signals.add(1);
    const [a, b] = await Promise.all(writing);
    report.equal('errors of the writers', [...a.errors, ...b.errors], []);
    report.atLeast('commits beside the reader', a.commits + b.commits, 1000);
    report.atLeast('reads', reads, 1000);
    report.equal('times that it saw an older state again', falls, 0);
    report.below('the longest read (ms)', longest, LONGEST_READ_MS);
    const codes = [...refused.keys()].filter((code) => code !== 'SQLITE_BUSY');
    report.equal('codes other than SQLITE_BUSY', codes, []);
    const message = refused.get('SQLITE_BUSY')?.message ?? 'this thread may not wait';
    report.check('SQLITE_BUSY says why', /this thread may not wait/.test(message), message);
    report.figures[report.prefix] = { reads, writes, longest, refused: [...refused] };
    db.close();
  });
}

/** Words of the control block: who publishes (slot + 1), and the version, odd meanwhile. */
const PUBLISHER = 1;
const VERSION = 2;

/**
 * As if a worker had died in the middle of a publish, and nobody had noticed yet: who cannot look
 * for so long is refused like one that does not get a lock, not with SQLITE_PROTOCOL.
 *
 * @param {Report} report
 */
async function endlessPublish(report) {
  await withCounts(1, async (workers, runtime) => {
    const [worker] = /** @type {[ConnectedWorker]} */ (workers);
    const words = new Int32Array(runtime.control);
    Atomics.store(words, PUBLISHER, 61);
    Atomics.add(words, VERSION, 1);
    const { error } = await worker.attempt('select sum(n) from counts');
    report.equal('the code', error?.code, 'SQLITE_BUSY');
    report.equal('the message', error?.message, 'database is locked');
    Atomics.add(words, VERSION, 1);
    Atomics.store(words, PUBLISHER, 0);
    report.equal('the sum afterwards', await worker.value('select sum(n) from counts'), 0);
  });
}

/**
 * @param {Runtime} runtime
 * @returns {Promise<Database>}
 */
async function openOnMainThread(runtime) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await open(runtime);
    } catch (error) {
      if (describeError(error).code !== 'SQLITE_BUSY' || performance.now() > deadline) throw error;
      await pause(1);
    }
  }
}
