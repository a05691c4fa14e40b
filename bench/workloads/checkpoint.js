// @ts-check
// Writing 1,000 pages from the write-ahead log back to the database.
import { fillItems, requireSums, storedSums, sumsOf } from '../items.js';

/** @typedef {import('../session.js').Session} Session */

const PAGES = 1_000;
const ROWS = 100_000;
const STEP = 60;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'checkpoint',
  title: 'Checkpoint of 1,000 pages',
  measures: { pages: { unit: 'pages/s' } },
  sessions: 1,
  needs: 'checkpoint',

  async run({ clients: [client], milliseconds }) {
    await client?.call('fill');
    const warm = await client?.call('checkpoint', { milliseconds: milliseconds / 4 });
    const measured = await client?.call('checkpoint', { milliseconds });
    await client?.call('check', { updated: warm.updated + measured.updated });
    return { pages: measured.pages };
  },

  tasks: {
    async fill(session) {
      await session.exec('pragma wal_autocheckpoint = 0');
      await fillItems(session, ROWS);
      await session.all('pragma wal_checkpoint(truncate)');
    },
    checkpoint: checkpointFor,
    async check(session, { updated }) {
      const sums = sumsOf(ROWS);
      sums.amounts += updated;
      requireSums('after the checkpoints', await storedSums(session), sums);
    },
  },
};

/**
 * @param {Session} session
 * @param {{ milliseconds: number }} args
 * @returns {Promise<{ pages: number, updated: number }>} pages a second, and rows that were updated
 */
async function checkpointFor(session, { milliseconds }) {
  const giveUp = performance.now() + 10 * milliseconds;
  let pages = 0;
  let updated = 0;
  let spent = 0;
  do {
    // Some 64 rows stand on each page, so that these are on a little more than as many pages.
    await session.exec(
      `update items set amount = amount + 1 where id % ${STEP} = 0 and id <= ${PAGES * 65}`,
    );
    updated += Math.floor((PAGES * 65) / STEP);
    const start = performance.now();
    const [row] = await session.all('pragma wal_checkpoint(passive)');
    spent += performance.now() - start;
    const { busy, log, checkpointed } = row ?? {};
    if (busy !== 0 || log !== checkpointed || Number(log) < PAGES) {
      throw new Error(`the checkpoint answered ${JSON.stringify(row)}`);
    }
    pages += Number(checkpointed);
  } while (spent < milliseconds && performance.now() < giveUp);
  return { pages: (pages * 1000) / spent, updated };
}
