// @ts-check
// How values of SQLite are written in a grid.

/** @typedef {import('sharedwal').SqlValue} SqlValue */

const MAX_CHARACTERS = 2000;
const MAX_BYTES = 32;
const LINE_BREAK = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;

/** @param {SqlValue} value */
export function cellType(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return 'INTEGER';
  if (typeof value === 'number') return 'REAL';
  return typeof value === 'string' ? 'TEXT' : 'BLOB';
}

/**
 * What stands in a cell, which is one line high.
 *
 * @param {SqlValue} value
 */
export function cellText(value) {
  return wholeText(value).replace(LINE_BREAK, '⏎');
}

/** @param {SqlValue} value */
export function wholeText(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return String(value);
  // SQLite shows a REAL as one.
  if (typeof value === 'number') return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === 'string') return cut(value);
  const hex = Array.from(value.subarray(0, MAX_BYTES), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const rest = value.length > MAX_BYTES ? '…' : '';
  return `x'${hex.join('')}${rest}' ${value.length} B`;
}

/** @param {string} text */
function cut(text) {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}… (${text.length} characters)`;
}
