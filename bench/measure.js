// @ts-check

/** @typedef {import('./session.js').Measured} Measured */

/**
 * Repeats a step until so much time was spent in it.
 *
 * @param {number} milliseconds
 * @param {(stopwatch: Stopwatch) => Promise<number>} step has the stopwatch run where it does what
 *   is measured, and returns how much of it it did
 * @returns {Promise<Measured>}
 */
export async function repeatFor(milliseconds, step) {
  const stopwatch = new Stopwatch();
  let done = 0;
  do done += await step(stopwatch);
  while (stopwatch.milliseconds < milliseconds);
  return { done, milliseconds: stopwatch.milliseconds };
}

export class Stopwatch {
  milliseconds = 0;

  /**
   * Runs something and adds its time.
   *
   * @template T
   * @param {() => import('./session.js').Awaitable<T>} action
   * @returns {Promise<T>}
   */
  async time(action) {
    const start = performance.now();
    const result = await action();
    this.milliseconds += performance.now() - start;
    return result;
  }
}

/** @param {Measured} measured */
export function perSecond({ done, milliseconds }) {
  return (done * 1000) / milliseconds;
}
