// @ts-check
import { fillItems, sumsOf } from '../items.js';
import { perSecond, repeatFor } from '../measure.js';
import { PAGE_BYTES } from '../settings.js';

const ROWS = 250_000;
const MIB = 1024 * 1024;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'scan_with_small_cache',
  title: 'Full scan by an aggregate, with a cache of 64 pages',
  measures: { bytes: { unit: 'MiB/s' } },
  sessions: 1,
  cachePages: 64,

  async run({ clients: [client], milliseconds }) {
    await client?.call('fill');
    await client?.call('scan', { milliseconds: milliseconds / 4 });
    return { bytes: perSecond(await client?.call('scan', { milliseconds })) };
  },

  tasks: {
    fill: async (session) => {
      await fillItems(session, ROWS);
      // Without a write-ahead log this does nothing.
      await session.exec('pragma wal_checkpoint(truncate)');
    },
    scan: scanFor,
  },
};

/**
 * @param {import('../session.js').Session} session
 * @param {{ milliseconds: number }} args
 */
async function scanFor(session, { milliseconds }) {
  const expected = sumsOf(ROWS);
  const [size] = await session.all('pragma page_count');
  const mebibytes = (Number(size?.page_count) * PAGE_BYTES) / MIB;
  return repeatFor(milliseconds, async (stopwatch) => {
    const [found] = await stopwatch.time(() =>
      session.all('select count(*) as n, sum(id) as ids, sum(amount) as amounts from items'),
    );
    const { rows, ids, amounts } = expected;
    if (found?.n !== rows || found.ids !== ids || found.amounts !== amounts) {
      throw new Error(`the scan found ${JSON.stringify(found)} of ${JSON.stringify(expected)}`);
    }
    return mebibytes;
  });
}
