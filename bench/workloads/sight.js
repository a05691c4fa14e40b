// @ts-check
// How long it takes until another worker sees a commit: from the commit's return to the moment at
// which the reader has the new row, both on the writer's clock. The reader tells by a word of shared
// memory that the writer watches.
import { nextTask } from '../measure.js';
import { quantile } from '../statistics.js';

/** @typedef {import('../session.js').Session} Session */
/** @typedef {{ words: SharedArrayBuffer, commits: number, yields: boolean }} Args */

/**
 * Not counted: meanwhile the engine compiles what runs often once more, in a thread that takes one of two
 * cores for up to 15 ms at a time.
 */
const WARM_MS = 1_500;
const COMMITS = 2_000;
const PAUSE_MS = 0.2;
const GIVE_UP_MS = 10_000;

/** What the words tell: the last commit that was seen, and whether there are no more. */
const SEEN = 0;
const OVER = 1;

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
  const args = { words: new SharedArrayBuffer(8), commits, yields };
  const [{ times, last }, seen] = await Promise.all([
    writer?.call('write', args),
    reader?.call('watch', args),
  ]);
  if (seen !== last) throw new Error(`the reader saw ${seen} of ${last} commits`);
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
async function write(session, { words: shared, commits }) {
  const words = new Int32Array(shared);
  let last = 0;
  const commit = async () => {
    const n = ++last;
    const pause = performance.now() + PAUSE_MS;
    while (performance.now() < pause);
    const done = session.run('update latest set n = ? where id = 1', [[n]]);
    if (done) await done;
    const start = performance.now();
    while (Atomics.load(words, SEEN) < n) {
      if (performance.now() - start > GIVE_UP_MS) throw new Error(`nobody saw commit ${n}`);
    }
    return performance.now() - start;
  };
  try {
    const warm = performance.now() + WARM_MS;
    while (performance.now() < warm) await commit();
    /** @type {number[]} */
    const times = [];
    while (times.length < commits) times.push(await commit());
    return { times, last };
  } finally {
    Atomics.store(words, OVER, 1);
  }
}

/**
 * @param {Session} session
 * @param {Args} args
 */
async function watch(session, { words: shared, yields }) {
  const words = new Int32Array(shared);
  let count = 0;
  let last = 0;
  let until = performance.now() + GIVE_UP_MS;
  const visit = (/** @type {import('../session.js').RowObject} */ { n }) => {
    // One contender does not always see the row itself at first.
    if (n === last || typeof n !== 'number') return;
    if (n < last) throw new Error(`the reader saw commit ${n} after ${last}`);
    last = n;
    count += 1;
    Atomics.store(words, SEEN, n);
    until = performance.now() + GIVE_UP_MS;
  };
  while (Atomics.load(words, OVER) === 0 && performance.now() < until) {
    const looked = session.get('select n from latest where id = ?', [1], visit);
    if (looked) await looked;
    if (yields) await nextTask();
  }
  return count;
}
