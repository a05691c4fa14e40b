// @ts-check
import { openWaSqlite } from './wa_sqlite/session.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'wa_sqlite_memory',
  title: 'wa-sqlite MemoryVFS, direct',
  about: 'in the worker that uses it, in the synchronous build; no other worker sees it',
  package: '@journeyapps/wa-sqlite',
  sessions: 1,
  createPlace: () => ({ invite: () => ({ invitation: null, transfer: [] }), end() {} }),
  async openSession() {
    const session = await openWaSqlite('MemoryVFS', 'bench');
    // As the official one's `:memory:` has it: a journal in a file of MemoryVFS costs more.
    await session.exec('pragma journal_mode = memory');
    return session;
  },
};
