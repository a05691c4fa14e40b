// @ts-check
import { workload as autocommitInserts } from './autocommit_inserts.js';
import { workload as autocommitInsertsBesideIdle } from './autocommit_inserts_beside_idle.js';
import { workload as autocommitIntegers } from './autocommit_integers.js';
import { workload as bulkInsert } from './bulk_insert.js';
import { workload as checkpoint } from './checkpoint.js';
import { workloads as contendingWriters } from './contending_writers.js';
import { workload as memory } from './memory.js';
import { workload as mixedSql } from './mixed_sql.js';
import { workloads as openAnother } from './open_another.js';
import { workload as pointReads } from './point_reads.js';
import { workload as pointReadsByFour } from './point_reads_by_four.js';
import { workload as pointReadsByTwo } from './point_reads_by_two.js';
import { workload as pointReadsWithSmallCache } from './point_reads_with_small_cache.js';
import { workload as scanToObjects } from './scan_to_objects.js';
import { workload as scanWithSmallCache } from './scan_with_small_cache.js';
import { workloads as sight } from './sight.js';
import { workloads as writerAndReaders } from './writer_and_readers.js';

/** @type {import('../session.js').Workload[]} */
export const workloads = [
  bulkInsert,
  autocommitInserts,
  autocommitInsertsBesideIdle,
  autocommitIntegers,
  pointReads,
  pointReadsByTwo,
  pointReadsByFour,
  pointReadsWithSmallCache,
  scanToObjects,
  scanWithSmallCache,
  ...writerAndReaders,
  ...contendingWriters,
  ...sight,
  ...openAnother,
  checkpoint,
  memory,
  mixedSql,
];
