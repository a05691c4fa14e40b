// A transaction of a pool: an async function that has the writer to itself.

import { ownError } from '../errors.js';
import type { Limit } from '../limit.js';
import { choiceOption } from '../options.js';
import type { RunResult } from '../statement.js';
import type { BindableValue, SqlValue } from '../values.js';
import { type CallOptions, resolveCall, whenReached } from './call_options.js';
import { codeOf } from './error_message.js';
import type { Job, Lane } from './lane.js';
import type { Member } from './member.js';
import { packStatement } from './parameters.js';
import type {
  Kind,
  Parameters,
  QueryResult,
  Requests,
  Results,
  TransactionMode,
} from './protocol.js';
import { rowObjects } from './row_message.js';
import { sql } from './sql.js';

/** Options of {@link Pool.transaction}. */
export interface TransactionOptions extends CallOptions {
  /**
   * `immediate` takes the write lock at the beginning, `deferred` with the first write, which is
   * then `SQLITE_BUSY_SNAPSHOT` if others have written meanwhile. Default `immediate`.
   */
  mode?: TransactionMode | undefined;
}

/**
 * @throws TypeError `INVALID_OPTION`
 */
export function resolveMode(mode: unknown): TransactionMode {
  return choiceOption(mode, 'mode', ['deferred', 'immediate', 'exclusive'], 'immediate');
}

/** Row objects as they are if nobody says what they are. */
export type AnyRow = Record<string, SqlValue>;

/**
 * What the function of {@link Pool.transaction} works with. Its calls see what it has written. They
 * are made in their order; each rejects as that of a {@link Pool} does, and with
 * `TRANSACTION_ENDED` once the transaction is over.
 */
export class PoolTransaction {
  readonly #member: Member;
  readonly #safeIntegers: boolean;
  #last: Promise<unknown> = Promise.resolve();
  readonly #open = new Set<Promise<unknown>>();
  #running: number | undefined;
  #finished = false;
  #aborted: { readonly reason: unknown } | undefined;

  /** @internal */
  constructor(member: Member, safeIntegers: boolean) {
    this.#member = member;
    this.#safeIntegers = safeIntegers;
  }

