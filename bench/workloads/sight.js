// @ts-check
// How long it takes until another worker sees a commit: from the commit's return to the moment at
// which the reader has the new row, both on the writer's clock. The reader tells by a word of shared
// memory that the writer watches.
import { quantile } from '../statistics.js';

/** @typedef {import('../session.js').Session} Session */
/** @typedef {{ word: SharedArrayBuffer, commits: number, yields: boolean }} Args */

const COMMITS = 2_000;
const PAUSE_MS = 0.2;
const GIVE_UP_MS = 10_000;

/** @type {import('../session.js').Workload['measures']} */
const measures = {
  p50: { unit: 'ms', title: 'p50', lessIsBetter: true },
  p99: { unit: 'ms', title: 'p99', lessIsBetter: true },
};

/** @type {import('../session.js').Workload[]} */
export const workloads = [
  {
    name: 'sight',
    title: 'Commit to sight, a reader that never yields',
    measures,
    sessions: 2,
    needs: 'see at once',
    run: (stage) => run(stage, false),
    tasks: { create, write, watch },
  },
  {
    name: 'sight_by_yielding',
    title: 'Commit to sight, a reader that yields after each look',
    measures,
    sessions: 2,
    run: (stage) => run(stage, true),
    tasks: { create, write, watch },
  },
];

/**
 * @param {import('../session.js').Stage} stage
 * @param {boolean} yields
 */
async function run({ clients: [writer, reader], milliseconds }, yields) {
  await writer?.call('create');
  const commits = Math.min(COMMITS, Math.ceil(milliseconds));
  const args = { word: new SharedArrayBuffer(4), commits, yields };
  const [times, seen] = await Promise.all([
    writer?.call('write', args),
    reader?.call('watch', args),
  ]);
  if (seen !== commits) throw new Error(`the reader saw ${seen} of ${commits} commits`);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** @param {Session} session */
async function create(session) {
  await session.exec('create table latest (id integer primary key, n integer not null)');
  await session.exec('insert into latest (id, n) values (1, 0)');
}

/**
 * @param {Session} session
 * @param {Args} args
 */
async function write(session, { word, commits }) {
  const seen = new Int32Array(word);
  /** @type {number[]} */
  const times = [];
  for (let n = 1; n <= commits; n++) {
    const pause = performance.now() + PAUSE_MS;
    while (performance.now() < pause);
    const done = session.run('update latest set n = ? where id = 1', [[n]]);
    if (done) await done;
    const start = performance.now();
    while (Atomics.load(seen, 0) < n) {
      if (performance.now() - start > GIVE_UP_MS) throw new Error(`nobody saw commit ${n}`);
    }
    times.push(performance.now() - start);
  }
  return times;
}

/**
 * @param {Session} session
 * @param {Args} args
 */
async function watch(session, { word, commits, yields }) {
  const seen = new Int32Array(word);
  const { port1, port2 } = new MessageChannel();
  const nextTask = () =>
    new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
  let count = 0;
  let last = 0;
  const visit = (/** @type {import('../session.js').RowObject} */ { n }) => {
    // One contender does not always see the row itself at first.
    if (n === last || typeof n !== 'number') return;
    if (n < last) throw new Error(`the reader saw commit ${n} after ${last}`);
    last = n;
    count += 1;
    Atomics.store(seen, 0, n);
  };
  const giveUp = performance.now() + commits * 20 + GIVE_UP_MS;
  while (last < commits) {
    const looked = session.get('select n from latest where id = ?', [1], visit);
    if (looked) await looked;
    if (yields) await nextTask();
    if (performance.now() > giveUp) break;
  }
  port1.close();
  return count;
}
