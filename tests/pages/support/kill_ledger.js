// @ts-check
// What the workers of the kill test say of themselves, in shared memory, so that it is known when
// they are ended in the middle of it: what each is doing, how many of its commits it has seen
// return, and when it got the writer's lock and gave it up. Only the worker itself writes into its
// record, but for what it is told to do.

/** What a worker can be doing. */
export const DOINGS = /** @type {const} */ ([
  'starting',
  'opening',
  'between transactions',
  'waiting',
  'writing',
  'committing',
  'reading',
  'checkpointing',
  'closing',
  'spinning',
]);

/** What a worker can be told to do until it is ended. None of it ever yields. */
export const COMMANDS = /** @type {const} */ ([
  'nothing',
  'never yield',
  'spin in a statement that writes',
  'spin in a statement that reads',
  'spin in JavaScript',
]);

/** @typedef {typeof DOINGS[number]} Doing */
/** @typedef {typeof COMMANDS[number]} Command */

/** Transactions whose times are kept. */
const KEPT = 128;

const STOP = 0;
const FIRST_RECORD = 16;

const DOING = 0;
const CONNECTED = 1;
const COMMITS = 2;
const READS = 3;
const CHECKS = 4;
const BEGUN = 5;
const DONE = 6;
const COMMAND = 7;
const OBEYED = 8;
const TERMINATED = 9;
const WAITING_SINCE = 10;
const BEGUN_AT = 16;
const DONE_AT = BEGUN_AT + KEPT;
const RECORD = DONE_AT + KEPT;

export class KillLedger {
  /**
   * @param {number} workers
   * @param {SharedArrayBuffer} [buffer]
   * @param {number} [origin] ms since 1970 from which times are counted
   */
  constructor(
    workers,
    buffer = new SharedArrayBuffer(4 * (FIRST_RECORD + workers * RECORD)),
    origin = Date.now(),
  ) {
    this.workers = workers;
    this.buffer = buffer;
    this.origin = origin;
    this.words = new Int32Array(buffer);
  }

  /** Microseconds since the origin, on the one clock of all contexts; they last for 35 minutes. */
  now() {
    return Math.round((performance.timeOrigin - this.origin + performance.now()) * 1000);
  }

  stop() {
    Atomics.store(this.words, STOP, 1);
  }

  get stopped() {
    return Atomics.load(this.words, STOP) !== 0;
  }

  /** @param {number} worker */
  record(worker) {
    return new WorkerRecord(this, worker);
  }
}

export class WorkerRecord {
  #words;
  #first;

  /**
   * @param {KillLedger} ledger
   * @param {number} worker
   */
  constructor(ledger, worker) {
    this.ledger = ledger;
    this.worker = worker;
    this.#words = ledger.words;
    this.#first = FIRST_RECORD + worker * RECORD;
  }

  /** @param {number} word */
  #load(word) {
    return Atomics.load(this.#words, this.#first + word);
  }

  /**
   * @param {number} word
   * @param {number} value
   */
  #store(word, value) {
    Atomics.store(this.#words, this.#first + word, value);
  }

  /** @returns {Doing} */
  get doing() {
    return DOINGS[this.#load(DOING)] ?? 'starting';
  }

  set doing(doing) {
    this.#store(DOING, DOINGS.indexOf(doing));
  }

  get connected() {
    return this.#load(CONNECTED) !== 0;
  }

  set connected(connected) {
    this.#store(CONNECTED, Number(connected));
  }

  /** Commits that the worker has seen return. */
  get commits() {
    return this.#load(COMMITS);
  }

  get reads() {
    return this.#load(READS);
  }

  countRead() {
    this.#store(READS, this.reads + 1);
  }

  /** Times that it ran `integrity_check`. */
  get checks() {
    return this.#load(CHECKS);
  }

  countCheck() {
    this.#store(CHECKS, this.checks + 1);
  }

  /** @returns {Command} */
  get command() {
    return COMMANDS[this.#load(COMMAND)] ?? 'nothing';
  }

  set command(command) {
    this.#store(COMMAND, COMMANDS.indexOf(command));
  }

  /** Whether the worker has begun what it was told to do. */
  get obeyed() {
    return this.#load(OBEYED) !== 0;
  }

  obey() {
    this.#store(OBEYED, 1);
  }

  /** Whether `terminate(runtime, worker)` was called: its statements may fail from then on. */
  get terminated() {
    return this.#load(TERMINATED) !== 0;
  }

  setTerminated() {
    this.#store(TERMINATED, 1);
  }

  /** Transactions that got the writer's lock. */
  get begun() {
    return this.#load(BEGUN);
  }

  /** Whether it is in a transaction that has the writer's lock. */
  get holds() {
    return this.#load(BEGUN) !== this.#load(DONE);
  }

  /** It asks for the writer's lock now. */
  wait() {
    this.#store(WAITING_SINCE, this.ledger.now());
    this.doing = 'waiting';
  }

  get waitingSince() {
    return this.#load(WAITING_SINCE);
  }

  begin() {
    const number = this.begun + 1;
    this.#store(BEGUN_AT + (number % KEPT), this.ledger.now());
    this.#store(BEGUN, number);
  }

  commit() {
    this.#done(this.ledger.now());
    this.#store(COMMITS, this.commits + 1);
  }

  rollBack() {
    this.#done(-1);
  }

  /** @param {number} at */
  #done(at) {
    const number = this.begun;
    this.#store(DONE_AT + (number % KEPT), at);
    this.#store(DONE, number);
  }

  /**
   * When a transaction got the lock.
   *
   * @param {number} number the oldest that is kept, where this one is not any more
   */
  begunAt(number) {
    const kept = Math.max(number, this.begun - KEPT + 2);
    return this.#load(BEGUN_AT + (kept % KEPT));
  }

  /**
   * When the first commit after a moment returned, as far as it is still known, else a later one.
   *
   * @param {number} moment
   * @returns {number | undefined}
   */
  firstCommitSince(moment) {
    const last = this.#load(DONE);
    let first;
    for (let number = last; number > Math.max(0, last - KEPT + 2); number--) {
      const at = this.#load(DONE_AT + (number % KEPT));
      if (at === -1) continue;
      if (at < moment) break;
      first = at;
    }
    return first;
  }
}
