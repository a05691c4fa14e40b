// @ts-check
// What an operation costs, as docs/performance.md tells it.

/** @typedef {import('./tally.js').Tally} Tally */

/**
 * @typedef {object} Cost
 * @property {number} calls of JavaScript into the instance
 * @property {number} imports of the instance into JavaScript
 * @property {number} atomics
 * @property {Record<string, number>} copies how many, by their bytes
 */

/** @param {Record<string, number>} counts */
const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/** @param {Tally} tally @returns {Cost} */
export function costOf({ calls, imports, atomics, copies }) {
  return { calls: sum(calls), imports: sum(imports), atomics: sum(atomics), copies };
}

/**
 * What each of so many pages costs, by which an operation did more.
 *
 * @param {Cost} fewer
 * @param {Cost} more
 * @param {number} pages
 * @returns {Cost}
 */
export function costPerPage(fewer, more, pages) {
  const lengths = new Set([...Object.keys(fewer.copies), ...Object.keys(more.copies)]);
  const copies = [...lengths].map((length) => [
    length,
    ((more.copies[length] ?? 0) - (fewer.copies[length] ?? 0)) / pages,
  ]);
  return {
    calls: (more.calls - fewer.calls) / pages,
    imports: (more.imports - fewer.imports) / pages,
    atomics: (more.atomics - fewer.atomics) / pages,
    copies: Object.fromEntries(copies.filter(([, count]) => count !== 0)),
  };
}

/** @param {Cost} cost */
export function copiedBytes({ copies }) {
  return Object.entries(copies).reduce((all, [bytes, count]) => all + Number(bytes) * count, 0);
}

/** @param {number} count */
const grouped = (count) => count.toLocaleString('en-US', { maximumFractionDigits: 3 });

/** @param {Cost['copies']} copies */
function describeCopies(copies) {
  const parts = Object.entries(copies).map(([bytes, count]) =>
    count === 1 ? grouped(Number(bytes)) : `${grouped(count)} × ${grouped(Number(bytes))}`,
  );
  return parts.join(' + ') || '0';
}

/** The head of the table. */
export const HEAD = [
  '| operation | calls into the instance | calls out of it | atomic operations | bytes copied |',
  '|---|--:|--:|--:|--:|',
];

/**
 * @param {string} title
 * @param {Cost} cost
 */
export function row(title, { calls, imports, atomics, copies }) {
  const counts = [calls, imports, atomics].map(grouped);
  return `| ${[title, ...counts, describeCopies(copies)].join(' | ')} |`;
}
