// @ts-check
import { removeFromOpfs, uniqueName } from './opfs.js';
import { openWaSqlite } from './wa_sqlite/session.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'wa_sqlite_write_ahead',
  title: 'wa-sqlite OPFSWriteAheadVFS',
  about:
    'every worker with its own connection on the same file in OPFS; write-ahead log in the VFS',
  package: '@journeyapps/wa-sqlite',
  sessions: Number.POSITIVE_INFINITY,
  files: true,

  createPlace() {
    const name = uniqueName();
    return {
      invite: () => ({ invitation: name, transfer: [] }),
      end: () => removeFromOpfs(name),
    };
  },

  async openSession(invitation, alone) {
    const session = await openWaSqlite('OPFSWriteAheadVFS', String(invitation));
    await session.exec('pragma synchronous = normal');
    // Its default keeps the write lock until another one's request is heard of in the event loop.
    if (!alone) await session.exec('pragma lazy_lock = read');
    return session;
  },
};
