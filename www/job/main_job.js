// @ts-check
// The main job: one worker imports 200,000 flights while three others query the same database, each
// with its own SQLite on the same shared bytes; in the end all agree with plain JavaScript.
import { compileWasm, createRuntime, diagnostics, dispose } from 'sharedwal';
import { loadAirports, loadFlights } from './data.js';
import { expectedFigures } from './expected_figures.js';
import { memoryOptions } from './memory.js';
import { JobWorker } from './protocol.js';
import { BATCH_ROWS, FLIGHT_ROWS, prefixSums, READERS } from './slice.js';

/** Different states of the import that every reader must have seen. */
const COUNTS_FLOOR = 20;
/** Queries of each kind that every reader must have run. */
const KIND_FLOOR = 3;
const SAMPLE_MS = 100;

/**
 * @typedef {{ name: string, ok: boolean, detail?: string }} Check
 * @typedef {'loading' | 'preparing' | 'importing' | 'checking' | 'done'} Phase
 *
 * @typedef {object} WorkerProgress
 * @property {string} name
 * @property {'importer' | 'reader'} role
 * @property {number} rows imported, or seen
 * @property {number} transactions
 * @property {number} perSecond rows imported, or statements run, in the last second
 * @property {number} [reads]
 * @property {number} [counts] different states of the import that it saw
 * @property {number} [problems]
 *
 * @typedef {object} Progress
 * @property {Phase} phase
 * @property {number} seconds since the import began
 * @property {number} rows imported so far
 * @property {number} totalRows
 * @property {WorkerProgress[]} workers
 * @property {number} databaseBytes
 * @property {number} writeAheadBytes
 * @property {number} checkpoints
 * @property {number} commits
 *
 * @typedef {object} JobReport
 * @property {boolean} ok
 * @property {Check[]} checks
 * @property {WorkerProgress[]} workers
 * @property {Record<string, unknown>} figures
 * @property {string[]} provoked
 */

/**
 * @param {{ onProgress?: (progress: Progress) => void, signal?: AbortSignal }} [options] `signal` ends the
 *   job and its workers: nothing more is told, and the promise rejects with its reason
 * @returns {Promise<JobReport>}
 */
