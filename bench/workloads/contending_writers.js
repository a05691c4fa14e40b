// @ts-check
// Several writers that commit as fast as they can.
import { quantile } from '../statistics.js';

/** @typedef {import('../session.js').Session} Session */

/**
 * @param {number} writers
 * @returns {import('../session.js').Workload}
 */
function contendingWriters(writers) {
  return {
    name: `writers_${writers}`,
    title: `${writers} contending writers, autocommit inserts`,
    measures: {
      commits: { unit: 'commits/s', title: 'together' },
      fairness: { unit: '', title: 'slowest / fastest' },
      p99: { unit: 'ms', title: 'p99 of a commit of the slowest', lessIsBetter: true },
    },
    sessions: writers,
    run,
    tasks: { create, write: writeFor, count },
  };
}

export const workloads = [2, 4, 6].map(contendingWriters);

/** @param {import('../session.js').Stage} stage */
async function run({ clients, milliseconds, sightMs }) {
  await clients[0]?.call('create');
  // Each has its connection and the schema then.
  for (const client of clients) await client.call('count');
  const warming = await together(clients, 0, milliseconds / 4);
  const written = await together(clients, clients.length, milliseconds);
  const total = [...warming, ...written].reduce((sum, { commits }) => sum + commits, 0);
  for (const client of clients) {
    const stored = await client.callUntil(total, sightMs, 'count');
    if (stored !== total) throw new Error(`there are ${stored} rows of ${total} commits`);
  }
  const rates = written.map((one) => (one.commits * 1000) / one.milliseconds);
  return {
    commits: rates.reduce((sum, rate) => sum + rate, 0),
    fairness: Math.min(...rates) / Math.max(...rates),
    p99: Math.max(...written.map(({ p99 }) => p99)),
  };
}

/**
 * @param {import('../session.js').Client[]} clients
 * @param {number} first the writers' numbers begin here
 * @param {number} milliseconds
 * @returns {Promise<{ commits: number, milliseconds: number, p99: number }[]>}
 */
function together(clients, first, milliseconds) {
  return Promise.all(
    clients.map((client, i) => client.call('write', { writer: first + i, milliseconds })),
  );
}

/** @param {Session} session */
function create(session) {
  return session.exec('create table commits (id integer primary key, writer integer, n integer)');
}

/** @param {Session} session */
async function count(session) {
  // Every writer's numbers are 1, 2, 3, ... without a gap.
  const [row] = await session.all(`
    select coalesce(sum(n), 0) as n, coalesce(sum(gaps), 0) as gaps from
      (select count(*) as n, max(n) - count(*) as gaps from commits group by writer)`);
  if (row?.gaps !== 0) throw new Error(`${row?.gaps} commits are missing`);
  return row.n;
}

/**
 * @param {Session} session
 * @param {{ writer: number, milliseconds: number }} args
 */
async function writeFor(session, { writer, milliseconds }) {
  /** @type {number[]} */
  const times = [];
  const start = performance.now();
  let now = start;
  while (now - start < milliseconds) {
    const values = [[writer, times.length + 1]];
    const done = session.run('insert into commits (writer, n) values (?, ?)', values);
    // Not awaited if there is nothing to wait for: that takes as long as a small commit.
    if (done) await done;
    const before = now;
    now = performance.now();
    times.push(now - before);
  }
  return { commits: times.length, milliseconds: now - start, p99: quantile(times, 0.99) };
}
