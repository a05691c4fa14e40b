// @ts-check
import { createRuntime, diagnostics, open } from '../../dist/index.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'sharedwal',
  title: 'sharedwal',
  about: 'every worker with its own connection on the same shared memory, in WAL mode',
  package: 'sharedwal',
  sessions: Number.POSITIVE_INFINITY,
  can: ['checkpoint', 'open another', 'see at once'],

  createPlace() {
    const runtime = createRuntime({ name: 'bench' });
    return { invite: () => ({ invitation: runtime, transfer: [] }), end() {} };
  },

  openSession: (invitation) =>
    openSession(/** @type {import('../../dist/index.js').Runtime} */ (invitation)),
};

/**
 * @param {import('../../dist/index.js').Runtime} runtime
 * @returns {Promise<import('../session.js').Session>}
 */
async function openSession(runtime) {
  const db = await open(runtime);
  /** @type {Map<string, import('../../dist/index.js').Statement>} */
  const statements = new Map();
  const prepared = (/** @type {string} */ sql) => {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  /** @type {import('../session.js').Session['run']} */
  const run = (sql, list) => {
    const statement = prepared(sql);
    for (const values of list) statement.run(...values);
  };
  return {
    exec: (sql) => void db.exec(sql),
    run,
    runTogether: run,
    get(sql, keys, visit) {
      const statement = prepared(sql);
      for (const key of keys) {
        visit(/** @type {import('../session.js').RowObject} */ (statement.get(key)));
      }
    },
    all: (sql) => /** @type {import('../session.js').RowObject[]} */ (prepared(sql).all()),
    another: () => () => openSession(runtime),
    databaseBytes() {
      const { database, writeAhead } = diagnostics(runtime);
      return (
        database.bytes + writeAhead.bytes + runtime.index.byteLength + runtime.control.byteLength
      );
    },
    close: () => void db.close(),
  };
}
