// @ts-check
// One of the job's readers: queries without pause while the import runs, and checks every answer
// against the columns of the file.
import { open } from '../../dist/index.js';
import { figuresBySql } from './figures.js';
import { answerCalls, sendNote } from './protocol.js';
import { prepareQueries } from './queries.js';
import { BATCH_ROWS } from './slice.js';

/**
 * @typedef {import('./slice.js').Flights} Flights
 * @typedef {{ rows: number, last: number | null, delay: number | null, distance: number | null }} Totals
 * @typedef {object} Given
 * @property {Flights} flights
 * @property {Float64Array} delaySums `prefixSums` of the delay column
 * @property {Float64Array} distanceSums
 * @property {string[]} cities the city of each place in `flights.codes`
 * @property {Record<string, string[]>} searches
 */

const NOTE_EVERY_MS = 200;
/** Every so many transactions a reader counts all rows, in the others the newest alone. */
const WHOLE_EVERY = 4;
const NEWEST_ROWS = 10_000;
/** An import that shows nothing new for so long has failed. */
const PATIENCE_MS = 120_000;
const MAX_PROBLEMS = 20;

/** @type {import('../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('the reader is not connected');
  return db;
}

/** @param {{ runtime: import('../../dist/index.js').Runtime, wasmModule: WebAssembly.Module }} args */
async function connect({ runtime, wasmModule }) {
  db = await open(runtime, { wasmModule });
  return db.pragma('journal_mode', { simple: true });
}

/**
 * Reads until all flights are there. Never yields to the event loop: what it sees of the import, it
 * sees through the shared database alone.
 *
 * @param {Given & { offset: number }} args `offset`: with which kind of query to begin
 */
function readAlong({ offset, ...given }) {
  const { flights, delaySums, distanceSums } = given;
  const connection = opened();
  const queries = prepareQueries(connection, given);
  const totals = connection.prepare(
    `select count(*) as rows, max(id) as last, sum(delay) as delay, sum(distance) as distance
       from flights where id > ?`,
  );
  const stats = {
    transactions: 0,
    reads: 0,
    counts: 0,
    seen: 0,
    byKind: Object.fromEntries(queries.map(({ kind }) => [kind, 0])),
    problems: /** @type {string[]} */ ([]),
    ms: 0,
  };
  const different = new Set();
  /** @param {string} problem */
  const report = (problem) => {
    if (stats.problems.length < MAX_PROBLEMS) stats.problems.push(problem);
  };

  /**
   * Count, sums and last id of what the present transaction sees must agree with each other.
   *
   * @param {number} from rows before this one are left out of the query
   */
  const count = (from) => {
    const found = /** @type {Totals} */ (totals.get(from));
    const rows = from + found.rows;
    if (rows % BATCH_ROWS !== 0) report(`${rows} rows are no whole number of batches`);
    if ((found.last ?? from) !== rows) report(`${rows} rows, but the last id is ${found.last}`);
    const delay = (delaySums[rows] ?? 0) - (delaySums[from] ?? 0);
    if ((found.delay ?? 0) !== delay) report(`sum(delay) of ${rows} rows is ${found.delay}`);
    const distance = (distanceSums[rows] ?? 0) - (distanceSums[from] ?? 0);
    if ((found.distance ?? 0) !== distance) report(`sum(distance) of ${rows}: ${found.distance}`);
    stats.reads += 1;
    return rows;
  };

  const look = connection.transaction(() => {
    const whole = stats.transactions % WHOLE_EVERY === 0;
    const from = whole ? 0 : Math.max(0, stats.seen - NEWEST_ROWS);
    const rows = count(from);
    const query = queries[(stats.transactions + offset) % queries.length];
    if (query) {
      const { reads, problem } = query.run(rows);
      stats.reads += reads;
      stats.byKind[query.kind] = (stats.byKind[query.kind] ?? 0) + reads;
      if (problem !== undefined) report(`${query.kind} at ${rows} rows: ${problem}`);
    }
    const again = count(from);
    if (again !== rows) report(`one transaction saw ${rows} rows, then ${again}`);
    return rows;
  });

  const start = performance.now();
  let noted = -Infinity;
  let changed = start;
  for (;;) {
    const rows = look();
    stats.transactions += 1;
    const now = performance.now();
    if (rows < stats.seen) report(`the count fell from ${stats.seen} to ${rows}`);
    if (rows !== stats.seen) changed = now;
    stats.seen = rows;
    different.add(rows);
    stats.counts = different.size;
    stats.ms = now - start;
    const done = rows === flights.rows;
    if (done || now - noted >= NOTE_EVERY_MS) {
      noted = now;
      sendNote({ ...stats, problems: stats.problems.length });
    }
    if (done) return stats;
    if (now - changed > PATIENCE_MS) throw new Error(`nothing new after ${rows} rows`);
  }
}

answerCalls({
  connect,
  readAlong,
  figures: () => figuresBySql(opened()),
  close: () => {
    opened().close();
  },
});
