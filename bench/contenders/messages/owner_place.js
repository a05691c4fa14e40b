// @ts-check
// A database that one worker owns, and to which others send messages.

/**
 * @param {string} [directory] in OPFS; in memory if there is none
 * @returns {import('../../session.js').Place}
 */
export function ownerPlace(directory) {
  const url = new URL('./owner.js', import.meta.url);
  if (directory) url.searchParams.set('directory', directory);
  const owner = new Worker(url, { type: 'module', name: 'owner' });
  return {
    invite() {
      const { port1, port2 } = new MessageChannel();
      owner.postMessage(null, [port1]);
      return { invitation: port2, transfer: [port2] };
    },
    end: () => owner.terminate(),
  };
}
