// @ts-check
// The kinds of queries that the readers run inside a snapshot of so many flights, each with the
// answer that plain JavaScript finds in the columns.

const LOOK_UPS = 20;
const RANGE_ROWS = 2_000;

/**
 * @typedef {{ reads: number, problem?: string }} Outcome
 * @typedef {{ kind: string, run: (rows: number) => Outcome }} Query
 */

/** @param {number} below */
function randomInteger(below) {
  return Math.floor(Math.random() * below);
}

/**
 * The first place in a rising column whose value is at least `value`.
 *
 * @param {Int32Array} column
 * @param {number} value
 */
function lowerBound(column, value) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {number} reads
 * @param {unknown} found
 * @param {unknown} expected
 * @returns {Outcome}
 */
function compare(reads, found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  return a === b ? { reads } : { reads, problem: `found ${a}, expected ${b}` };
}

/**
 * @param {import('../../dist/index.js').Database} db
 * @param {import('./reader.js').Given} given
 * @returns {Query[]}
 */
export function prepareQueries(db, { flights, delaySums, distanceSums, cities, searches }) {
  const byId = db.prepare('select * from flights where id = ?').raw();
  const byDate = db
    .prepare(
      `select count(*), coalesce(sum(delay), 0), coalesce(sum(distance), 0)
         from flights where date >= ? and date < ?`,
    )
    .raw();
  const join = db
    .prepare(
      `select a.city, count(*) from flights f join airports a on a.iata = f.origin
        where f.id between ? and ? group by a.city order by a.city`,
    )
    .raw();
  const ofOrigin = db
    .prepare('select count(*), coalesce(sum(delay), 0) from flights where origin = ?')
    .raw();
  const search = db
    .prepare('select iata from airport_search where airport_search match ? order by iata')
    .pluck();
  const words = Object.keys(searches);
  let searched = 0;

  return [
    {
      kind: 'look-ups',
      run(rows) {
        for (let n = 1; n <= LOOK_UPS; n++) {
          const i = randomInteger(Math.max(rows, 1));
          const expected = [
            i + 1,
            flights.date[i],
            flights.delay[i],
            flights.distance[i],
            flights.codes[flights.origin[i] ?? 0],
            flights.codes[flights.destination[i] ?? 0],
          ];
          const outcome = compare(n, byId.get(i + 1), rows === 0 ? undefined : expected);
          if (outcome.problem !== undefined) return outcome;
        }
        return { reads: LOOK_UPS };
      },
    },
    {
      kind: 'ranges',
      run(rows) {
        const from = flights.date[randomInteger(flights.rows)] ?? 0;
        const to =
          flights.date[Math.min(lowerBound(flights.date, from) + RANGE_ROWS, flights.rows - 1)] ??
          0;
        const low = Math.min(lowerBound(flights.date, from), rows);
        const high = Math.min(lowerBound(flights.date, to), rows);
        const expected = [
          high - low,
          (delaySums[high] ?? 0) - (delaySums[low] ?? 0),
          (distanceSums[high] ?? 0) - (distanceSums[low] ?? 0),
        ];
        return compare(1, byDate.get(from, to), expected);
      },
    },
    {
      kind: 'joins',
      run(rows) {
        const from = randomInteger(Math.max(rows - RANGE_ROWS, 1));
        const to = Math.min(from + RANGE_ROWS, rows);
        /** @type {Map<string, number>} */
        const counts = new Map();
        for (let i = from; i < to; i++) {
          const city = cities[flights.origin[i] ?? 0] ?? '';
          counts.set(city, (counts.get(city) ?? 0) + 1);
        }
        const expected = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
        return compare(1, join.all(from + 1, to), expected);
      },
    },
    {
      kind: 'aggregates',
      run(rows) {
        const place = randomInteger(flights.codes.length);
        let count = 0;
        let delay = 0;
        for (let i = 0; i < rows; i++) {
          if (flights.origin[i] !== place) continue;
          count += 1;
          delay += flights.delay[i] ?? 0;
        }
        return compare(1, ofOrigin.get(flights.codes[place]), [count, delay]);
      },
    },
    {
      kind: 'searches',
      run() {
        const text = words[searched++ % words.length] ?? '';
        return compare(1, search.all(text), searches[text]);
      },
    },
  ];
}
