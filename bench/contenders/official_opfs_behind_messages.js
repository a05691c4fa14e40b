// @ts-check

import { clientOf } from './messages/client.js';
import { ownerPlace } from './messages/owner_place.js';
import { removeFromOpfs, uniqueName } from './opfs.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'official_opfs_behind_messages',
  title: 'official opfs-sahpool behind postMessage',
  about:
    'one worker has the database in OPFS, in WAL mode with an exclusive lock; others send it one message a statement, or a list of parameters for one',
  package: '@sqlite.org/sqlite-wasm',
  sessions: Number.POSITIVE_INFINITY,
  can: ['checkpoint'],
  files: true,

  createPlace() {
    const name = uniqueName();
    const place = ownerPlace(name);
    return {
      invite: place.invite,
      async end() {
        place.end();
        await removeFromOpfs(name);
      },
    };
  },

  openSession: async (invitation) => clientOf(/** @type {MessagePort} */ (invitation)),
};
