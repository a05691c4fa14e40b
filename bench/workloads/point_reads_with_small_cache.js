// @ts-check
import { workload as warm } from './point_reads.js';

/** @type {import('../session.js').Workload} */
export const workload = {
  ...warm,
  name: 'point_reads_with_small_cache',
  title: 'Point reads by key, with a cache of 64 pages',
  cachePages: 64,
};
