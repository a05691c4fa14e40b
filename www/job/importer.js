// @ts-check
// The job's one writer.
import { open } from '../../dist/index.js';
import { figuresBySql } from './figures.js';
import { answerCalls, sendNote } from './protocol.js';
import { SCHEMA } from './schema.js';
import { BATCH_ROWS } from './slice.js';

/** So many batches lie between two checkpoints that let the log start from its beginning again. */
const BATCHES_PER_RESTART = 20;

/**
 * How long a checkpoint waits for readers. As in any SQLite, readers that follow each other without
 * a gap can hold one off; the next one gets another chance.
 */
const TIMEOUT_MS = 1000;

/** @type {import('../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('the importer is not connected');
  return db;
}

/** @param {{ runtime: import('../../dist/index.js').Runtime, wasmModule: WebAssembly.Module }} args */
async function connect({ runtime, wasmModule }) {
  db = await open(runtime, { timeout: TIMEOUT_MS, wasmModule });
  db.exec(SCHEMA);
  return db.pragma('journal_mode', { simple: true });
}

/** @param {{ airports: import('./slice.js').Airport[] }} args */
function importAirports({ airports }) {
  const insert = opened().prepare(
    'insert into airports values (@iata, @name, @city, @state, @country, @latitude, @longitude)',
  );
  const index = opened().prepare(
    'insert into airport_search (iata, name, city) values (@iata, @name, @city)',
  );
  opened()
    .transaction(() => {
      for (const airport of airports) {
        insert.run(airport);
        index.run(airport);
      }
    })
    .immediate();
}

/**
 * Imports the flights batch by batch without ever yielding to the event loop.
 *
 * @param {{ flights: import('./slice.js').Flights }} args
 */
function importFlights({ flights }) {
  const insert = opened().prepare('insert into flights values (?, ?, ?, ?, ?, ?)');
  const importBatch = opened().transaction((/** @type {number} */ from) => {
    for (let i = from; i < from + BATCH_ROWS; i++) {
      insert.run(
        i + 1,
        flights.date[i],
        flights.delay[i],
        flights.distance[i],
        flights.codes[flights.origin[i] ?? 0],
        flights.codes[flights.destination[i] ?? 0],
      );
    }
  }).immediate;
  const checkpoint = opened().prepare('pragma wal_checkpoint(restart)');
  /** @type {{ busy: number, log: number, checkpointed: number, ms: number }[]} */
  const checkpoints = [];
  const start = performance.now();
  let transactions = 0;
  for (let from = 0; from < flights.rows; from += BATCH_ROWS) {
    importBatch(from);
    transactions += 1;
    if (transactions % BATCHES_PER_RESTART === 0) {
      const began = performance.now();
      const row = /** @type {Omit<typeof checkpoints[0], 'ms'>} */ (checkpoint.get());
      checkpoints.push({ ...row, ms: Math.round(performance.now() - began) });
    }
    sendNote({ imported: from + BATCH_ROWS });
  }
  return { rows: flights.rows, transactions, checkpoints, ms: performance.now() - start };
}

answerCalls({
  connect,
  importAirports,
  importFlights,
  figures: () => figuresBySql(opened()),
  integrity: () => opened().pragma('integrity_check', { simple: true }),
  close: () => {
    opened().close();
  },
});
