// @ts-check
// The figures of figures.js, computed without SQL from the same files.
import { SEARCHES } from './figures.js';

/**
 * @param {Map<string, number[]>} groups
 * @param {string} key
 * @param {number[]} add
 */
function addTo(groups, key, add) {
  const sums = groups.get(key);
  if (sums === undefined) groups.set(key, [...add]);
  else for (const [i, value] of add.entries()) sums[i] = (sums[i] ?? 0) + value;
}

/**
 * SQLite compares texts by their bytes; the texts here are ASCII, so code units do as well.
 *
 * @param {string} a
 * @param {string} b
 */
function byText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The groups with most members first, equals by their key.
 *
 * @param {Map<string, number[]>} groups
 */
function ranked(groups) {
  return [...groups].sort(([a, [m = 0]], [b, [n = 0]]) => n - m || byText(a, b));
}

/** @param {string} text */
function words(text) {
  return text.toLowerCase().split(/[^a-z0-9]+/);
}

/**
 * The airports that have every word of the search in their name or city.
 *
 * @param {{ iata: string, words: string[] }[]} indexed
 * @param {string} search
 */
function matches(indexed, search) {
  const wanted = search.split(' ');
  return indexed
    .filter((airport) =>
      wanted.every((want) =>
        airport.words.some((word) =>
          want.endsWith('*') ? word.startsWith(want.slice(0, -1)) : word === want,
        ),
      ),
    )
    .map(({ iata }) => iata)
    .sort(byText);
}

/**
 * @param {import('./slice.js').Flights} flights
 * @param {import('./slice.js').Airport[]} airports
 * @returns {import('./figures.js').Figures}
 */
export function expectedFigures(flights, airports) {
  const byCode = new Map(airports.map((airport) => [airport.iata, airport]));
  const indexed = airports.map(({ iata, name, city }) => ({
    iata,
    words: words(`${name} ${city}`),
  }));
  const totals = {
    rows: flights.rows,
    delay: 0,
    distance: 0,
    last: flights.rows,
    first: Infinity,
    latest: -Infinity,
    worst: -Infinity,
  };
  /** @type {Map<string, number[]>} */
  const origins = new Map();
  /** @type {Map<string, number[]>} */
  const states = new Map();
  /** @type {Map<string, number[]>} */
  const routes = new Map();
  /** @type {Map<number, [number, number, number]>} */
  const days = new Map();
  for (let i = 0; i < flights.rows; i++) {
    const date = flights.date[i] ?? 0;
    const delay = flights.delay[i] ?? 0;
    const distance = flights.distance[i] ?? 0;
    const origin = flights.codes[flights.origin[i] ?? 0] ?? '';
    const destination = flights.codes[flights.destination[i] ?? 0] ?? '';
    totals.delay += delay;
    totals.distance += distance;
    totals.first = Math.min(totals.first, date);
    totals.latest = Math.max(totals.latest, date);
    totals.worst = Math.max(totals.worst, delay);
    addTo(origins, origin, [1, delay]);
    const from = byCode.get(origin);
    const to = byCode.get(destination);
    if (from) addTo(states, from.state, [1, distance]);
    if (from && to && distance >= 2000) addTo(routes, `${from.city}\t${to.city}`, [1]);
    const day = Math.floor(date / 86400);
    const ofDay = days.get(day) ?? [day, 0, 0];
    ofDay[1] += 1;
    if (delay > 15) ofDay[2] += 1;
    days.set(day, ofDay);
  }
  return {
    totals,
    origins: ranked(origins)
      .slice(0, 10)
      .map(([origin, [count = 0, delay = 0]]) => [origin, count, delay]),
    states: ranked(states)
      .slice(0, 10)
      .map(([state, [count = 0, distance = 0]]) => [state, count, distance]),
    routes: ranked(routes)
      .slice(0, 10)
      .map(([route, [count = 0]]) => {
        const [from = '', to = ''] = route.split('\t');
        return [from, to, count];
      }),
    days: [...days.values()].sort(([a], [b]) => a - b),
    airports: airports.length,
    searches: Object.fromEntries(SEARCHES.map((search) => [search, matches(indexed, search)])),
  };
}
