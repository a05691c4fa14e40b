// @ts-check
import { WorkerClient } from './client.js';
import { CACHE_PAGES } from './settings.js';

/** For contenders that do not see at once what others have committed: after so long it is lost. */
const SIGHT_MS = 5_000;

/**
 * What a connection says of itself.
 *
 * @typedef {{ sqlite: string, pragmas: Record<string, import('./session.js').Value> }} Connection
 */

/**
 * Runs a workload with one contender, in workers and on a database that are made for it.
 *
 * @param {import('./session.js').Contender} contender
 * @param {import('./session.js').Workload} workload
 * @param {{ milliseconds: number }} plan
 * @param {AbortSignal} [signal] ends the workers at once
 * @returns {Promise<{ measured: Record<string, number>, connection: Connection }>}
 */
export async function runTrial(contender, workload, { milliseconds }, signal) {
  const sightMs = contender.can?.includes('see at once') ? 0 : SIGHT_MS;
  const place = await contender.createPlace();
  /** @type {WorkerClient[]} */
  const clients = [];
  const cancel = () => {
    for (const client of clients) client.fail(signal?.reason);
  };
  signal?.addEventListener('abort', cancel);
  try {
    /** @type {Connection[]} */
    const connections = [];
    for (let i = 1; i <= workload.sessions; i++) {
      signal?.throwIfAborted();
      const client = new WorkerClient(`client ${i}`);
      clients.push(client);
      const { invitation, transfer } = place.invite();
      const opening = {
        contender: contender.name,
        workload: workload.name,
        invitation,
        alone: workload.sessions === 1,
        cachePages: workload.cachePages ?? CACHE_PAGES,
      };
      connections.push(await client.call('open', opening, transfer));
    }
    const measured = await workload.run({ clients, milliseconds, sightMs });
    for (const [name, { lessIsBetter }] of Object.entries(workload.measures)) {
      const figure = measured[name] ?? Number.NaN;
      if (!Number.isFinite(figure) || figure < 0 || (figure === 0 && !lessIsBetter)) {
        throw new Error(`no ${name} was measured`);
      }
    }
    return { measured, connection: /** @type {Connection} */ (connections[0]) };
  } finally {
    signal?.removeEventListener('abort', cancel);
    await Promise.allSettled(clients.map((client) => client.end()));
    await place.end();
  }
}
