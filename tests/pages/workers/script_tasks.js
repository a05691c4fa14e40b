// @ts-check
import { open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';

/** @type {import('../../../dist/index.js').Runtime | undefined} */
let runtime;
/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

/** @param {{ runtime: import('../../../dist/index.js').Runtime }} args */
export function start(args) {
  runtime = args.runtime;
}

export function close() {
  db?.close();
  db = undefined;
}

/**
 * What statements, with `; ` between them, answer: their rows, up to the first error. The connection
 * does not wait for locks unless the script says so.
 *
 * @param {{ sql: string, journalMode: import('../../../dist/index.js').JournalMode }} args
 * @returns {Promise<string[]>}
 */
export async function answer({ sql, journalMode }) {
  /** @type {string[]} */
  const lines = [];
  try {
    if (runtime === undefined) throw new Error('this worker has no runtime');
    db ??= await open(runtime, { timeout: 0, journalMode });
    for (const one of sql.split('; ')) {
      const statement = db.prepare(one);
      if (!statement.reader) {
        statement.run();
        continue;
      }
      const rows = /** @type {unknown[][]} */ (statement.raw().all());
      lines.push(...rows.map((row) => row.map(show).join('|')));
    }
  } catch (error) {
    const { code, message } = describeError(error);
    lines.push(`error ${code ?? message}`);
  }
  return lines;
}

/** @param {unknown} value */
function show(value) {
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}
