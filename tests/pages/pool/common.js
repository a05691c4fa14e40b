// @ts-check
/** Takes a second or so, and no more than the processor. */
export const LONG = `with recursive n (i) as (select 1 union all select i + 1 from n limit 3000000)
                     select max(i) as most from n`;
export const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                        select max(i) as most from n`;

/** What takes milliseconds, on a machine that is busy. */
export const SOON_MS = 3000;

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {() => unknown} holds
 * @param {number} [ms]
 * @returns {Promise<boolean>}
 */
export async function until(holds, ms = 20_000) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > ms) return false;
    await sleep(2);
  }
  return true;
}

/**
 * What a promise comes to within some time.
 *
 * @param {Promise<unknown>} promise
 * @param {number} [ms]
 * @returns {Promise<any>}
 */
export async function outcome(promise, ms = 20_000) {
  const start = performance.now();
  /** @type {(value: unknown) => { took: number, [name: string]: unknown }} */
  const took = (value) => ({ took: performance.now() - start, .../** @type {object} */ (value) });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(took({ pending: true })), ms);
  });
  const settled = promise.then(
    (value) => took({ value }),
    (error) => took({ error, code: error?.code }),
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

/** @param {import('sharedwal/pool').Pool} pool */
export async function ready(pool) {
  if (!(await until(() => pool.workers.every(({ state }) => state === 'idle')))) {
    throw new Error(`not ready: ${JSON.stringify(pool.workers)}`);
  }
}

/** @param {import('sharedwal/pool').Pool} pool */
export const readers = (pool) => pool.workers.filter(({ role }) => role === 'reader');

/** @param {import('sharedwal/pool').Pool} pool */
export const writer = (pool) => pool.workers.find(({ role }) => role === 'writer');
