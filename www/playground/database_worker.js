// @ts-check
// Does for the page what concerns the whole database: samples and files in, a file out, its schema.
import { exportDatabase, importDatabase, open } from '../../dist/index.js';
import { answerCalls, sendNote } from '../job/protocol.js';
import { SCHEMA } from '../job/schema.js';

/**
 * @typedef {import('../../dist/index.js').Runtime} Runtime
 * @typedef {import('../../dist/index.js').Database} Database
 *
 * @typedef {object} Relation a table or a view
 * @property {string} name
 * @property {string} type `table`, `view` or `virtual`
 * @property {{ name: string, type: string, key: boolean }[]} columns
 * @property {number | undefined} rows undefined where counting them takes long
 */

const COUNT_MS = 200;

/** @type {Runtime | undefined} */
let runtime;
/** @type {Database | undefined} */
let connection;
/** A word that the page sets to end what replaces the database. @type {Int32Array | undefined} */
let cancelled;

function shared() {
  if (runtime === undefined || connection === undefined) throw new Error('it is not connected');
  return { runtime, db: connection };
}

function throwIfCancelled() {
  if (cancelled && Atomics.load(cancelled, 0) !== 0) {
    throw new DOMException('it was cancelled', 'AbortError');
  }
}

/** @param {{ runtime: Runtime, wasmModule: WebAssembly.Module, cancelled: Int32Array }} args */
async function connect({ wasmModule, ...args }) {
  ({ runtime, cancelled } = args);
  connection = await open(runtime, { readonly: true, wasmModule });
}

/** @returns {Relation[]} */
function schema() {
  const { db } = shared();
  const relations = /** @type {{ name: string, type: string }[]} */ (
    db
      .prepare(
        `select name, type from pragma_table_list
          where schema = 'main' and type <> 'shadow' and name not like 'sqlite\\_%' escape '\\'
          order by name`,
      )
      .all()
  );
  return relations.map(({ name, type }) => ({
    name,
    type,
    columns: columns(db, name),
    rows: count(db, name),
  }));
}

/**
 * @param {Database} db
 * @param {string} relation
 */
function columns(db, relation) {
  return /** @type {{ name: string, type: string, pk: number }[]} */ (
    db.prepare('select name, type, pk from pragma_table_info(?)').all(relation)
  ).map(({ name, type, pk }) => ({ name, type, key: pk > 0 }));
}

/**
 * @param {Database} db
 * @param {string} relation
 */
function count(db, relation) {
  try {
    const all = db.prepare(`select count(*) from "${relation.replaceAll('"', '""')}"`).pluck();
    return Number(all.limit({ timeoutMs: COUNT_MS }).get());
  } catch {
    // It takes longer than that, or the view does not compile.
    return undefined;
  }
}

/**
 * Replaces the shared database by one that is filled on the side, so that nobody ever sees a part of it.
 *
 * @param {(db: Database) => void} fill
 */
async function replaceBy(fill) {
  const db = await open(':memory:');
  /** @type {Uint8Array<ArrayBuffer>} */
  let bytes;
  try {
    db.transaction(() => fill(db))();
    bytes = db.serialize();
  } finally {
    db.close();
  }
  await importImage({ database: bytes });
}

/** @param {import('../../dist/index.js').DatabaseImage} image */
async function importImage(image) {
  throwIfCancelled();
  const onProgress = (/** @type {import('../../dist/index.js').ImageProgress} */ progress) => {
    sendNote(progress);
    // All of it is there after the last page was copied.
    if (progress.phase !== 'copying' || progress.done !== progress.total) throwIfCancelled();
  };
  await importDatabase(shared().runtime, image, { onProgress });
}

/** @param {{ flights: import('../job/slice.js').Flights, airports: import('../job/slice.js').Airport[] }} args */
async function flightsSample({ flights, airports }) {
  await replaceBy((db) => {
    db.exec(SCHEMA);
    const airport = db.prepare(
      'insert into airports values (@iata, @name, @city, @state, @country, @latitude, @longitude)',
    );
    const index = db.prepare(
      'insert into airport_search (iata, name, city) values (@iata, @name, @city)',
    );
    for (const one of airports) {
      airport.run(one);
      index.run(one);
    }
    const flight = db.prepare('insert into flights values (?, ?, ?, ?, ?, ?)');
    for (let i = 0; i < flights.rows; i++) {
      throwIfCancelled();
      const [origin, destination] = [flights.origin[i] ?? 0, flights.destination[i] ?? 0];
      flight.run(
        ...[i + 1, flights.date[i], flights.delay[i], flights.distance[i]],
        ...[flights.codes[origin], flights.codes[destination]],
      );
    }
  });
}

/** @param {{ days: string[][] }} args date, precipitation, highest, lowest temperature, wind, weather */
async function weatherSample({ days }) {
  await replaceBy((db) => {
    db.exec(`
      create table weather (
        date text primary key,
        precipitation real not null,
        highest real not null,
        lowest real not null,
        wind real not null,
        kind text not null
      )`);
    const insert = db.prepare('insert into weather values (?, ?, ?, ?, ?, ?)');
    for (const [date, precipitation, highest, lowest, wind, kind] of days) {
      insert.run(date, ...[precipitation, highest, lowest, wind].map(Number), kind);
    }
  });
}

answerCalls({
  connect,
  schema,
  flightsSample,
  weatherSample,
  emptySample: () => replaceBy(() => {}),
  importImage,
  exportImage: () => exportDatabase(shared().runtime),
});
