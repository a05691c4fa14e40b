// A queue of jobs, and the members that do them: each one job at a time, so that what waits can be
// taken back, and goes to whoever is free first.

import { codeOf } from './error_message.js';
import type { Member, MemberEvents } from './member.js';

/** Something that a member does alone. */
export interface Job {
  /** Never rejects; the member is free again when it resolves. */
  run(member: Member): Promise<void>;
  /** It cannot be run. */
  fail(error: Error): void;
}

/** After how many milliseconds a start is tried again while other members work; then twice that. */
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
/** It may be their start that they die of. */
const MOST_DEATHS = 3;

/** Members with the same task, and the queue of their jobs. */
export class Lane {
  #waiting = new Set<Job>();
  #members: Member[] = [];
  #picking: { resolve: (member: Member) => void; reject: (error: Error) => void }[] = [];
  #closed: Error | undefined;
  #retryMs = RETRY_MS;
  /** Members in a row that died while they were being started. */
  #deaths = 0;
  #retrying: ReturnType<typeof setTimeout> | undefined;
  readonly #busy = new Set<Member>();
  readonly #events: MemberEvents = {
    ready: () => {
      this.#retryMs = RETRY_MS;
      this.#deaths = 0;
      for (const { resolve } of this.#picking.splice(0)) resolve(this.#leastRead() as Member);
      this.#dispatch();
    },
    ended: (member, error, started) => this.#ended(member, error, started),
  };

  constructor(
    readonly size: number,
    readonly start: (events: MemberEvents) => Member,
  ) {
    this.#fill();
  }

  /** Its members now, those included that are being started. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** How many jobs wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isBusy(member: Member): boolean {
    return this.#busy.has(member);
  }

  /** Has a job done, after those that wait already or before them. */
  add(job: Job, first = false): void {
    if (this.#closed !== undefined) {
      job.fail(this.#closed);
      return;
    }
    if (first) this.#waiting = new Set([job, ...this.#waiting]);
    else this.#waiting.add(job);
    this.#dispatch();
    if (this.#waiting.size > 0) this.#fill();
  }

  /** Takes a job back; false if it does not wait any more. */
  remove(job: Job): boolean {
    return this.#waiting.delete(job);
  }

  /** The member with the fewest streams, busy or not; waits until there is one. */
  pick(): Promise<Member> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const member = this.#leastRead();
    if (member !== undefined) return Promise.resolve(member);
    return new Promise((resolve, reject) => {
      this.#picking.push({ resolve, reject });
      this.#fill();
    });
  }

  /** Rejects all that waits, and ends the members. */
  async close(error: Error): Promise<void> {
    this.#closed = error;
    clearTimeout(this.#retrying);
    this.#failAll(error);
    await Promise.all(this.#members.map((member) => member.close(error)));
  }

  #leastRead(free = false): Member | undefined {
    let least: Member | undefined;
    for (const member of this.#members) {
      if (!member.isReady || (free && this.#busy.has(member))) continue;
      if (least === undefined || member.streams < least.streams) least = member;
    }
    return least;
  }

  #dispatch(): void {
    for (const job of this.#waiting) {
      const member = this.#leastRead(true);
      if (member === undefined) return;
      this.#waiting.delete(job);
      this.#busy.add(member);
      void job.run(member).then(() => {
        this.#busy.delete(member);
        this.#dispatch();
      });
    }
  }

  #fill(): void {
    if (this.#closed !== undefined) return;
    // With nobody there, whoever asks is told anew why.
    if (this.#retrying !== undefined && this.#members.length > 0) return;
    while (this.#members.length < this.size) this.#members.push(this.start(this.#events));
  }

  #ended(member: Member, error: Error, started: boolean): void {
    this.#members = this.#members.filter((other) => other !== member);
    const diedEarly = !started && codeOf(error) === 'WORKER_DIED';
    if (started || (diedEarly && ++this.#deaths < MOST_DEATHS)) {
      this.#fill();
    } else if (this.#members.length > 0) {
      // Others do what waits.
      this.#retryLater();
    } else {
      this.#failAll(error);
    }
  }

  #retryLater(): void {
    if (this.#closed !== undefined || this.#retrying !== undefined) return;
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined;
      this.#fill();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const job of waiting) job.fail(error);
    for (const { reject } of this.#picking.splice(0)) reject(error);
  }
}
