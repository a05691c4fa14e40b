// @ts-check
// What sharedwal wants to reach, as ratios of medians in one run on a machine with two cores. A
// target that is missed stays in the table.

import { timesAsGood } from './statistics.js';

/**
 * @typedef {object} Target
 * @property {string} title
 * @property {string} workload
 * @property {string} measure
 * @property {{ contender?: string, workload?: string }} [against] the other of the ratio, sharedwal
 *   in this workload unless it says more; without it the figure itself is what counts
 * @property {number} [atLeast]
 * @property {number} [atMost]
 *
 * @typedef {object} TargetResult
 * @property {string} title
 * @property {string} wanted
 * @property {number} reached NaN where a figure is missing, because all its trials failed
 * @property {number} min the least of the same within one repetition
 * @property {number} max
 * @property {boolean} met
 */

const DIRECT = { contender: 'official_direct' };
const MESSAGES = { contender: 'official_behind_messages' };

/** @type {Target[]} */
export const targets = [
  {
    title: 'bulk insert against official direct',
    workload: 'bulk_insert',
    measure: 'rows',
    against: DIRECT,
    atLeast: 0.95,
  },
  {
    title: 'autocommit inserts against official direct',
    workload: 'autocommit_inserts',
    measure: 'commits',
    against: DIRECT,
    atLeast: 0.5,
  },
  {
    title: 'autocommit inserts beside 3 idle connections against alone',
    workload: 'autocommit_inserts_beside_idle',
    measure: 'commits',
    against: { workload: 'autocommit_inserts' },
    atLeast: 0.9,
  },
  {
    title: 'point reads of one worker against official direct',
    workload: 'point_reads',
    measure: 'reads',
    against: DIRECT,
    atLeast: 1,
  },
  {
    title: 'point reads of two workers against one',
    workload: 'point_reads_by_two',
    measure: 'reads',
    against: { workload: 'point_reads' },
    atLeast: 1.8,
  },
  {
    title: 'scan with a cache of 64 pages against official direct',
    workload: 'scan_with_small_cache',
    measure: 'bytes',
    against: DIRECT,
    atLeast: 0.8,
  },
  {
    title: 'reads of 3 readers beside a writer against official behind postMessage',
    workload: 'writer_and_3_readers',
    measure: 'reads',
    against: MESSAGES,
    atLeast: 8,
  },
  {
    title: 'commits of a writer beside 3 readers against official behind postMessage',
    workload: 'writer_and_3_readers',
    measure: 'commits',
    against: MESSAGES,
    atLeast: 4,
  },
  {
    title: 'commits of 2 contending writers against official behind postMessage',
    workload: 'writers_2',
    measure: 'commits',
    against: MESSAGES,
    atLeast: 2,
  },
  {
    title: 'slowest of 2 contending writers against the fastest',
    workload: 'writers_2',
    measure: 'fairness',
    atLeast: 0.5,
  },
  {
    title: 'commits of 4 contending writers against official behind postMessage',
    workload: 'writers_4',
    measure: 'commits',
    against: MESSAGES,
    atLeast: 1.5,
  },
  {
    title: 'slowest of 4 contending writers against the fastest',
    workload: 'writers_4',
    measure: 'fairness',
    atLeast: 0.5,
  },
  {
    title: 'commit to sight, reader that never yields, p50 in ms',
    workload: 'sight',
    measure: 'p50',
    atMost: 0.05,
  },
  {
    title: 'commit to sight, reader that never yields, p99 in ms',
    workload: 'sight',
    measure: 'p99',
    atMost: 1,
  },
  {
    title: 'one more connection to 50 MiB against official direct from bytes',
    workload: 'open_another',
    measure: 'milliseconds',
    against: DIRECT,
    atLeast: 10,
  },
];

/**
 * @param {import('./benchmark.js').WorkloadResult[]} results
 * @param {string} workload
 * @param {string} measure
 */
export function figuresOf(results, workload, measure) {
  return measureOf(results, workload, measure)?.figures;
}

/**
 * @param {import('./benchmark.js').WorkloadResult[]} results
 * @param {string} workload
 * @param {string} measure
 */
function measureOf(results, workload, measure) {
  const found = results.find(({ name }) => name === workload);
  return found?.measures.find(({ name }) => name === measure);
}

/**
 * The targets whose workloads were run. What could not be measured is missed.
 *
 * @param {import('./benchmark.js').WorkloadResult[]} results
 * @returns {TargetResult[]}
 */
export function targetsOf(results) {
  const ran = (/** @type {string} */ name) => results.some((one) => one.name === name);
  return targets.flatMap(({ title, workload, measure, against, atLeast, atMost }) => {
    const other = { workload, contender: 'sharedwal', ...against };
    if (!ran(workload) || !ran(other.workload)) return [];
    const { figures, lessIsBetter = false } = measureOf(results, workload, measure) ?? {};
    const own = figures?.sharedwal;
    const baseline = figuresOf(results, other.workload, measure)?.[other.contender];
    /** The figure itself where it is held against nothing. */
    const ratio = (/** @type {number} */ a, /** @type {number} */ b) =>
      against ? timesAsGood(a, b, lessIsBetter) : a;
    const reached = ratio(own?.median ?? Number.NaN, baseline?.median ?? Number.NaN);
    const each = (own?.samples ?? [])
      .map((sample, i) => ratio(sample, baseline?.samples[i] ?? Number.NaN))
      .filter(Number.isFinite);
    const met = reached >= (atLeast ?? 0) && reached <= (atMost ?? Number.POSITIVE_INFINITY);
    const wanted = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
    return [{ title, wanted, reached, min: Math.min(...each), max: Math.max(...each), met }];
  });
}
