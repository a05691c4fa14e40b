// @ts-check
// One writer that commits all the time, beside readers that read by key.

import { perSecond } from '../measure.js';
import { quantile } from '../statistics.js';
import { workload as pointReads, readUntil } from './point_reads.js';

/** @typedef {import('../session.js').Session} Session */
/** @typedef {{ over: SharedArrayBuffer }} Args a word that is 1 when the writer has ended */

/** Few, so that nobody reads on for long when the writer has ended. */
const READS_PER_STEP = 100;

/**
 * @param {number} readers
 * @returns {import('../session.js').Workload}
 */
function writerAndReaders(readers) {
  return {
    name: `writer_and_${readers}_readers`,
    title: `One writer and ${readers} ${readers === 1 ? 'reader' : 'readers'}`,
    measures: {
      reads: { unit: 'reads/s', title: 'reads' },
      commits: { unit: 'commits/s', title: 'commits' },
      p99: { unit: 'ms', title: 'p99 of a commit', lessIsBetter: true },
    },
    sessions: readers + 1,
    run,
    tasks: { ...pointReads.tasks, create, write: writeFor, read: readBeside },
  };
}

export const workloads = [1, 2, 3].map(writerAndReaders);

/** @param {import('../session.js').Stage} stage */
async function run({ clients: [writer, ...readers], milliseconds }) {
  await writer?.call('fill');
  await writer?.call('create');
  for (const reader of readers) await reader.call('warm');
  const together = (/** @type {number} */ time) => {
    const args = { over: new SharedArrayBuffer(4) };
    return Promise.all([
      writer?.call('write', { ...args, milliseconds: time }),
      ...readers.map((reader) => reader.call('read', args)),
    ]);
  };
  await together(milliseconds / 4);
  const [written, ...read] = await together(milliseconds);
  return {
    reads: read.reduce((sum, measured) => sum + perSecond(measured), 0),
    commits: perSecond(written),
    p99: written.p99,
  };
}

/** @param {Session} session */
function create(session) {
  return session.exec('create table commits (n integer primary key, at real)');
}

/**
 * @param {Session} session
 * @param {Args} args
 */
function readBeside(session, { over }) {
  const words = new Int32Array(over);
  return readUntil(session, () => Atomics.load(words, 0) === 1, READS_PER_STEP);
}

/**
 * @param {Session} session
 * @param {Args & { milliseconds: number }} args
 */
async function writeFor(session, { over, milliseconds }) {
  try {
    return await write(session, milliseconds);
  } finally {
    Atomics.store(new Int32Array(over), 0, 1);
  }
}

/**
 * @param {Session} session
 * @param {number} milliseconds
 */
async function write(session, milliseconds) {
  const [already] = await session.all('select count(*) as n from commits');
  /** @type {number[]} */
  const times = [];
  const start = performance.now();
  let now = start;
  while (now - start < milliseconds) {
    const done = session.run('insert into commits (at) values (?)', [[now]]);
    if (done) await done;
    const before = now;
    now = performance.now();
    times.push(now - before);
  }
  const [row] = await session.all('select count(*) as n, max(n) as last from commits');
  const rows = Number(already?.n) + times.length;
  if (row?.n !== rows || row.last !== rows) {
    throw new Error(`${JSON.stringify(row)} after ${times.length} commits`);
  }
  return { done: times.length, milliseconds: now - start, p99: quantile(times, 0.99) };
}
