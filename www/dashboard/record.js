// @ts-check
// What one worker tells of itself, in shared memory, so that it is known without asking it, also when
// it is busy, asleep or ended: what it does since when, what it did, and for the last seconds how its
// time was spent. Only the worker writes here, but for the command.

/** What a worker can be doing. */
export const DOINGS = /** @type {const} */ ([
  'starting',
  'pausing',
  'waiting',
  'writing',
  'committing',
  'reading',
  'holding',
  'computing',
]);

/** What a worker can be told. */
export const COMMANDS = /** @type {const} */ (['go on', 'stop', 'hold', 'compute', 'die']);

/** @typedef {typeof DOINGS[number]} Doing */
/** @typedef {typeof COMMANDS[number]} Command */
/**
 * How a stretch of a worker's time was spent: shares from 0 to 1, and commits.
 *
 * @typedef {{ waiting: number, inside: number, reading: number, commits: number }} Stretch
 */

const DOING = 0;
const SINCE = 1;
const COMMAND = 2;
const CONNECTION = 3;
const READS = 4;
const WRONG = 5;
const REFUSED = 6;
const EPISODE = 7;
const FIRST_COMMIT = 8;
const FIRST_BIN = 16;

/** The trace: a ring of bins, each with the number of its stretch of time and what was done in it. */
const BIN_MS = 2;
const BINS = 4096;
const BIN_WORDS = 5;
const [STRETCH, WAITING, INSIDE, READING, COMMITS] = [0, 1, 2, 3, 4];

/** How far the trace goes back, in ms. */
export const TRACE_MS = BIN_MS * (BINS - 8);

/**
 * A part of the trace, cut into stretches of equal length. Times are those of the board.
 *
 * @typedef {object} Cut
 * @property {number} from
 * @property {number} to
 * @property {number} first its first bin
 * @property {number} bins how many make a stretch
 * @property {number} count of the stretches
 */

/**
 * @param {number} from
 * @param {number} to
 * @param {number} most stretches
 * @returns {Cut}
 */
export function cut(from, to, most) {
  const first = Math.floor(from / BIN_MS);
  const bins = Math.max(1, Math.ceil((to / BIN_MS - first) / most));
  const count = Math.ceil((to / BIN_MS - first) / bins);
  return { from: first * BIN_MS, to: (first + count * bins) * BIN_MS, first, bins, count };
}

/** @type {Partial<Record<Doing, number>>} */
const WORD_OF = {
  waiting: WAITING,
  writing: INSIDE,
  committing: INSIDE,
  holding: INSIDE,
  computing: INSIDE,
  reading: READING,
};

/** Microseconds as a word: they wrap after 71 minutes, and differences of up to 35 are right. */
const micros = (/** @type {number} */ ms) => Math.round(ms * 1000) | 0;

export class WorkerRecord {
  #words;

  /**
   * @param {import('./board.js').Board} board
   * @param {SharedArrayBuffer} [buffer]
   */
  constructor(board, buffer = new SharedArrayBuffer(4 * (FIRST_BIN + BINS * BIN_WORDS))) {
    this.board = board;
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    /** When what is done now began, for the worker itself. */
    this.began = board.now();
    if (this.doing === 'starting') this.#store(SINCE, micros(this.began));
  }

  /** @param {number} word */
  #load(word) {
    return Atomics.load(this.#words, word);
  }

  /**
   * @param {number} word
   * @param {number} value
   */
  #store(word, value) {
    Atomics.store(this.#words, word, value);
  }

