// A query that is run again when what it reads has changed.

import type { Commit } from '../commit_ring.js';
import { typeError } from '../errors.js';
import type { CommitFeed } from './commit_feed.js';
import { codeOf } from './error_message.js';
import type { QueryResult } from './protocol.js';
import { rowKey, rowObjects, sameRow } from './row_message.js';

/** What a {@link LiveQuery} came to last. Another object for each result. */
export interface LiveResult<Row> {
  /** The rows; undefined before the first result. The last ones that there were, after an error. */
  readonly rows: readonly Row[] | undefined;
  /** Why the last run failed; undefined if it did not. */
  readonly error: unknown;
}

/** Who is told of the results of a {@link LiveQuery}. */
export interface LiveObserver<Row> {
  /** Called with each result. */
  next?(rows: readonly Row[]): void;
  /** Called when a run has failed. The next commit has it run again. */
  error?(error: unknown): void;
}

/** What a live query needs to run. */
export interface LivePlan {
  readonly feed: CommitFeed;
  readonly run: () => Promise<QueryResult>;
  readonly signal: AbortSignal | undefined;
}

/** Who iterates. */
interface Reader {
  /** Whether it wants no more. */
  left: boolean;
  /** Lets it go on that waits. */
  wake(): void;
}

/** The codes of errors after which nothing runs any more. */
const FINAL: readonly unknown[] = ['POOL_CLOSED', 'RUNTIME_DISPOSED'];

/** Of iterators that are left without being ended. */
const forgotten = new FinalizationRegistry<() => void>((leave) => leave());

type Listener<Row> = (result: LiveResult<Row>) => void;

/**
 * A query whose result is kept up to date, see {@link Pool.live}. It works while somebody has
 * subscribed to it or iterates over it, and costs nothing otherwise.
 *
 * @example
 * ```tsx
 * const { rows, error } = useSyncExternalStore(live.subscribe, live.getSnapshot);
 * ```
 */
export class LiveQuery<Row> implements AsyncIterable<readonly Row[]> {
  readonly #plan: LivePlan;
  readonly #listeners = new Set<Listener<Row>>();
  /** Those that iterate. */
  readonly #readers = new Set<Reader>();
  #stopListening: (() => void) | undefined;
  #result: LiveResult<Row> = { rows: undefined, error: undefined };
  #message: QueryResult | undefined;
  /** What it reads. */
  #tables: readonly string[] | 'unknown' = 'unknown';
  /** Commits of which nobody could tell what they changed. */
  #unknown = 0;
  /** Whether the result is one since the first of those who listen came. */
  #current = false;
  #running = false;
  #again = false;
  #closed: { readonly reason: unknown } | undefined;
  readonly #aborted = () => this.#close({ reason: this.#plan.signal?.reason });

  /** @internal */
  constructor(plan: LivePlan) {
    this.#plan = plan;
  }

  /**
   * The newest result: the same object until there is another, so that it fits React's
   * `useSyncExternalStore`. A function that needs no `this`.
   */
  readonly getSnapshot = (): LiveResult<Row> => this.#result;

