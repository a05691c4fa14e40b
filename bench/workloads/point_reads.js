// @ts-check
import { addItem, addRow, fillItems, noSums, requireSums } from '../items.js';
import { perSecond, repeatUntil } from '../measure.js';

export const ROWS = 50_000;
const READS_PER_STEP = 2_000;

/** @typedef {import('../session.js').Session} Session */

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'point_reads',
  title: 'Point reads by key, one row object each, warm',
  measures: { reads: { unit: 'reads/s' } },
  sessions: 1,
  run,

  tasks: {
    fill: (session) => fillItems(session, ROWS),
    // Every page is in the cache afterwards.
    warm: (session) => session.all('select count(*), sum(length(note)) from items'),
    read: readFor,
  },
};

/**
 * All clients read at once.
 *
 * @param {import('../session.js').Stage} stage
 */
export async function run({ clients, milliseconds }) {
  await clients[0]?.call('fill');
  for (const client of clients) await client.call('warm');
  const readAll = (/** @type {number} */ time) =>
    Promise.all(clients.map((client) => client.call('read', { milliseconds: time })));
  await readAll(milliseconds / 4);
  const all = await readAll(milliseconds);
  return { reads: all.reduce((sum, measured) => sum + perSecond(measured), 0) };
}

/**
 * @param {Session} session
 * @param {{ milliseconds: number }} args
 */
function readFor(session, { milliseconds }) {
  return readUntil(session, (spent) => spent >= milliseconds, READS_PER_STEP);
}

/**
 * @param {Session} session
 * @param {(spent: number) => boolean} enough as of `repeatUntil()`
 * @param {number} readsPerStep
 */
export async function readUntil(session, enough, readsPerStep) {
  const expected = noSums();
  const found = noSums();
  const visit = (/** @type {import('../session.js').RowObject} */ row) => addRow(found, row);
  let id = 1;
  const measured = await repeatUntil(enough, async (stopwatch) => {
    const ids = Array.from({ length: readsPerStep }, () => {
      // 17 generates all numbers below the prime 50,021: each id comes once in so many steps.
      do id = (id * 17) % 50_021;
      while (id > ROWS);
      addItem(expected, id);
      return id;
    });
    await stopwatch.time(() => session.get('select * from items where id = ?', ids, visit));
    return readsPerStep;
  });
  requireSums('the rows read', found, expected);
  return measured;
}
