// @ts-check

/** Bytes of a database page, for every contender. */
export const PAGE_BYTES = 4096;
/** Pages that a connection may keep in its cache, for every contender, unless a workload says less. */
export const CACHE_PAGES = 4096;

/**
 * What every session executes first.
 *
 * @param {number} cachePages
 */
export function pragmas(cachePages) {
  return `
    pragma page_size = ${PAGE_BYTES};
    pragma cache_size = ${cachePages};
    pragma temp_store = memory;
    pragma foreign_keys = on;`;
}

/** The settings that the results show, as the connections answer them. */
export const SHOWN_PRAGMAS = [
  'page_size',
  'cache_size',
  'journal_mode',
  'synchronous',
  'locking_mode',
  'temp_store',
  'foreign_keys',
  'wal_autocheckpoint',
];