export async function runMainJob({ onProgress = () => {}, signal } = {}) {
  /** @type {Check[]} */
  const checks = [];
  /** @type {(name: string, ok: boolean, detail?: string) => void} */
  const check = (name, ok, detail) => {
    checks.push(detail === undefined ? { name, ok } : { name, ok, detail });
  };
  /** @type {(name: string, found: unknown, expected: unknown) => void} */
  const equal = (name, found, expected) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    if (a === b) check(name, true, a.length < 100 ? a : undefined);
    else check(name, false, `expected ${b}, found ${a}`);
  };

  const runtime = createRuntime({ name: 'flights', ...memoryOptions() });
  const progress = new ProgressSampler(runtime, onProgress);
  /** @type {JobWorker[]} */
  const workers = [];
  const end = () => {
    progress.stop();
    for (const worker of workers) worker.terminate(signal?.reason);
  };
  signal?.addEventListener('abort', end);
  try {
    progress.phase = 'loading';
    progress.report();
    const [flights, airports] = await Promise.all([loadFlights(signal), loadAirports(signal)]);
    signal?.throwIfAborted();
    const expected = expectedFigures(flights, airports);
    const cityOf = new Map(airports.map(({ iata, city }) => [iata, city]));

    progress.phase = 'preparing';
    progress.report();
    const importer = new JobWorker('importer', new URL('./importer.js', import.meta.url), (note) =>
      progress.imported(note.imported),
    );
    workers.push(importer);
    const wasmModule = await compileWasm();
    const modes = [await importer.call('connect', { runtime, wasmModule })];
    await importer.call('importAirports', { airports });

    /** @type {(() => void)[]} */
    const started = [];
    /** @type {Promise<void>[]} */
    const reading = [];
    /** @type {JobWorker[]} */
    const readers = [];
    for (let i = 0; i < READERS; i++) {
      reading.push(
        new Promise((resolve) => {
          started[i] = resolve;
        }),
      );
      const script = new URL('./reader.js', import.meta.url);
      const reader = new JobWorker(`reader ${i + 1}`, script, (note) => {
        progress.read(i, note);
        started[i]?.();
      });
      workers.push(reader);
      readers.push(reader);
      modes.push(await reader.call('connect', { runtime, wasmModule }));
    }
    equal(
      'every connection answers PRAGMA journal_mode with',
      modes,
      modes.map(() => 'wal'),
    );

    const given = {
      flights,
      delaySums: prefixSums(flights.delay),
      distanceSums: prefixSums(flights.distance),
      cities: flights.codes.map((code) => cityOf.get(code) ?? ''),
      searches: expected.searches,
    };
    const reads = readers.map((reader, i) => reader.call('readAlong', { ...given, offset: i }));
    // A reader that fails before its first note would leave the page waiting for that note.
    await Promise.race([Promise.all(reading), Promise.all(reads)]);

    progress.start();
    const before = diagnostics(runtime);
    /** @type {{ rows: number, transactions: number, ms: number, checkpoints: { busy: number, log: number, checkpointed: number, ms: number }[] }} */
    const imported = await importer.call('importFlights', { flights });
    const after = diagnostics(runtime);
    /** @type {{ transactions: number, reads: number, counts: number, seen: number, byKind: Record<string, number>, problems: string[], ms: number }[]} */
    const seen = await Promise.all(reads);
    progress.phase = 'checking';
    progress.report();

    equal('rows imported', imported.rows, FLIGHT_ROWS);
    equal('import transactions', imported.transactions, FLIGHT_ROWS / BATCH_ROWS);
    const automatic = after.counters.checkpoints - before.counters.checkpoints;
    check('checkpoints ran during the import', automatic >= 1, `${automatic}`);
    check(
      'the log began anew during the import',
      imported.checkpoints.some(
        ({ busy, log, checkpointed }) => busy === 0 && log > 0 && log === checkpointed,
      ),
      imported.checkpoints
        .map(({ busy, log, checkpointed, ms }) => `${busy} ${log}/${checkpointed} in ${ms} ms`)
        .join(', '),
    );
    for (const [i, stats] of seen.entries()) {
      const name = `reader ${i + 1}`;
      check(
        `${name}: every snapshot was whole`,
        stats.problems.length === 0,
        stats.problems.join('; '),
      );
      check(
        `${name}: saw different counts`,
        stats.counts >= COUNTS_FLOOR,
        `${stats.counts}, floor ${COUNTS_FLOOR}`,
      );
      const kinds = Object.entries(stats.byKind);
      check(
        `${name}: ran every kind of query`,
        kinds.length === 5 && kinds.every(([, count]) => count >= KIND_FLOOR),
        kinds.map(([kind, count]) => `${count} ${kind}`).join(', '),
      );
      equal(`${name}: saw the last row`, stats.seen, FLIGHT_ROWS);
    }
    for (const worker of workers) {
      /** @type {import('./figures.js').Figures} */
      const found = await worker.call('figures');
      for (const [name, value] of Object.entries(expected)) {
        equal(`${worker.name}: ${name}`, found[/** @type {keyof typeof found} */ (name)], value);
      }
    }
    equal('integrity_check', await importer.call('integrity'), 'ok');
    for (const worker of workers) await worker.call('close');
    equal('connections left', diagnostics(runtime).connections.length, 0);
    equal('bytes left in the log after the last close', diagnostics(runtime).writeAhead.bytes, 0);
    dispose(runtime);
    progress.phase = 'done';
    return {
      ok: checks.every(({ ok }) => ok),
      checks,
      workers: progress.finish(imported.ms),
      figures: {
        importSeconds: Math.round(imported.ms) / 1000,
        rowsPerSecond: Math.round((imported.rows * 1000) / imported.ms),
        checkpoints: automatic,
        writeAheadPeakBytes: progress.writeAheadPeak,
        databaseBytes: after.database.bytes,
        readers: seen.map(({ problems, ...stats }) => ({ ...stats, problems: problems.length })),
        totals: expected.totals,
        origins: expected.origins,
        searches: Object.fromEntries(
          Object.entries(expected.searches).map(([text, hits]) => [text, hits.length]),
        ),
      },
      provoked: [],
    };
  } finally {
    end();
    signal?.removeEventListener('abort', end);
  }
}

