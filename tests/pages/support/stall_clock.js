// @ts-check
// How long a death holds up the others: from the call that ends a worker, and from its real end, to
// the next commit of one that waits. It reads the ledger and knows nothing of the database.

/**
 * @typedef {import('./kill_ledger.js').WorkerRecord} WorkerRecord
 * @typedef {'plain' | 'asked'} How ended by `worker.terminate()`, or by `terminate(runtime, worker)`
 * @typedef {{ record: WorkerRecord, how?: How, calledAt?: number }} Watched
 * @typedef {{ name: string, victim: WorkerRecord, since: number, from?: number, held: boolean }} Open
 * @typedef {{ watched: Watched, number: number, from: number }} Waiter
 */

/** Times in ms by what was measured. */
export class StallClock {
  /** @type {Map<string, number[]>} */
  times = new Map();
  /** The longest of all waits for a lock that a dead worker had, from its end on. */
  longestWaitMs = 0;
  /** Ends after which others had to wait for another dying one, so that they tell nothing. */
  behindAnother = 0;

  #ledger;
  /** @type {Map<number, Watched>} */
  #watched = new Map();
  /** @type {Open[]} */
  #open = [];
  /** @type {Waiter[]} */
  #waiters = [];

  /** @param {import('./kill_ledger.js').KillLedger} ledger */
  constructor(ledger) {
    this.#ledger = ledger;
  }

  /** @param {WorkerRecord} record */
  started(record) {
    this.#watched.set(record.worker, { record });
  }

  /**
   * To be told right before the call.
   *
   * @param {WorkerRecord} record
   * @param {How} how
   */
  called(record, how) {
    this.poll();
    const watched = this.#require(record);
    watched.how = how;
    watched.calledAt = this.#ledger.now();
    this.#begin(`${how}, from the call`, record, watched.calledAt);
  }

  /**
   * The browser has ended it. How long that took, in ms.
   *
   * @param {WorkerRecord} record
   */
  ended(record) {
    this.poll();
    const { how, calledAt = 0 } = this.#require(record);
    const from = this.#ledger.now();
    this.#watched.delete(record.worker);
    this.#begin(`${how}, from the end`, record, from);
    if (record.holds) {
      const waiting = [...this.#watched.values()].filter(
        ({ how, record }) => how === undefined && record.doing === 'waiting',
      );
      // Who waits for another dead one now waits for this one.
      const still = new Set(this.#waiters.map(({ watched }) => watched));
      this.#waiters = [
        ...this.#waiters.map((waiter) => ({ ...waiter, from })),
        ...waiting
          .filter((watched) => !still.has(watched))
          .map((watched) => ({ watched, number: watched.record.begun + 1, from })),
      ];
    }
    return (from - calledAt) / 1000;
  }

  /** @param {WorkerRecord} record */
  #require(record) {
    const watched = this.#watched.get(record.worker);
    if (watched === undefined) throw new Error(`worker ${record.worker} is not watched`);
    return watched;
  }

  /**
   * @param {string} name
   * @param {WorkerRecord} victim
   * @param {number} since
   */
  #begin(name, victim, since) {
    this.#open.push({ name, victim, since, held: victim.holds });
  }

  /** Since when somebody waits who is not dying; undefined where nobody does. */
  #waitingSince() {
    const times = [...this.#watched.values()]
      .filter(({ how, record }) => how === undefined && record.doing === 'waiting')
      .map(({ record }) => record.waitingSince);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /**
   * @param {string} name
   * @param {number} ms
   */
  #add(name, ms) {
    const list = this.times.get(name) ?? [];
    list.push(ms);
    this.times.set(name, list);
  }

  /** Looks what has happened; often enough that the ledger still knows. */
  poll() {
    this.#open = this.#open.filter((one) => !this.#settle(one));
    this.#waiters = this.#waiters.filter((waiter) => !this.#settleWaiter(waiter));
  }

  /** @param {Open} open */
  #settle(open) {
    const { name, victim, since, held } = open;
    if (open.from === undefined) {
      const waitingSince = this.#waitingSince();
      // A commit before anybody waited: this death holds up nobody.
      if (waitingSince === undefined) return this.#someoneCommitted(victim, since);
      open.from = Math.max(since, waitingSince);
    }
    const { from } = open;
    let commit = Infinity;
    let handedOn = Infinity;
    for (const { record, how } of this.#watched.values()) {
      if (record === victim) continue;
      commit = Math.min(commit, record.firstCommitSince(from) ?? Infinity);
      // A dying one that has the lock keeps it to its end, which is measured by itself.
      if (how !== undefined && record.holds) {
        handedOn = Math.min(handedOn, Math.max(from, record.begunAt(record.begun)));
      }
    }
    if (handedOn < commit) {
      if (handedOn === from) this.behindAnother++;
      else this.#add(`${name}, to a dying one`, (handedOn - from) / 1000);
      return true;
    }
    if (commit === Infinity) return false;
    this.#add(name, (commit - from) / 1000);
    if (held) this.#add(`${name} of one that had the lock`, (commit - from) / 1000);
    return true;
  }

  /**
   * @param {WorkerRecord} victim
   * @param {number} since
   */
  #someoneCommitted(victim, since) {
    return [...this.#watched.values()].some(
      ({ record }) => record !== victim && record.firstCommitSince(since) !== undefined,
    );
  }

  /** @param {Waiter} waiter */
  #settleWaiter({ watched: { record, how }, number, from }) {
    if (record.begun >= number) {
      const ms = (record.begunAt(number) - from) / 1000;
      this.longestWaitMs = Math.max(this.longestWaitMs, ms);
      return true;
    }
    return how !== undefined;
  }

  /** Those that nobody's commit has ended yet, in ms. */
  get unsettled() {
    const now = this.#ledger.now();
    return this.#open
      .filter(({ from }) => from !== undefined)
      .map(({ from = now }) => (now - from) / 1000);
  }
}

/**
 * @param {number[]} list
 * @returns {{ count: number, p50: number, p99: number, max: number }}
 */
export function percentiles(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) * 10) /
    10;
  return { count: list.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
