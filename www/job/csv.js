// @ts-check

/**
 * The records of a CSV text (RFC 4180: fields may be quoted, and a quote inside is doubled).
 *
 * @param {string} text
 * @returns {string[][]}
 */
export function parseCsv(text) {
  /** @type {string[][]} */
  const records = [];
  /** @type {string[]} */
  let record = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new Error(`record ${records.length + 1} of the CSV is malformed`);
    const [, quoted, plain, end] = match;
    record.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end !== ',') {
      records.push(record);
      record = [];
    }
  }
  if (record.length > 0) records.push([...record, '']);
  return records;
}
