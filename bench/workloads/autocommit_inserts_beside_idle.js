// @ts-check
import { workload as alone, run } from './autocommit_inserts.js';

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'autocommit_inserts_beside_idle',
  title: 'Autocommit inserts beside 3 idle connections',
  measures: alone.measures,
  sessions: 4,
  against: alone.name,
  run,
  tasks: alone.tasks,
};
