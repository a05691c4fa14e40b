// @ts-check
// What the README shows of a run.

import { rounded } from './table.js';
import { figuresOf } from './targets.js';

/** @type {[label: string, workload: string, measure: string][]} */
const ROWS = [
  ['bulk insert, rows/s', 'bulk_insert', 'rows'],
  ['autocommit inserts of two texts and a number, commits/s', 'autocommit_inserts', 'commits'],
  ['the same beside 3 idle connections', 'autocommit_inserts_beside_idle', 'commits'],
  ['autocommit inserts of two integers, commits/s', 'autocommit_integers', 'commits'],
  ['point reads into objects, reads/s', 'point_reads', 'reads'],
  ['the same by two workers', 'point_reads_by_two', 'reads'],
  ['three readers beside a writer that never pauses, reads/s', 'writer_and_3_readers', 'reads'],
  ['that writer, commits/s', 'writer_and_3_readers', 'commits'],
  ['four writers at once, commits/s', 'writers_4', 'commits'],
  ['six writers at once, p99 of a commit of the slowest, ms', 'writers_6', 'p99'],
  ['full scan into objects, rows/s', 'scan_to_objects', 'rows'],
  ['scan by an aggregate, cache of 64 pages, MiB/s', 'scan_with_small_cache', 'bytes'],
  ['a mix of SQL, runs/s', 'mixed_sql', 'runs'],
  ['from a commit to its sight in a worker that never yields, p99, ms', 'sight', 'p99'],
  ['the same where it yields after each look', 'sight_by_yielding', 'p99'],
  ['one more connection to a database of 50 MiB, ms', 'open_another', 'milliseconds'],
  ['memory for each of 3 connections to 10 MiB, MiB', 'memory', 'bytes'],
];

const COLUMNS = {
  sharedwal: 'sharedwal',
  official_direct: 'official, in one worker alone',
  official_behind_messages: 'official behind postMessage',
};

/**
 * @param {import('./benchmark.js').BenchReport} report
 * @returns {Record<string, string>[]}
 */
export function summaryRows({ workloads }) {
  return ROWS.map(([label, workload, measure]) => {
    const figures = figuresOf(workloads, workload, measure) ?? {};
    const cells = Object.entries(COLUMNS).map(([contender, title]) => {
      const { median } = figures[contender] ?? {};
      return [title, median === undefined ? '' : rounded(median)];
    });
    return { workload: label, ...Object.fromEntries(cells) };
  });
}
