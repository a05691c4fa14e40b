// @ts-check
// What can be chosen before a run.

/** Workloads that show the most in the least time. */
export const ESSENTIAL = [
  'bulk_insert',
  'autocommit_inserts',
  'point_reads',
  'point_reads_by_two',
  'scan_to_objects',
  'writer_and_3_readers',
  'writers_2',
  'open_another',
];

/** @type {Record<string, { title: string, repetitions: number, milliseconds: number }>} */
export const LENGTHS = {
  quick: { title: 'quick: once, 0.2 s each', repetitions: 1, milliseconds: 200 },
  usual: { title: 'usual: 3 times, 0.5 s each', repetitions: 3, milliseconds: 500 },
  thorough: { title: 'thorough: 5 times, 1 s each', repetitions: 5, milliseconds: 1000 },
};
export const USUAL_LENGTH = 'usual';
