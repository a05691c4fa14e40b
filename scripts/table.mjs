// Plain text tables for the terminal.

/**
 * One line a row, one column a key, in the order in which keys first appear; numbers to the right.
 * @param {Record<string, unknown>[]} rows
 * @returns {string}
 */
export function table(rows) {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [keys, ...rows.map((row) => keys.map((key) => shown(row[key])))];
  const widths = keys.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const right = keys.map((key) => rows.every((row) => typeof (row[key] ?? 0) === 'number'));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') {
    return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