/** Puts together, every tenth of a second, what the workers told and what the runtime tells. */
class ProgressSampler {
  /** @type {Phase} */
  phase = 'loading';
  writeAheadPeak = 0;
  #runtime;
  #onProgress;
  #start = 0;
  #rows = 0;
  /** @type {any[]} */
  #readers = [];
  /** Past samples of what each worker did, for its pace. @type {{ at: number, done: number[] }[]} */
  #history = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {import('sharedwal').Runtime} runtime
   * @param {(progress: Progress) => void} onProgress
   */
  constructor(runtime, onProgress) {
    this.#runtime = runtime;
    this.#onProgress = onProgress;
  }

  start() {
    this.phase = 'importing';
    this.#start = performance.now();
    this.#timer = setInterval(() => this.report(), SAMPLE_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** @param {number} rows */
  imported(rows) {
    this.#rows = rows;
  }

  /**
   * @param {number} reader
   * @param {any} note
   */
  read(reader, note) {
    this.#readers[reader] = note;
  }

  /** @returns {WorkerProgress[]} */
  #workers() {
    const done = [this.#rows, ...this.#readers.map((note) => note?.reads ?? 0)];
    const now = performance.now();
    this.#history.push({ at: now, done });
    while ((this.#history[0]?.at ?? now) < now - 1000) this.#history.shift();
    const [first = { at: now, done }] = this.#history;
    const seconds = (now - first.at) / 1000;
    const pace = done.map((count, i) =>
      seconds > 0 ? (count - (first.done[i] ?? 0)) / seconds : 0,
    );
    return this.#describe(pace);
  }

  /**
   * @param {number[]} pace
   * @returns {WorkerProgress[]}
   */
  #describe(pace) {
    return [
      {
        name: 'importer',
        role: 'importer',
        rows: this.#rows,
        transactions: this.#rows / BATCH_ROWS,
        perSecond: Math.round(pace[0] ?? 0),
      },
      ...this.#readers.map((note, i) => ({
        name: `reader ${i + 1}`,
        role: /** @type {const} */ ('reader'),
        rows: note?.seen ?? 0,
        transactions: note?.transactions ?? 0,
        perSecond: Math.round(pace[i + 1] ?? 0),
        reads: note?.reads ?? 0,
        counts: note?.counts ?? 0,
        problems: note?.problems ?? 0,
      })),
    ];
  }

  /**
   * The workers' figures over the whole run.
   *
   * @param {number} importMs
   */
  finish(importMs) {
    this.stop();
    this.report();
    return this.#describe([
      (this.#rows * 1000) / importMs,
      ...this.#readers.map((note) => ((note?.reads ?? 0) * 1000) / (note?.ms || 1)),
    ]);
  }

  report() {
    const { database, writeAhead, counters } = diagnostics(this.#runtime);
    this.writeAheadPeak = Math.max(this.writeAheadPeak, writeAhead.bytes);
    this.#onProgress({
      phase: this.phase,
      seconds: this.#start ? (performance.now() - this.#start) / 1000 : 0,
      rows: this.#rows,
      totalRows: FLIGHT_ROWS,
      workers: this.#workers(),
      databaseBytes: database.bytes,
      writeAheadBytes: writeAhead.bytes,
      checkpoints: counters.checkpoints,
      commits: counters.commits,
    });
  }
}
