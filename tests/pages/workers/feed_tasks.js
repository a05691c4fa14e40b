// @ts-check
// A listener to commits in a worker that may have no connection, and a writer that does not pause.
import { onCommit } from '../../../dist/index.js';
import { connection } from './database_tasks.js';

/** @typedef {import('../../../dist/index.js').Commit} Commit */

/** @type {Commit[]} */
let seen = [];

/** @param {{ runtime: import('../../../dist/index.js').Runtime, rowIds?: boolean }} args */
export function listen({ runtime, rowIds = false }) {
  onCommit(runtime, (commit) => seen.push(commit), { rowIds });
}

/** What was told since the last call. */
export function take() {
  const taken = seen;
  seen = [];
  return taken;
}

/**
 * Commits that change one table each, and note whose they are in another.
 *
 * @param {{ writer: number, commits: number }} args
 */
export function write({ writer, commits }) {
  const db = connection();
  const log = db.prepare('insert into log (writer) values (?)');
  const change = db.prepare(`insert into t${writer} default values`);
  const both = db.transaction(() => {
    log.run(writer);
    change.run();
  });
  for (let n = 0; n < commits; n++) {
    if (n % 2 === 0) both.immediate();
    else log.run(writer);
  }
}
