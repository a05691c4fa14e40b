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
  #ended = false;
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
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.member.streams--;
    if (this.#pulling !== undefined) this.member.cancel(this.#pulling, this.connection);
    // One that has died has freed it as well.
    if (!this.#done)
      await this.member.post('cancel', { stream: this.stream }).answer.catch(() => {});
  }
}

/** Of streams that are left without being ended. */
const forgotten = new FinalizationRegistry<{ reading?: Reading | undefined }>(({ reading }) => {
  void reading?.end();
});

/** The rows, in batches. */
export function streamRows<Row>(plan: StreamPlan): AsyncGenerator<Row[], void, undefined> {
  const held: { reading?: Reading | undefined } = {};
  const batches = readBatches<Row>(plan, held);
  forgotten.register(batches, held);
  return batches;
}

async function* readBatches<Row>(
  plan: StreamPlan,
  held: { reading?: Reading | undefined },
): AsyncGenerator<Row[], void, undefined> {
  let reached: { readonly reason: unknown } | undefined;
  let interrupt = (_reason: unknown) => {};
  const limited = new Promise<never>((_, reject) => {
    interrupt = reject;
  });
  limited.catch(() => {});
  const unlimit = whenReached(plan.limit, (reason) => {
    reached ??= { reason };
    interrupt(reason);
    void held.reading?.end();
  });
  const withinLimit = <T>(work: Promise<T>): Promise<T> =>
    plan.limit === undefined ? work : Promise.race([work, limited]);
  const begin = async (): Promise<Reading> => {
    const reading = await Reading.begin(plan);
    // It may have been ended while it began.
    if (reached !== undefined) await reading.end();
    held.reading = reading;
    return reading;
  };
  try {
    for (let tries = 1; ; tries++) {
      let delivered = false;
      try {
        const reading = await withinLimit(begin());
        let columns: readonly string[] = [];
        let next = reading.pull();
        for (;;) {
          const batch = await withinLimit(next);
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
          if (reached !== undefined) throw (reached as { reason: unknown }).reason;
          if (batch.done) return;
        }
      } catch (error) {
        if (delivered || codeOf(error) !== 'WORKER_DIED' || tries >= TRIES) throw error;
      } finally {
        await held.reading?.end();
        held.reading = undefined;
      }
    }
  } finally {
    unlimit();
  }
}
