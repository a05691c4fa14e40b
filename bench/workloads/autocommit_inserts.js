// @ts-check
import { CREATE_ITEMS, INSERT_ITEM, items, requireSums, storedSums, sumsOf } from '../items.js';
import { perSecond, repeatFor } from '../measure.js';

const ROWS_PER_STEP = 100;

/** @typedef {import('../session.js').Session} Session */

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'autocommit_inserts',
  title: 'Autocommit inserts',
  measures: { commits: { unit: 'commits/s' } },
  sessions: 1,
  run,

  tasks: {
    create: (session) => session.exec(CREATE_ITEMS),
    insert: insertFor,
    count: async (session) => (await storedSums(session)).rows,
  },
};

/**
 * The first client inserts; the others, if any, have their connections open and do nothing.
 *
 * @param {import('../session.js').Stage} stage
 */
export async function run({ clients: [client, ...idle], milliseconds, sightMs }) {
  await client?.call('create');
  for (const one of idle) await one.call('count');
  await client?.call('insert', { milliseconds: milliseconds / 4 });
  const measured = await client?.call('insert', { milliseconds });
  const count = await client?.call('count');
  for (const one of idle) {
    const seen = await one.callUntil(count, sightMs, 'count');
    if (seen !== count) throw new Error(`an idle connection sees ${seen} of ${count} rows`);
  }
  return { commits: perSecond(measured) };
}

/**
 * @param {Session} session
 * @param {{ milliseconds: number }} args
 */
async function insertFor(session, { milliseconds }) {
  let inserted = (await storedSums(session)).rows;
  const measured = await repeatFor(milliseconds, async (stopwatch) => {
    const rows = items(inserted + 1, ROWS_PER_STEP);
    await stopwatch.time(() => session.run(INSERT_ITEM, rows));
    inserted += ROWS_PER_STEP;
    return ROWS_PER_STEP;
  });
  requireSums('the rows inserted', await storedSums(session), sumsOf(inserted));
  return measured;
}
