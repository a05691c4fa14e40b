// @ts-check
import { addRow, fillItems, noSums, requireSums, sumsOf } from '../items.js';
import { perSecond, repeatFor } from '../measure.js';

const ROWS = 50_000;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'scan_to_objects',
  title: 'Full scan of 50,000 rows into row objects',
  measures: { rows: { unit: 'rows/s' } },
  sessions: 1,

  async run({ clients: [client], milliseconds }) {
    await client?.call('fill');
    await client?.call('scan', { milliseconds: milliseconds / 4 });
    return { rows: perSecond(await client?.call('scan', { milliseconds })) };
  },

  tasks: {
    fill: (session) => fillItems(session, ROWS),
    scan: scanFor,
  },
};

/**
 * @param {import('../session.js').Session} session
 * @param {{ milliseconds: number }} args
 */
async function scanFor(session, { milliseconds }) {
  const expected = sumsOf(ROWS);
  return repeatFor(milliseconds, async (stopwatch) => {
    const rows = await stopwatch.time(() => session.all('select * from items'));
    const found = noSums();
    for (const row of rows) addRow(found, row);
    requireSums('the rows scanned', found, expected);
    return rows.length;
  });
}
