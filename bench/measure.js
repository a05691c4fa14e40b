// @ts-check

/** @typedef {import('./session.js').Measured} Measured */

/**
 * @typedef {(stopwatch: Stopwatch) => Promise<number>} Step has the stopwatch run where it does what is
 *   measured, and returns how much of it it did
 */

/**
 * Repeats a step until so much time was spent in it.
 *
 * @param {number} milliseconds
 * @param {Step} step
 */
export function repeatFor(milliseconds, step) {
  return repeatUntil((spent) => spent >= milliseconds, step);
}

/**
 * Repeats a step until it is enough. Between two steps it gives way to the event loop, where some
 * contenders hear of what others have committed.
 *
 * @param {(spent: number) => boolean} enough is told the milliseconds that were spent
 * @param {Step} step
 * @returns {Promise<Measured>}
 */
export async function repeatUntil(enough, step) {
  const stopwatch = new Stopwatch();
  let done = 0;
  do {
    done += await step(stopwatch);
    await nextTask();
  } while (!enough(stopwatch.milliseconds));
  return { done, milliseconds: stopwatch.milliseconds };
}

const { port1, port2 } = new MessageChannel();

/** Gives way to the event loop, no longer than it has something to do. */
export function nextTask() {
  return new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

/** The least time above 0 that the clock tells, in ms. */
export function clockStep() {
  const start = performance.now();
  let step = 0;
  while (step === 0) step = performance.now() - start;
  return step;
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
