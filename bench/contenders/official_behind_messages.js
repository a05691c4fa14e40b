// @ts-check
import { clientOf } from './messages/client.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'official_behind_messages',
  title: 'official sqlite-wasm behind postMessage',
  about: 'one worker has the `:memory:` database; others send it one message a statement',
  package: '@sqlite.org/sqlite-wasm',
  sessions: Number.POSITIVE_INFINITY,

  createPlace() {
    const owner = new Worker(new URL('./messages/owner.js', import.meta.url), {
      type: 'module',
      name: 'owner',
    });
    return {
      invite() {
        const { port1, port2 } = new MessageChannel();
        owner.postMessage(null, [port1]);
        return { invitation: port2, transfer: [port2] };
      },
      end: () => owner.terminate(),
    };
  },

  openSession: async (invitation) => clientOf(/** @type {MessagePort} */ (invitation)),
};
