// @ts-check
import { workload as autocommitInserts } from './autocommit_inserts.js';
import { workload as autocommitInsertsBesideIdle } from './autocommit_inserts_beside_idle.js';
import { workload as autocommitIntegers } from './autocommit_integers.js';
import { workload as bulkInsert } from './bulk_insert.js';
import { workload as pointReads } from './point_reads.js';
import { workload as pointReadsByTwo } from './point_reads_by_two.js';
import { workload as scanToObjects } from './scan_to_objects.js';
import { workload as scanWithSmallCache } from './scan_with_small_cache.js';

/** @type {import('../session.js').Workload[]} */
export const workloads = [
  bulkInsert,
  autocommitInserts,
  autocommitInsertsBesideIdle,
  autocommitIntegers,
  pointReads,
  pointReadsByTwo,
  scanToObjects,
  scanWithSmallCache,
];
