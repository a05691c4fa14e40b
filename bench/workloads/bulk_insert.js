// @ts-check
import { CREATE_ITEMS, INSERT_ITEM, items, requireSums, storedSums, sumsOf } from '../items.js';
import { perSecond, repeatFor } from '../measure.js';

const ROWS_PER_TRANSACTION = 10_000;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'bulk_insert',
  title: 'Bulk insert, 10,000 rows a transaction',
  measures: { rows: { unit: 'rows/s' } },
  sessions: 1,

  async run({ clients: [client], milliseconds }) {
    await client?.call('create');
    await client?.call('insert', { milliseconds: milliseconds / 4 });
    return { rows: perSecond(await client?.call('insert', { milliseconds })) };
  },

  tasks: {
    create: (session) => session.exec(CREATE_ITEMS),
    insert: insertFor,
  },
};

/**
 * @param {import('../session.js').Session} session
 * @param {{ milliseconds: number }} args
 */
async function insertFor(session, { milliseconds }) {
  let inserted = (await storedSums(session)).rows;
  const measured = await repeatFor(milliseconds, async (stopwatch) => {
    const rows = items(inserted + 1, ROWS_PER_TRANSACTION);
    await stopwatch.time(async () => {
      await session.exec('begin immediate');
      await session.runTogether(INSERT_ITEM, rows);
      await session.exec('commit');
    });
    inserted += ROWS_PER_TRANSACTION;
    return ROWS_PER_TRANSACTION;
  });
  requireSums('the rows inserted', await storedSums(session), sumsOf(inserted));
  return measured;
}
