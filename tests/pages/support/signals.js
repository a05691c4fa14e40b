// @ts-check

/**
 * A few shared words by which a page and its workers meet: a gate that all start from, a stop flag,
 * counts. Made on the page, handed over as its `buffer`.
 */
export class Signals {
  /** @param {SharedArrayBuffer} buffer */
  constructor(buffer = new SharedArrayBuffer(64)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
  }

  /**
   * Adds to a word and wakes who waits on it.
   *
   * @param {number} word
   * @param {number} by
   */
  add(word, by = 1) {
    Atomics.add(this.words, word, by);
    Atomics.notify(this.words, word);
  }

  /** @param {number} word */
  value(word) {
    return Atomics.load(this.words, word);
  }

  /**
   * Blocks a worker until the word has reached `value`.
   *
   * @param {number} word
   * @param {number} value
   * @param {number} timeoutMs
   */
  waitFor(word, value, timeoutMs = 60_000) {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const now = this.value(word);
      if (now >= value) return;
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`signal ${word} is ${now} after ${timeoutMs} ms, not ${value}`);
      Atomics.wait(this.words, word, now, Math.min(left, 1000));
    }
  }

  /**
   * The same on the page's main thread, where nothing may block.
   *
   * @param {number} word
   * @param {number} value
   * @param {number} timeoutMs
   */
  async reached(word, value, timeoutMs = 60_000) {
    const deadline = performance.now() + timeoutMs;
    while (this.value(word) < value) {
      if (performance.now() > deadline) {
        throw new Error(
          `signal ${word} is ${this.value(word)} after ${timeoutMs} ms, not ${value}`,
        );
      }
      await pause(2);
    }
  }
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
