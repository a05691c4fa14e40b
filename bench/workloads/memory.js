// @ts-check
// The WebAssembly memory that connections take with their page caches in use, that of a worker which
// owns the database for others included. (The browser's own measure of a page's memory leaves
// WebAssembly out.)
import { fillItems } from '../items.js';
import { wasmBytes } from '../wasm_memory.js';

const SESSIONS = 3;
const MIB = 1024 * 1024;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'memory',
  title: `WebAssembly memory of a connection, ${SESSIONS} connections to a database of 10 MiB`,
  measures: { bytes: { unit: 'MiB', lessIsBetter: true } },
  sessions: SESSIONS,

  async run({ clients }) {
    await clients[0]?.call('fill');
    for (const client of clients) await client.call('scan');
    let bytes = await clients[0]?.call('ownerBytes');
    for (const client of clients) bytes += await client.call('bytes');
    return { bytes: bytes / SESSIONS / MIB };
  },

  tasks: {
    fill: (session) => fillItems(session, 150_000),
    scan: async (session) => {
      await session.all('select count(*), sum(length(note)) from items');
    },
    bytes: () => wasmBytes(),
    ownerBytes: (session) => session.ownerBytes?.() ?? 0,
  },
};
