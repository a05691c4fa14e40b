// @ts-check
// A session whose database is in another worker.

/** @typedef {import('./owner.js').Call} Call */

/**
 * @param {MessagePort} port
 * @returns {import('../../session.js').Session}
 */
export function clientOf(port) {
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let next = 1;
  port.onmessage = ({ data: { id, result, error } }) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error));
    else call?.resolve(result);
  };
  /**
   * @param {Call['method']} method
   * @param {string} sql
   * @param {Call['values']} values
   * @returns {Promise<any>}
   */
  const call = (method, sql, values = []) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      port.postMessage({ id, method, sql, values });
    });
  return {
    exec: (sql) => call('exec', sql),
    async run(sql, list) {
      for (const values of list) await call('run', sql, values);
    },
    async runTogether(sql, list) {
      await call('runTogether', sql, list);
    },
    async get(sql, keys, visit) {
      for (const key of keys) visit(await call('get', sql, [key]));
    },
    all: (sql) => call('all', sql),
    databaseBytes: () => call('databaseBytes', ''),
    close: () => port.close(),
  };
}
