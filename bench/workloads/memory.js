// @ts-check
// What a database and its connections take with their page caches in use, for each connection: the
// WebAssembly memory of all workers, that of one which owns the database for others included, and shared
// memory. (The browser's own measure of a page's memory leaves both out.)
import { fillItems } from '../items.js';
import { wasmBytes } from '../wasm_memory.js';

const SESSIONS = 3;
const ROWS = 150_000;
const MIB = 1024 * 1024;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'memory',
  title: `Memory for each of ${SESSIONS} connections to a database of 10 MiB, with it where it is in memory`,
  measures: { bytes: { unit: 'MiB', lessIsBetter: true } },
  sessions: SESSIONS,

  async run({ clients }) {
    await clients[0]?.call('fill');
    for (const client of clients) await client.call('scan');
    let bytes = await clients[0]?.call('databaseBytes');
    for (const client of clients) bytes += await client.call('bytes');
    return { bytes: bytes / SESSIONS / MIB };
  },

  tasks: {
    fill: (session) => fillItems(session, ROWS),
    scan: async (session) => {
      const [row] = await session.all('select count(*) as n, sum(length(note)) from items');
      if (row?.n !== ROWS) throw new Error(`${row?.n} rows of ${ROWS}`);
    },
    bytes: () => wasmBytes(),
    databaseBytes: (session) => session.databaseBytes?.() ?? 0,
  },
};
