// @ts-check
// Along what cost may grow: the number of connections, the size of the database, the length of the log.
import { createRuntime, diagnostics } from '../../dist/index.js';
import { WorkerClient } from '../client.js';

/**
 * @typedef {import('./growth.js').Axis} Axis
 * @typedef {import('./growth.js').Part} Part
 * @typedef {import('../../dist/index.js').Runtime} Runtime
 */

const SCRIPT = new URL('./worker.js', import.meta.url);
const GIB = 2 ** 30;
const DEATHS = 5;
const ROUNDS = 3;
const WRITING_MS = 500;
/** Longer than a browser takes to free the Web Locks of a worker that was ended. */
const LOCKS_FREED_MS = 1000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @type {Part[]} */
const everywhere = [
  { name: 'cachedRead', title: 'point read, page in the cache', unit: 'µs' },
  { name: 'read', title: 'point read, anywhere', unit: 'µs' },
  { name: 'insert', title: 'autocommit insert', unit: 'µs' },
  { name: 'seen', title: 'commit, and its sight by another connection', unit: 'µs' },
  { name: 'commit', title: 'commit of 10 pages', unit: 'µs' },
  { name: 'open', title: 'open one more and read a row', unit: 'µs' },
];
/** @type {Part} */
const checkpoint = { name: 'checkpoint', title: 'checkpoint of 1,000 pages, a page', unit: 'µs' };
/** @type {Part} */
const checkpointAll = {
  name: 'checkpointAll',
  title: 'checkpoint of every page, 100,000 at most, a page',
  unit: 'µs',
};
/** @type {Part} */
const death = { name: 'death', title: 'a writer dies, another one commits', unit: 'ms' };

/**
 * @param {string} name
 * @param {Runtime} runtime
 * @param {number} [cachePages]
 */
async function connect(name, runtime, cachePages) {
  const client = new WorkerClient(name, SCRIPT);
  await client.call('load');
  const milliseconds = await client.call('open', { runtime, cachePages });
  return { client, milliseconds };
}

/** A connection to a new database of 16 MiB, its functions compiled. */
async function filled() {
  const runtime = createRuntime();
  const { client } = await connect('measured', runtime);
  await client.call('fill', { mebibytes: 16 });
  await client.call('warm');
  return { runtime, client };
}

/**
 * How many ms after the end of a worker in the middle of a transaction another one has committed.
 *
 * @param {Runtime} runtime
 * @param {WorkerClient} survivor
 */
async function timeDeath(runtime, survivor) {
  let best = Infinity;
  for (let i = 0; i < DEATHS; i++) {
    const { client: victim } = await connect('victim', runtime);
    await victim.call('holdWrite');
    const before = await survivor.call('rows');
    const committing = survivor.call('commitOnce');
    await sleep(20);
    const end = performance.timeOrigin + performance.now();
    victim.terminate();
    best = Math.min(best, (await committing) - end);
    const rows = (await survivor.call('rows')) - before;
    if (rows !== 1) throw new Error(`${rows} rows were committed beside a dead one`);
  }
  return best;
}

/**
 * Microseconds for each commit of many that all write without a pause.
 *
 * @param {WorkerClient[]} clients
 */
async function timeContention(clients) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const counts = await Promise.all(
      clients.map((client) => client.call('insertFor', { milliseconds: WRITING_MS })),
    );
    const milliseconds = performance.now() - start;
    best = Math.min(best, milliseconds / counts.reduce((sum, count) => sum + count, 0));
  }
  return best * 1000;
}

/**
 * @param {WorkerClient} client
 * @param {Part[]} parts
 * @param {() => unknown} [before]
 */
async function timeParts(client, parts, before) {
  /** @type {Record<string, number>} */
  const cost = {};
  for (const { name } of parts) {
    await before?.();
    cost[name] = await client.call('part', { name });
  }
  return cost;
}

/** @param {WorkerClient} client */
async function requireIntegrity(client) {
  const answer = await client.call('integrity');
  if (answer !== 'ok') throw new Error(`quick_check: ${answer}`);
}