  /**
   * Tells of each result from now on, first of the newest that there is. An exception of a listener is
   * reported as uncaught. A function that needs no `this`.
   *
   * @param listener called with each result, errors included; or an observer
   * @returns what ends that
   * @throws TypeError `INVALID_ARGUMENT`
   */
  readonly subscribe = (
    listener: ((result: LiveResult<Row>) => void) | LiveObserver<Row>,
  ): (() => void) => {
    if (typeof listener !== 'function' && (typeof listener !== 'object' || listener === null)) {
      throw typeError(
        'Expected first argument to be a function, or an object with "next" or "error"',
        'INVALID_ARGUMENT',
      );
    }
    const tell: Listener<Row> =
      typeof listener === 'function'
        ? (result) => listener(result)
        : ({ rows, error }) => {
            if (error !== undefined) listener.error?.(error);
            else if (rows !== undefined) listener.next?.(rows);
          };
    this.#listeners.add(tell);
    if (this.#current) {
      const result = this.#result;
      queueMicrotask(() => {
        if (this.#listeners.has(tell) && this.#result === result) call(tell, result);
      });
    }
    this.#start();
    return () => {
      this.#listeners.delete(tell);
      this.#stopIfUnused();
    };
  };

  /**
   * The results, the newest one each time: one who is slow gets fewer of them. An error ends it, and so
   * does {@link LiveQuery.close}; `return()` does at once, also for who waits for the next one.
   *
   * @throws what the query throws; the reason of the signal
   */
  [Symbol.asyncIterator](): AsyncGenerator<readonly Row[], void, undefined> {
    const reader: Reader = { left: false, wake() {} };
    const results = this.#results(reader);
    // By itself it would come after the next result, which may never come.
    const end = results.return.bind(results);
    results.return = (value) => {
      reader.left = true;
      reader.wake();
      return end(value);
    };
    // Bound: a closure of this function would hold the iterator.
    forgotten.register(results, this.#leave.bind(this, reader));
    return results;
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    this.#stopIfUnused();
  }

  async *#results(reader: Reader): AsyncGenerator<readonly Row[], void, undefined> {
    let seen: LiveResult<Row> | undefined;
    this.#readers.add(reader);
    this.#start();
    try {
      while (this.#closed === undefined) {
        if (reader.left) return;
        const result = this.#result;
        if (this.#current && result !== seen) {
          seen = result;
          if (result.error !== undefined) throw result.error;
          yield result.rows ?? [];
        } else {
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
        }
      }
      if (!reader.left && this.#closed.reason !== undefined) throw this.#closed.reason;
    } finally {
      this.#leave(reader);
    }
  }

  /** Ends it for all: nobody is told of anything any more. Closing again does nothing. */
  close(): void {
    this.#close({ reason: undefined });
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #close(closed: { readonly reason: unknown }): void {
    this.#closed ??= closed;
    this.#listeners.clear();
    this.#stop();
    for (const reader of this.#readers) reader.wake();
  }

  #start(): void {
    if (this.#closed !== undefined || this.#stopListening !== undefined) return;
    const { feed, signal } = this.#plan;
    if (signal?.aborted) {
      this.#aborted();
      return;
    }
    // Only while somebody listens: a signal that lives long would keep what nobody uses any more.
    signal?.addEventListener('abort', this.#aborted);
    // Before the query: a commit in between has it run once more.
    this.#stopListening = feed.listen({
      commit: (commit) => {
        if (this.#reads(commit)) this.#soon();
      },
      closed: (error) => this.#fail(error),
    });
    this.#soon();
  }

  #stopIfUnused(): void {
    if (this.#listeners.size === 0 && this.#readers.size === 0) this.#stop();
  }

  #stop(): void {
    this.#plan.signal?.removeEventListener('abort', this.#aborted);
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#current = false;
    this.#again = false;
    this.#tables = 'unknown';
  }

  #reads({ tables }: Commit): boolean {
    if (tables === 'unknown') {
      // Perhaps the schema: what it reads is known again by the next run.
      this.#tables = 'unknown';
      this.#unknown++;
      return true;
    }
    const own = this.#tables;
    return own === 'unknown' || tables.some((name) => own.includes(name));
  }

  /** Runs it when all commits of this turn are told; after the run that goes on. */
  #soon(): void {
    if (this.#again) return;
    this.#again = true;
    if (!this.#running) queueMicrotask(() => void this.#runWhileChanged());
  }

  async #runWhileChanged(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      const [listening, unknown] = [this.#stopListening, this.#unknown];
      try {
        const message = await this.#plan.run();
        if (this.#stopListening !== listening) continue;
        if (this.#unknown === unknown) this.#tables = message.tables ?? 'unknown';
        this.#succeed(message);
      } catch (error) {
        if (this.#stopListening === listening) this.#fail(error);
      }
    }
    this.#running = false;
  }

  #succeed(message: QueryResult): void {
    const before = this.#message;
    const { rows } = this.#result;
    this.#message = message;
    const known =
      rows !== undefined && before !== undefined ? { rows, message: before } : undefined;
    const fresh =
      known === undefined ? rowObjects<Row>(message, message.columns) : merge(known, message);
    const changed = fresh !== rows || this.#result.error !== undefined;
    if (changed) this.#result = { rows: fresh, error: undefined };
    if (changed || !this.#current) this.#tell();
  }

  #fail(error: unknown): void {
    this.#result = { rows: this.#result.rows, error };
    this.#tell();
    if (FINAL.includes(codeOf(error))) this.#close({ reason: error });
  }

  #tell(): void {
    this.#current = true;
    const result = this.#result;
    // A copy: one that comes meanwhile is told by itself, and one that has left is not.
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.has(listener)) call(listener, result);
    }
    for (const reader of this.#readers) reader.wake();
  }
}

/**
 * Rows that have not changed stay the objects that they were, also at another place, and all of them if
 * none has.
 */
function merge<Row>(
  known: { readonly rows: readonly Row[]; readonly message: QueryResult },
  message: QueryResult,
): readonly Row[] {
  const { rows, message: before } = known;
  const comparable =
    before.columns.length === message.columns.length &&
    message.columns.every((name, i) => name === before.columns[i]);
  const fresh = rowObjects<Row>(message, message.columns);
  if (!comparable) return fresh;
  const gone: number[] = [];
  const come: number[] = [];
  for (let at = 0; at < Math.max(rows.length, fresh.length); at++) {
    const inBoth = at < rows.length && at < fresh.length;
    if (inBoth && sameRow(before, at, message, at)) {
      fresh[at] = rows[at] as Row;
      continue;
    }
    if (at < rows.length) gone.push(at);
    if (at < fresh.length) come.push(at);
  }
  if (gone.length === 0 && come.length === 0) return rows;
  for (const [from, to] of moves(before, gone, message, come)) fresh[to] = rows[from] as Row;
  return fresh;
}

/** Which of some rows of two results are the same, each at most once. */
function* moves(
  before: QueryResult,
  gone: readonly number[],
  after: QueryResult,
  come: readonly number[],
): Iterable<[from: number, to: number]> {
  const byKey = new Map<string, number[]>();
  for (const from of gone) {
    const key = rowKey(before, from);
    const alike = byKey.get(key);
    if (alike === undefined) byKey.set(key, [from]);
    else alike.push(from);
  }
  for (const to of come) {
    const alike = byKey.get(rowKey(after, to)) ?? [];
    // From the end, where it is nearly always: rows with the same key are the same ones.
    const found = alike.findLastIndex((from) => sameRow(before, from, after, to));
    if (found !== -1) yield [alike.splice(found, 1)[0] as number, to];
  }
}

function call<Row>(listener: Listener<Row>, result: LiveResult<Row>): void {
  try {
    listener(result);
  } catch (error) {
    if (typeof reportError === 'function') reportError(error);
    else
      queueMicrotask(() => {
        throw error;
      });
  }
}
