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

/** How long others go on for one that has not come to its share. */
const PATIENCE_MS = 20_000;

/**
 * Lets workers work side by side for a time, and on until each has done its share: when a worker comes
 * to its turn on a busy machine, or its engine has optimised its code, is not theirs to say.
 */
export class Share {
  #signals;
  #word;
  #workers;
  #end;
  #done = false;
  #start = performance.now();

  /**
   * @param {Signals} signals
   * @param {number} word counts the workers that have done theirs
   * @param {number} workers
   * @param {number} ms
   */
  constructor(signals, word, workers, ms) {
    this.#signals = signals;
    this.#word = word;
    this.#workers = workers;
    this.#end = ms;
  }

  /** @param {boolean} enough whether this worker has done its share */
  goesOn(enough) {
    if (enough && !this.#done) {
      this.#done = true;
      this.#signals.add(this.#word);
    }
    const ms = performance.now() - this.#start;
    if (ms < this.#end) return true;
    return this.#signals.value(this.#word) < this.#workers && ms < PATIENCE_MS;
  }
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
