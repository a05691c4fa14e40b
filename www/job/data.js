// @ts-check
// Loads the slice from the files of the npm package vega-datasets. For the page only: workers have
// no import map.
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parseCsv } from './csv.js';
import { AIRPORT_ROWS, emptyFlights, FLIGHT_ROWS } from './slice.js';

const DATA = new URL('../../node_modules/vega-datasets/data/', import.meta.url);
const COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'];

/**
 * @param {string} name
 * @param {AbortSignal} [signal]
 */
export async function fetchFile(name, signal) {
  const response = await fetch(new URL(name, DATA), signal && { signal });
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response;
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./slice.js').Flights>}
 */
export async function loadFlights(signal) {
  const file = await (await fetchFile('flights-3m.parquet', signal)).arrayBuffer();
  const rows = await parquetReadObjects({
    file,
    columns: COLUMNS,
    rowStart: 0,
    rowEnd: FLIGHT_ROWS,
    compressors,
  });
  if (rows.length !== FLIGHT_ROWS) throw new Error(`the flights file gave ${rows.length} rows`);
  const flights = emptyFlights(rows.length);
  /** @type {Map<string, number>} */
  const places = new Map();
  /** @param {string} code */
  const place = (code) => {
    let at = places.get(code);
    if (at === undefined) {
      at = flights.codes.push(code) - 1;
      places.set(code, at);
    }
    return at;
  };
  for (const [i, row] of rows.entries()) {
    flights.date[i] = row.date.getTime() / 1000;
    flights.delay[i] = Number(row.delay);
    flights.distance[i] = Number(row.distance);
    flights.origin[i] = place(row.origin);
    flights.destination[i] = place(row.destination);
  }
  return flights;
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./slice.js').Airport[]>}
 */
export async function loadAirports(signal) {
  const [header, ...records] = parseCsv(await (await fetchFile('airports.csv', signal)).text());
  const expected = 'iata,name,city,state,country,latitude,longitude';
  if (header?.join() !== expected) throw new Error(`the airports file has the columns ${header}`);
  if (records.length !== AIRPORT_ROWS) throw new Error(`it gave ${records.length} airports`);
  return records.map((record) => {
    const [iata = '', name = '', city = '', state = '', country = '', latitude, longitude] = record;
    return {
      iata,
      name,
      city,
      state,
      country,
      latitude: Number(latitude),
      longitude: Number(longitude),
    };
  });
}
