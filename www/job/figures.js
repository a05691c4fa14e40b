// @ts-check
// The figures that everybody must agree on when the import is done: here by SQL, in
// expected_figures.js by plain JavaScript from the same files.

/** Searches over the names and cities of the airports; `*` stands for any end of a word. */
export const SEARCHES = [
  'international',
  'county',
  'city municipal',
  'san',
  'lake city',
  'los angeles',
  'inter*',
  'spring* municipal',
  'nowhereatall',
];

/**
 * @typedef {object} Figures
 * @property {Record<'rows' | 'delay' | 'distance' | 'last' | 'first' | 'latest' | 'worst', number>} totals
 * @property {[string, number, number][]} origins the ten airports with most departures, with their delay
 * @property {[string, number, number][]} states the ten states with most departures, with their miles
 * @property {[string, string, number][]} routes the ten routes between most distant cities, by flights
 * @property {[number, number, number][]} days flights and delayed flights of each day
 * @property {number} airports
 * @property {Record<string, string[]>} searches
 */

/**
 * @param {import('../../dist/index.js').Database} db
 * @returns {Figures}
 */
export function figuresBySql(db) {
  /** @param {string} sql */
  const rows = (sql) => /** @type {any[]} */ (db.prepare(sql).raw().all());
  const search = db
    .prepare('select iata from airport_search where airport_search match ? order by iata')
    .pluck();
  return {
    totals: /** @type {Figures['totals']} */ (
      db
        .prepare(
          `select count(*) as rows, sum(delay) as delay, sum(distance) as distance, max(id) as last,
                  min(date) as first, max(date) as latest, max(delay) as worst
             from flights`,
        )
        .get()
    ),
    origins: rows(
      `select origin, count(*), sum(delay) from flights
        group by origin order by count(*) desc, origin limit 10`,
    ),
    states: rows(
      `select a.state, count(*), sum(f.distance)
         from flights f join airports a on a.iata = f.origin
        group by a.state order by count(*) desc, a.state limit 10`,
    ),
    routes: rows(
      `select o.city, d.city, count(*)
         from flights f
         join airports o on o.iata = f.origin
         join airports d on d.iata = f.destination
        where f.distance >= 2000
        group by o.city, d.city order by count(*) desc, o.city, d.city limit 10`,
    ),
    days: rows(
      `select date / 86400, count(*), count(*) filter (where delay > 15)
         from flights group by 1 order by 1`,
    ),
    airports: /** @type {number} */ (db.prepare('select count(*) from airports').pluck().get()),
    searches: Object.fromEntries(
      SEARCHES.map((words) => [words, /** @type {string[]} */ (search.all(words))]),
    ),
  };
}
