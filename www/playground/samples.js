// @ts-check
// The sample databases. For the page only: workers have no import map.

import { parseCsv } from '../job/csv.js';
import { fetchFile, loadAirports, loadFlights } from '../job/data.js';
import { emptyFlights } from '../job/slice.js';

/**
 * @typedef {object} Sample
 * @property {string} name also of the file that is downloaded
 * @property {string} title
 * @property {string} task of database_worker.js
 * @property {(signal: AbortSignal) => Promise<object>} load the task's arguments
 * @property {readonly { title: string, sql: string }[]} examples
 */

const FLIGHT_EXAMPLES = [
  {
    title: 'Busiest routes',
    sql: `-- The busiest routes and how late their flights are
select a.city as origin, b.city as destination, count(*) as flights, round(avg(f.delay), 1) as delay
from flights f
join airports a on a.iata = f.origin
join airports b on b.iata = f.destination
group by a.city, b.city
order by flights desc
limit 20;`,
  },
  {
    title: 'Delays over the day',
    sql: `-- Average delay by hour, and its moving average over three hours
with hours as (
  select cast(strftime('%H', date, 'unixepoch') as integer) as hour, count(*) as flights, avg(delay) as delay
  from flights group by hour
)
select hour, flights, round(delay, 1) as delay,
  round(avg(delay) over (order by hour rows between 1 preceding and 1 following), 1) as smoothed
from hours order by hour;`,
  },
  {
    title: 'Full-text search',
    sql: `select iata, highlight(airport_search, 1, '[', ']') as airport, city
from airport_search where airport_search match 'international OR regional' order by rank limit 50;`,
  },
  {
    title: 'A write, to be seen by the other workers',
    sql: `begin immediate;
insert into flights (date, delay, distance, origin, destination)
values (unixepoch(), 5, 337, 'SFO', 'LAX') returning *;
-- Choose another worker: it does not see the row before this one commits.
-- commit;`,
  },
  {
    title: 'Something that takes long, to be cancelled',
    sql: `with recursive n (i) as (select 1 union all select i + 1 from n)
select max(i) from n where i < 1000000000;`,
  },
];

/**
 * The columns of flights-2k.json, in the form that the main job has.
 *
 * @param {AbortSignal} signal
 */
async function loadFewFlights(signal) {
  /** @type {{ date: string, delay: number, distance: number, origin: string, destination: string }[]} */
  const rows = await (await fetchFile('flights-2k.json', signal)).json();
  const flights = emptyFlights(rows.length);
  flights.codes = [...new Set(rows.flatMap(({ origin, destination }) => [origin, destination]))];
  const places = new Map(flights.codes.map((code, i) => [code, i]));
  for (const [i, { date, delay, distance, origin, destination }] of rows.entries()) {
    const [year = 0, month = 0, ...rest] = date.split(/\D/).map(Number);
    flights.date[i] = Date.UTC(year, month - 1, ...rest) / 1000;
    flights.delay[i] = delay;
    flights.distance[i] = distance;
    flights.origin[i] = places.get(origin) ?? 0;
    flights.destination[i] = places.get(destination) ?? 0;
  }
  return flights;
}

/**
 * @param {(signal: AbortSignal) => Promise<import('../job/slice.js').Flights>} load
 * @param {AbortSignal} signal
 */
async function withAirports(load, signal) {
  const [flights, airports] = await Promise.all([load(signal), loadAirports(signal)]);
  return { flights, airports };
}

/** @type {readonly [Sample, ...Sample[]]} */
export const SAMPLES = [
  {
    name: 'flights-2k',
    title: 'Flights (2,000)',
    task: 'flightsSample',
    load: (signal) => withAirports(loadFewFlights, signal),
    examples: FLIGHT_EXAMPLES,
  },
  {
    name: 'flights-200k',
    title: 'Flights (200,000; 13 MB)',
    task: 'flightsSample',
    load: (signal) => withAirports(loadFlights, signal),
    examples: FLIGHT_EXAMPLES,
  },
  {
    name: 'weather',
    title: 'Weather of Seattle',
    task: 'weatherSample',
    load: async (signal) => {
      const file = await fetchFile('seattle-weather.csv', signal);
      const [, ...days] = parseCsv(await file.text());
      return { days };
    },
    examples: [
      {
        title: 'Months',
        sql: `select strftime('%Y-%m', date) as month, round(sum(precipitation), 1) as mm,
  round(avg(highest), 1) as highest, round(avg(lowest), 1) as lowest,
  count(*) filter (where kind = 'sun') as days_of_sun
from weather group by month order by month;`,
      },
      {
        title: 'Longest dry spells',
        sql: `with days as (
  select date, julianday(date) - row_number() over (order by date) as spell
  from weather where precipitation = 0
)
select min(date) as first, max(date) as last, count(*) as days
from days group by spell order by days desc limit 10;`,
      },
    ],
  },
  {
    name: 'empty',
    title: 'Empty',
    task: 'emptySample',
    load: async () => ({}),
    examples: [
      {
        title: 'A table, and rows for it',
        sql: `create table notes (id integer primary key, text text not null);
insert into notes (text) values ('one'), ('two'), ('three');
select * from notes;`,
      },
    ],
  },
];