  /** As {@link Pool.sql}. */
  sql<Row = AnyRow>(template: TemplateStringsArray, ...values: BindableValue[]): Promise<Row[]> {
    return this.#track(async () => {
      const statement = sql(template, ...values);
      return this.#query<Row>(statement.sql, statement.params, {});
    });
  }

  /** As {@link Pool.query}. */
  query<Row = AnyRow>(
    source: string,
    params?: Parameters,
    options: CallOptions = {},
  ): Promise<Row[]> {
    return this.#track(() => this.#query<Row>(source, params, options));
  }

  async #query<Row>(
    source: string,
    params: Parameters | undefined,
    options: CallOptions,
  ): Promise<Row[]> {
    const { limit, safeIntegers } = resolveCall(options, this.#safeIntegers);
    const { statement, transfer } = packStatement(source, params);
    const body = { ...statement, safeIntegers, inTransaction: true, tables: false };
    const result = (await this.#call('query', body, transfer, limit)) as QueryResult;
    return rowObjects<Row>(result, result.columns);
  }

  /** As {@link Pool.run}. */
  run(source: string, params?: Parameters, options: CallOptions = {}): Promise<RunResult> {
    return this.#track(async () => {
      const { limit, safeIntegers } = resolveCall(options, this.#safeIntegers);
      const { statement, transfer } = packStatement(source, params);
      const body = { ...statement, safeIntegers, inTransaction: true };
      return this.#call('run', body, transfer, limit);
    });
  }

  /** As {@link Pool.exec}. */
  exec(source: string, options: CallOptions = {}): Promise<void> {
    return this.#track(async () => {
      const { limit } = resolveCall(options, this.#safeIntegers);
      const { statement } = packStatement(source);
      await this.#call('exec', { sql: statement.sql, inTransaction: true }, [], limit);
    });
  }

  /**
   * Keeps what a caller is given until it is settled. Nothing here may handle its rejection, unless the
   * transaction rejects as well: an error of which nobody takes notice must not be lost.
   */
  #track<T>(work: () => Promise<T>): Promise<T> {
    const call: Promise<T> = work().finally(() => {
      this.#open.delete(call);
      if (this.#aborted !== undefined) call.catch(() => {});
    });
    this.#open.add(call);
    return call;
  }

  #call<K extends Kind>(
    kind: K,
    body: Requests[K],
    transfer: Transferable[],
    limit: Limit | undefined,
  ): Promise<Results[K]> {
    const before = this.#last;
    const call = this.#inTurn(before, kind, body, transfer, limit);
    // One whose time is up does not wait for those before it; those after it do.
    this.#last = Promise.allSettled([before, call]).then(() => {});
    return call;
  }

  async #inTurn<K extends Kind>(
    before: Promise<unknown>,
    kind: K,
    body: Requests[K],
    transfer: Transferable[],
    limit: Limit | undefined,
  ): Promise<Results[K]> {
    this.#requireNotAborted();
    // What is pending by then is still done.
    if (this.#finished) throw ended(undefined);
    const ending: { reason?: unknown; reached: boolean } = { reached: false };
    let posted: number | undefined;
    let stopWaiting = () => {};
    const reached = new Promise<void>((resolve) => {
      stopWaiting = resolve;
    });
    const unlimit = whenReached(limit, (reason) => {
      Object.assign(ending, { reason, reached: true });
      stopWaiting();
      if (posted !== undefined) this.#member.cancel(posted);
    });
    try {
      await Promise.race([before, reached]);
      if (ending.reached) throw ending.reason;
      this.#requireNotAborted();
      const { id, answer } = this.#member.post(kind, body, transfer);
      posted = this.#running = id;
      return await answer;
    } catch (error) {
      if (ending.reached && codeOf(error) === 'SQLITE_INTERRUPT') throw ending.reason;
      throw error;
    } finally {
      if (posted !== undefined) this.#running = undefined;
      unlimit();
    }
  }

  #requireNotAborted(): void {
    if (this.#aborted !== undefined) throw ended(this.#aborted.reason);
  }

  /**
   * The function has returned: nothing more is begun. Rejects with what a call that nobody has waited
   * for rejects with.
   *
   * @internal
   */
  async finish(): Promise<void> {
    this.#finished = true;
    await Promise.all(this.#open);
  }

  /**
   * Ends what runs, and lets nothing more begin.
   *
   * @internal
   */
  async abort(reason: unknown): Promise<void> {
    this.#aborted ??= { reason };
    if (this.#running !== undefined) this.#member.cancel(this.#running);
    await Promise.allSettled(this.#open);
  }
}

function ended(reason: unknown): Error {
  const detail =
    reason instanceof Error
      ? `It was rolled back (${reason.message})`
      : 'Its function has returned';
  return ownError('TRANSACTION_ENDED', detail, reason === undefined ? {} : { cause: reason });
}

/** What the lane of the writer does for {@link Pool.transaction}. */
export class TransactionJob<T> implements Job {
  readonly result: Promise<T>;

  #resolve!: (result: T) => void;
  #reject!: (error: unknown) => void;
  /** Set when it is to end before its function does. */
  #ending: { readonly reason: unknown } | undefined;
  #end: ((reason: unknown) => void) | undefined;
  #unlimit: () => void;

  constructor(
    readonly lane: Lane,
    readonly fn: (transaction: PoolTransaction) => Promise<T> | T,
    readonly mode: TransactionMode,
    readonly safeIntegers: boolean,
    limit: Limit | undefined,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#unlimit = whenReached(limit, (reason) => {
      this.#ending ??= { reason };
      if (lane.remove(this)) this.fail(reason);
      else this.#end?.(reason);
    });
    lane.add(this);
  }

  fail(error: unknown): void {
    this.#unlimit();
    this.#reject(error);
  }

  async run(member: Member): Promise<void> {
    try {
      this.#resolve(await this.#within(member));
      this.#unlimit();
    } catch (error) {
      this.fail(error);
    }
  }

  async #within(member: Member): Promise<T> {
    await this.#begin(member);
    const transaction = new PoolTransaction(member, this.safeIntegers);
    try {
      const result = await this.#untilEnded(member, transaction, async () => {
        const result = await this.fn(transaction);
        await transaction.finish();
        return result;
      });
      // From here on it is too late to end it.
      this.#unlimit();
      await member.post('commit', {}).answer;
      return result;
    } catch (error) {
      await transaction.abort(error);
      // It may be that there is nothing to roll back, or nobody who could.
      await member.post('rollback', {}).answer.catch(() => {});
      throw error;
    }
  }

  async #begin(member: Member): Promise<void> {
    const { id, answer } = member.post('begin', { mode: this.mode });
    this.#end = () => member.cancel(id);
    try {
      await answer;
    } catch (error) {
      const interrupted = codeOf(error) === 'SQLITE_INTERRUPT';
      throw this.#ending !== undefined && interrupted ? this.#ending.reason : error;
    } finally {
      this.#end = undefined;
    }
  }

  /** What a function comes to, unless the transaction is ended before, or its worker. */
  #untilEnded(member: Member, transaction: PoolTransaction, work: () => Promise<T>): Promise<T> {
    let stopListening = () => {};
    const ended = new Promise<T>((resolve, reject) => {
      const end = (reason: unknown) => {
        void transaction.abort(reason);
        reject(reason);
      };
      stopListening = member.onEnd(end);
      this.#end = end;
      if (this.#ending !== undefined) reject(this.#ending.reason);
      else work().then(resolve, reject);
    });
    return ended.finally(() => {
      stopListening();
      this.#end = undefined;
    });
  }
}