/** @type {Axis} */
const byConnections = {
  name: 'connections',
  title: 'Connections, all but one idle if it does not say otherwise',
  unit: 'conn.',
  quick: [1, 4, 16],
  full: [1, 2, 4, 8, 16],
  parts: [
    ...everywhere,
    checkpoint,
    death,
    { name: 'contention', title: 'a commit, where all write without a pause', unit: 'µs' },
  ],
  async *measure(points) {
    for (const [i, connections] of points.entries()) {
      const { runtime, client } = await filled();
      const idle = [];
      for (let n = 1; n < connections; n++) {
        idle.push((await connect(`idle ${n}`, runtime)).client);
        // As long as nobody reads, nobody has a copy of the wal-index.
        await idle.at(-1)?.call('rows');
      }
      const cost = await timeParts(client, [...everywhere, checkpoint]);
      cost.death = await timeDeath(runtime, client);
      yield [i, { ...cost, contention: await timeContention([client, ...idle]) }];
      await requireIntegrity(client);
      await Promise.all([client, ...idle].map((one) => one.end()));
    }
  },
};

/** @type {Axis} */
const bySize = {
  name: 'size',
  title: 'Size of the database',
  unit: 'MiB',
  quick: [1, 16, 128],
  full: [1, 4, 16, 64, 256, 1024],
  parts: [...everywhere, checkpoint, checkpointAll, death],
  async *measure(points) {
    const runtime = createRuntime({ maxDatabaseCapacityBytes: 1.25 * GIB });
    const { client } = await connect('measured', runtime);
    await client.call('warm');
    for (const [i, mebibytes] of points.entries()) {
      await client.call('fill', { mebibytes });
      const cost = await timeParts(client, [...everywhere, checkpoint, checkpointAll]);
      yield [i, { ...cost, death: await timeDeath(runtime, client) }];
    }
    await requireIntegrity(client);
    await client.end();
  },
};

/** @type {Axis} */
const byLog = {
  name: 'log',
  title: 'Frames in the log that are not in the database file yet',
  unit: 'frames',
  quick: [0, 1000, 10_000],
  full: [0, 1000, 10_000, 30_000, 100_000],
  parts: [
    ...everywhere,
    { name: 'readWithoutCache', title: 'point read, page in the database file alone', unit: 'µs' },
    death,
    { name: 'checkpointLog', title: 'checkpoint of the whole log', unit: 'ms' },
    { name: 'recovery', title: 'recovery of the wal-index, all having died', unit: 'ms' },
  ],
  async *measure(points) {
    for (const [i, frames] of points.entries()) {
      const { runtime, client } = await filled();
      await client.call('addFillers');
      const lengthen = () => client.call('lengthen', { frames });
      const cost = await timeParts(client, everywhere, lengthen);
      await lengthen();
      const { client: other } = await connect('without cache', runtime, 10);
      cost.readWithoutCache = await other.call('part', { name: 'read' });
      await other.end();
      cost.death = await timeDeath(runtime, client);
      const checkpoints = [];
      for (let round = 0; round < ROUNDS; round++) {
        await lengthen();
        checkpoints.push(await client.call('part', { name: 'checkpointLog' }));
      }
      cost.checkpointLog = Math.min(...checkpoints);
      await lengthen();
      yield [i, { ...cost, recovery: await timeRecovery(runtime, client) }];
    }
  },
};

/**
 * How long the first one to open takes, after the last connection died.
 *
 * @param {Runtime} runtime
 * @param {WorkerClient} last
 */
async function timeRecovery(runtime, last) {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const heir = new WorkerClient('heir', SCRIPT);
    await heir.call('load');
    last.terminate();
    await sleep(LOCKS_FREED_MS);
    const before = diagnostics(runtime).counters.recoveries;
    best = Math.min(best, await heir.call('open', { runtime }));
    const { recoveries } = diagnostics(runtime).counters;
    if (recoveries === before) throw new Error('nothing was recovered');
    last = heir;
  }
  await requireIntegrity(last);
  await last.end();
  return best;
}

export const axes = [byConnections, bySize, byLog];
