// Rows of a pool, a batch at a time: the worker reads on when a batch is taken, and never more than
// one ahead.

import { typeError } from '../errors.js';
import type { Limit } from '../limit.js';
import { whenReached } from './call_options.js';
import { codeOf } from './error_message.js';
import type { Lane } from './lane.js';
import type { Member } from './member.js';
import { type Results, type StatementMessage, WRITES } from './protocol.js';
import { rowObjects } from './row_message.js';

/** How often a stream whose worker died before its first batch is begun anew. */
const TRIES = 3;

/** What a stream asks for. */
export interface StreamPlan {
  readonly lane: Lane;
  readonly statement: StatementMessage;
  readonly safeIntegers: boolean;
  readonly limit: Limit | undefined;
  readonly batchRows: number;
}

/** Reading that was begun in a worker. */
class Reading {
  #ending: Promise<void> | undefined;
  /** Whether the worker has come to the end of it. */
  #done = false;

  private constructor(
    readonly plan: StreamPlan,
    readonly member: Member,
    readonly stream: number,
    readonly connection: number,
  ) {}

  /** The request that runs. */
  #pulling: number | undefined;

  static async begin(plan: StreamPlan): Promise<Reading> {
    const { statement, safeIntegers } = plan;
    const member = await plan.lane.pick();
    member.streams++;
    try {
      const begun = await member.post('stream', { ...statement, safeIntegers }).answer;
      if (begun === WRITES) {
        throw typeError(
          'The statement writes, and stream() only reads. Use query() instead',
          'INVALID_ARGUMENT',
        );
      }
      return new Reading(plan, member, begun.stream, begun.connection);
    } catch (error) {
      member.streams--;
      throw error;
    }
  }

  async pull(): Promise<Results['pull']> {
    const { stream } = this;
    const { id, answer } = this.member.post('pull', { stream, rows: this.plan.batchRows });
    this.#pulling = id;
    try {
      const batch = await answer;
      if (batch.done) this.#done = true;
      return batch;
    } finally {
      this.#pulling = undefined;
    }
  }

  /** Ends the reading, and with it the read transaction. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.member.streams--;
    if (this.#pulling !== undefined) this.member.cancel(this.#pulling, this.connection);
    // One that has died has freed it as well.
    if (!this.#done)
      await this.member.post('cancel', { stream: this.stream }).answer.catch(() => {});
  }
}

/** What ends reading from outside of it. */
interface End {
  reading?: Reading | undefined;
  /** Set when it is to end, with what the next batch rejects with; undefined if nobody is to know. */
  reached?: { readonly reason: unknown } | undefined;
  interrupt?: ((reason: unknown) => void) | undefined;
  /** Who waits for a batch, so that the stream is not taken for forgotten meanwhile. */
  waiting: Set<object>;
}

function reach(end: End, reason: unknown): void {
  end.reached ??= { reason };
  end.interrupt?.(reason);
  void end.reading?.end();
}

/** Of streams that are left without being ended. */
const forgotten = new FinalizationRegistry<End>((end) => reach(end, undefined));

/** Rows in batches, see {@link Pool.stream}. One that is left in its middle ends by itself. */
export class RowStream<Row> implements AsyncIterableIterator<Row[], undefined> {
  readonly #end: End = { waiting: new Set() };
  readonly #batches: AsyncGenerator<Row[], undefined, undefined>;

  /** @internal */
  constructor(plan: StreamPlan) {
    this.#batches = readBatches<Row>(plan, this.#end);
    forgotten.register(this, this.#end);
  }

  /** The next batch, of at least one row. */
  next(): Promise<IteratorResult<Row[], undefined>> {
    const { waiting } = this.#end;
    // It holds the stream, which its promise alone would not.
    const waiter = { stream: this };
    waiting.add(waiter);
    return this.#batches.next().finally(() => waiting.delete(waiter));
  }

  /** Ends the reading, also in the middle of it; resolves when the read transaction is free. */
  return(): Promise<IteratorResult<Row[], undefined>> {
    reach(this.#end, undefined);
    return this.#batches.return(undefined);
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the reading at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

async function* readBatches<Row>(
  plan: StreamPlan,
  end: End,
): AsyncGenerator<Row[], undefined, undefined> {
  const reached = () => end.reached;
  if (reached() !== undefined) return undefined;
  const ended = new Promise<never>((_, reject) => {
    end.interrupt = reject;
  });
  ended.catch(() => {});
  const unlessEnded = <T>(work: Promise<T>): Promise<T> => Promise.race([work, ended]);
  const unlimit = whenReached(plan.limit, (reason) => reach(end, reason));
  try {
    for (let tries = 1; ; tries++) {
      let delivered = false;
      try {
        const reading = await unlessEnded(begin(plan, end));
        let columns: readonly string[] = [];
        let next = reading.pull();
        for (;;) {
          const batch = await unlessEnded(next);
          if (batch.columns.length > 0) columns = batch.columns;
          if (!batch.done) {
            next = reading.pull();
            // Told when it is asked for.
            next.catch(() => {});
          }
          if (batch.rows > 0) {
            delivered = true;
            yield rowObjects<Row>(batch, columns);
          }
          const left = reached();
          if (left !== undefined) throw left.reason;
          if (batch.done) return undefined;
        }
      } catch (error) {
        const left = reached();
        if (left !== undefined && left.reason === undefined) return undefined;
        if (delivered || codeOf(error) !== 'WORKER_DIED' || tries >= TRIES) throw error;
      } finally {
        await end.reading?.end();
        end.reading = undefined;
      }
    }
  } finally {
    unlimit();
  }
}

async function begin(plan: StreamPlan, end: End): Promise<Reading> {
  const reading = await Reading.begin(plan);
  end.reading = reading;
  // It may have been ended while it began.
  if (end.reached !== undefined) await reading.end();
  return reading;
}
