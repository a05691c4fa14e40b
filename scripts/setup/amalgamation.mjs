// What of SQLite is compiled for wasm for speed, and what for size. In a page each byte is waited for,
// and most of SQLite runs once a statement, not once a row.

/** The files of the amalgamation that hold what runs for every row, page, lock or value. */
const FOR_SPEED = new Set([
  ...['bitvec', 'btmutex', 'btree', 'func', 'hash', 'malloc', 'mem1', 'memjournal', 'mutex_noop'],
  ...['os', 'pager', 'pcache', 'pcache1', 'printf', 'random', 'rowset', 'utf', 'util', 'vdbe'],
  ...['vdbeapi', 'vdbeaux', 'vdbeblob', 'vdbemem', 'vdbesort', 'wal'],
]);

const PUSH = '#pragma clang attribute push(__attribute__((minsize)), apply_to = function)';
const POP = '#pragma clang attribute pop';

/**
 * The amalgamation with every other file marked as to be small: nothing but pragmas is added.
 * @param {string} source
 */
export function forSize(source) {
  let file = '';
  return source
    .split('\n')
    .flatMap((line) => {
      const [, begin] = /^\/\*+ Begin file (\w+)\.c \*+\/$/.exec(line) ?? [];
      if (file === '' && begin && !FOR_SPEED.has(begin)) {
        file = begin;
        return [line, PUSH];
      }
      if (file === '' || !new RegExp(`^/\\*+ End of ${file}\\.c \\*+/$`).test(line)) return [line];
      file = '';
      return [POP, line];
    })
    .join('\n');
}