  /** @returns {Doing} */
  get doing() {
    return DOINGS[this.#load(DOING)] ?? 'starting';
  }

  /** For how long it has been doing it, in ms. */
  get doingMs() {
    return Math.max(0, ((micros(this.board.now()) - this.#load(SINCE)) | 0) / 1000);
  }

  /**
   * From now on the worker does something else.
   *
   * @param {Doing} doing
   */
  enter(doing) {
    const now = this.board.now();
    const before = WORD_OF[this.doing];
    if (before !== undefined) this.#spend(before, this.began, now);
    this.began = now;
    this.#store(SINCE, micros(now));
    this.#store(DOING, DOINGS.indexOf(doing));
  }

  /** A commit has returned. */
  countCommit() {
    const now = this.board.now();
    Atomics.add(this.#words, this.#bin(Math.floor(now / BIN_MS)) + COMMITS, 1);
    const { episode } = this.board;
    if (this.#load(EPISODE) === episode) return;
    this.#store(FIRST_COMMIT, micros(now));
    this.#store(EPISODE, episode);
  }

  /**
   * How long after a moment the worker's first commit of an episode returned, in ms.
   *
   * @param {number} episode
   * @param {number} moment
   */
  firstCommitAfter(episode, moment) {
    return this.#load(EPISODE) === episode
      ? ((this.#load(FIRST_COMMIT) - micros(moment)) | 0) / 1000
      : undefined;
  }

  /** Where a bin is, emptied if it had an older stretch of time. @param {number} stretch */
  #bin(stretch) {
    const at = FIRST_BIN + (stretch % BINS) * BIN_WORDS;
    if (this.#load(at) !== stretch) {
      for (const word of [WAITING, INSIDE, READING, COMMITS]) this.#store(at + word, 0);
      this.#store(at, stretch);
    }
    return at;
  }

  /**
   * @param {number} word
   * @param {number} from
   * @param {number} to
   */
  #spend(word, from, to) {
    const last = Math.floor(to / BIN_MS);
    for (let one = Math.max(Math.floor(from / BIN_MS), last - BINS + 1); one <= last; one++) {
      const spent = Math.min(to, (one + 1) * BIN_MS) - Math.max(from, one * BIN_MS);
      Atomics.add(this.#words, this.#bin(one) + word, Math.round(spent * 1000));
    }
  }

  /**
   * How the worker's time was spent.
   *
   * @param {Cut} cut
   * @param {number} [end] when what it does now came to its end, for one that is no more
   * @returns {Stretch[]}
   */
  spent({ first, bins, count }, end = this.board.now()) {
    const present = WORD_OF[this.doing];
    const began = this.board.now() - this.doingMs;
    return Array.from({ length: count }, (_, index) => {
      const sums = [0, 0, 0, 0, 0];
      for (let one = first + index * bins; one < first + (index + 1) * bins; one++) {
        const at = FIRST_BIN + (Math.max(0, one) % BINS) * BIN_WORDS;
        if (this.#load(at + STRETCH) === one) {
          for (let word = WAITING; word < BIN_WORDS; word++) {
            sums[word] = (sums[word] ?? 0) + this.#load(at + word);
          }
        }
        // What it does still is not in the trace yet.
        const still = Math.min(end, (one + 1) * BIN_MS) - Math.max(began, one * BIN_MS);
        if (present !== undefined && still > 0) sums[present] = (sums[present] ?? 0) + still * 1000;
      }
      const share = (/** @type {number} */ word) =>
        Math.min(1, (sums[word] ?? 0) / (bins * BIN_MS * 1000));
      return {
        waiting: share(WAITING),
        inside: share(INSIDE),
        reading: share(READING),
        commits: sums[COMMITS] ?? 0,
      };
    });
  }

  /** @returns {Command} */
  get command() {
    return COMMANDS[this.#load(COMMAND)] ?? 'go on';
  }

  set command(command) {
    this.#store(COMMAND, COMMANDS.indexOf(command));
  }

  /** The id of the worker's connection; undefined before it is there. */
  get connection() {
    const id = this.#load(CONNECTION);
    return id === 0 ? undefined : id - 1;
  }

  set connection(id) {
    this.#store(CONNECTION, id === undefined ? 0 : id + 1);
  }

  /** Read transactions whose result was compared with what had to be there. */
  get reads() {
    return this.#load(READS);
  }

  /** Those of them in which something was missing. */
  get wrong() {
    return this.#load(WRONG);
  }

  /** @param {boolean} right */
  countRead(right) {
    Atomics.add(this.#words, READS, 1);
    if (!right) Atomics.add(this.#words, WRONG, 1);
  }

  /** Transactions that were refused, since a lock did not come free in time or the log was full. */
  get refused() {
    return this.#load(REFUSED);
  }

  countRefused() {
    Atomics.add(this.#words, REFUSED, 1);
  }
}
