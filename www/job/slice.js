// @ts-check
// The slice of real data that the job works on, and the form in which its workers get it.

/** Rows 0 … 199,999 of the flights file. */
export const FLIGHT_ROWS = 200_000;
/** Rows of one import transaction. */
export const BATCH_ROWS = 1_000;
/** Rows of the airports file. */
export const AIRPORT_ROWS = 3_376;
/** Readers beside the one importer. */
export const READERS = 3;

/**
 * The flights in columns on shared bytes: every worker looks into the same copy. Flight `i` has the
 * id `i + 1` in the database.
 *
 * @typedef {object} Flights
 * @property {number} rows
 * @property {Int32Array<SharedArrayBuffer>} date departure, in seconds since 1970
 * @property {Int32Array<SharedArrayBuffer>} delay minutes
 * @property {Int32Array<SharedArrayBuffer>} distance miles
 * @property {Uint16Array<SharedArrayBuffer>} origin places in `codes`
 * @property {Uint16Array<SharedArrayBuffer>} destination places in `codes`
 * @property {string[]} codes airport codes
 *
 * @typedef {object} Airport
 * @property {string} iata
 * @property {string} name
 * @property {string} city
 * @property {string} state
 * @property {string} country
 * @property {number} latitude
 * @property {number} longitude
 */

/**
 * @param {number} rows
 * @returns {Flights}
 */
export function emptyFlights(rows) {
  const words = () => new Int32Array(new SharedArrayBuffer(rows * 4));
  const places = () => new Uint16Array(new SharedArrayBuffer(rows * 2));
  return {
    rows,
    date: words(),
    delay: words(),
    distance: words(),
    origin: places(),
    destination: places(),
    codes: [],
  };
}

/**
 * Sums of a column's first 0, 1, 2, … rows: what a reader that sees so many rows must find.
 *
 * @param {Int32Array} column
 * @returns {Float64Array<SharedArrayBuffer>}
 */
export function prefixSums(column) {
  const sums = new Float64Array(new SharedArrayBuffer((column.length + 1) * 8));
  let sum = 0;
  for (let i = 0; i < column.length; i++) {
    sum += column[i] ?? 0;
    sums[i + 1] = sum;
  }
  return sums;
}
