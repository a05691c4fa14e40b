// @ts-check
import { clientOf } from './messages/client.js';
import { ownerPlace } from './messages/owner_place.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'official_behind_messages',
  title: 'official sqlite-wasm behind postMessage',
  about:
    'one worker has the `:memory:` database; others send it one message a statement, or a list of parameters for one',
  package: '@sqlite.org/sqlite-wasm',
  sessions: Number.POSITIVE_INFINITY,
  createPlace: () => ownerPlace(),
  openSession: async (invitation) => clientOf(/** @type {MessagePort} */ (invitation)),
};
