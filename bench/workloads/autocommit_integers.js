// @ts-check
// Rows without texts: what a commit costs where next to nothing is bound.
import { perSecond, repeatFor } from '../measure.js';

const ROWS_PER_STEP = 100;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'autocommit_integers',
  title: 'Autocommit inserts of two integers',
  measures: { commits: { unit: 'commits/s' } },
  sessions: 1,

  async run({ clients: [client], milliseconds }) {
    await client?.call('create');
    await client?.call('insert', { milliseconds: milliseconds / 4 });
    return { commits: perSecond(await client?.call('insert', { milliseconds })) };
  },

  tasks: {
    create: (session) =>
      session.exec('create table pairs (a integer primary key, b integer not null)'),
    insert: insertFor,
  },
};

/**
 * @param {import('../session.js').Session} session
 * @param {{ milliseconds: number }} args
 */
async function insertFor(session, { milliseconds }) {
  const stored = async () => {
    const [sums] = await session.all('select count(*) as n, sum(a) as a, sum(b) as b from pairs');
    return sums;
  };
  let inserted = Number((await stored())?.n);
  const measured = await repeatFor(milliseconds, async (stopwatch) => {
    const pairs = Array.from({ length: ROWS_PER_STEP }, (_, i) => {
      const a = inserted + 1 + i;
      return [a, a * 3];
    });
    await stopwatch.time(() => session.run('insert into pairs (a, b) values (?, ?)', pairs));
    inserted += ROWS_PER_STEP;
    return ROWS_PER_STEP;
  });
  const sum = (inserted * (inserted + 1)) / 2;
  const found = await stored();
  if (found?.n !== inserted || found.a !== sum || found.b !== sum * 3) {
    throw new Error(`the table has ${JSON.stringify(found)} after ${inserted} inserts`);
  }
  return measured;
}
