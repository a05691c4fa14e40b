// @ts-check
import { workload as alone, run } from './point_reads.js';

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'point_reads_by_four',
  title: 'Point reads by key, four workers at once',
  measures: alone.measures,
  sessions: 4,
  against: alone.name,
  run,
  tasks: alone.tasks,
};
