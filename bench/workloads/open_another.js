// @ts-check
// One more connection to a database of 50 MiB that is there already, in a worker that has the
// library's module compiled and had a connection before: until a row has been read by it.
import { fillItems, item } from '../items.js';

/** @typedef {import('../session.js').Session} Session */

const ROWS = 820_000;
const MIB = 1024 * 1024;
const LEAST_BYTES = 50 * MIB;

/** @type {import('../session.js').Workload[]} */
export const workloads = [
  {
    name: 'open_another',
    title: 'One more connection to a database of 50 MiB',
    measures: { milliseconds: { unit: 'ms', lessIsBetter: true } },
    sessions: 1,
    needs: 'open another',

    async run({ clients: [client] }) {
      await client?.call('fill');
      return { milliseconds: await client?.call('openAnother') };
    },

    tasks: { fill, openAnother },
  },
  {
    name: 'open_first',
    title: "A worker's only connection to a database of 50 MiB that another worker has",
    measures: { milliseconds: { unit: 'ms', lessIsBetter: true } },
    sessions: 2,
    needs: 'open another',

    async run({ clients: [first, second] }) {
      await first?.call('fill');
      return { milliseconds: await second?.call('openFirst') };
    },

    tasks: { fill, openFirst },
  },
];

/** @param {Session} session */
async function fill(session) {
  await fillItems(session, ROWS);
  const [size] = await session.all(
    'select page_count * page_size as bytes from pragma_page_count, pragma_page_size',
  );
  if (Number(size?.bytes) < LEAST_BYTES) throw new Error(`the database has ${size?.bytes} bytes`);
}

/**
 * Once: a second copy of the database would find the room of the first one.
 *
 * @param {Session} session
 */
async function openAnother(session) {
  return timeTo(await session.another?.());
}

/**
 * The same where the worker's session was closed before.
 *
 * @param {Session} session
 */
async function openFirst(session) {
  const open = await session.another?.();
  await session.close();
  return timeTo(open);
}

/** @param {(() => Session | Promise<Session>) | undefined} open */
async function timeTo(open) {
  const [id, name] = item(ROWS - 7);
  const start = performance.now();
  const another = await open?.();
  const rows = await another?.all(`select name from items where id = ${id}`);
  const milliseconds = performance.now() - start;
  await another?.close();
  if (rows?.[0]?.name !== name)
    throw new Error(`the other connection read ${JSON.stringify(rows)}`);
  return milliseconds;
}
