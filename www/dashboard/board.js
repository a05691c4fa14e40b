// @ts-check
// What all workers of the dashboard share beside the database: the clock's origin, their pace, and how
// many commits each writer has seen return. Everybody can compare these with the table.

const WRITERS = 0;
const PAUSE_MS = 1;
const EPISODE = 2;
const FIRST_WRITER = 16;
const MOST_WRITERS = 65_536;

export class Board {
  /**
   * @param {SharedArrayBuffer} [buffer]
   * @param {number} [origin] ms since 1970 from which times are counted
   */
  constructor(
    buffer = new SharedArrayBuffer(4 * (FIRST_WRITER + MOST_WRITERS)),
    origin = performance.timeOrigin + performance.now(),
  ) {
    this.buffer = buffer;
    this.origin = origin;
    this.words = new Int32Array(buffer);
  }

  /** Milliseconds since the origin, on the one clock of all contexts. */
  now() {
    return performance.timeOrigin - this.origin + performance.now();
  }

  /** A number for one more writer, from 0 on. */
  nextWriter() {
    const writer = Atomics.add(this.words, WRITERS, 1);
    if (writer >= MOST_WRITERS)
      throw new Error(`there were ${MOST_WRITERS} writers: reload the page`);
    return writer;
  }

  /** How many writers were started, those that are no more included. */
  get writers() {
    return Atomics.load(this.words, WRITERS);
  }

  /** How long a worker pauses between two transactions, in ms. */
  get pauseMs() {
    return Atomics.load(this.words, PAUSE_MS);
  }

  set pauseMs(ms) {
    Atomics.store(this.words, PAUSE_MS, ms);
  }

  /** Its number rises with each kill; workers note their first commit in each. */
  get episode() {
    return Atomics.load(this.words, EPISODE);
  }

  nextEpisode() {
    return Atomics.add(this.words, EPISODE, 1) + 1;
  }

  /**
   * How many of its commits a writer has seen return.
   *
   * @param {number} writer
   */
  acknowledged(writer) {
    return Atomics.load(this.words, FIRST_WRITER + writer);
  }

  /** @param {number} writer */
  acknowledge(writer) {
    Atomics.add(this.words, FIRST_WRITER + writer, 1);
  }
}
