import { moduleOf } from '../compile_wasm.js';
import { ownError, SqliteError, typeError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import type { RunResult } from '../statement.js';
import type { BindableValue } from '../values.js';
import { Call } from './call.js';
import { type CallOptions, resolveCall } from './call_options.js';
import { CommitFeed } from './commit_feed.js';
import { Lane } from './lane.js';
import { LiveQuery } from './live.js';
import { Member, type MemberEvents, type MemberPlan } from './member.js';
import { type PoolOptions, type ResolvedPool, resolvePool } from './options.js';
import { packStatement } from './parameters.js';
import type { BatchResult, BatchStatement, PoolWorkerInfo, StreamOptions } from './pool_types.js';
import type { Parameters } from './protocol.js';
import { rowObjects } from './row_message.js';
import { sql } from './sql.js';
import { RowStream } from './stream.js';
import {
  type AnyRow,
  type PoolTransaction,
  resolveMode,
  TransactionJob,
  type TransactionOptions,
} from './transaction.js';
import { KnownWrites } from './writes.js';

const DEFAULT_BATCH_ROWS = 500;

function resolveBatchRows(rows: unknown = DEFAULT_BATCH_ROWS): number {
  if (typeof rows !== 'number' || !Number.isInteger(rows) || rows < 1) {
    throw typeError('Expected the "batchRows" option to be a positive integer', 'INVALID_OPTION');
  }
  return rows;
}

/**
 * Workers that read and one that writes, for callers that must not block: the main thread above all.
 * {@link createPool} makes one.
 *
 * Reads go to whichever reader is free first; a read begins after all writes that were acknowledged
 * before it was called, and so sees them. Writes go to the writer in their order. {@link Pool.query}
 * gives it what begins with INSERT, UPDATE, DELETE, REPLACE, CREATE, DROP or ALTER; of other texts
 * SQLite says (`sqlite3_stmt_readonly`), in a reader and once for each, whether they write. Such a write
 * (`WITH … INSERT`, a PRAGMA) may be overtaken that first time by what is called after it.
 *
 * Values and errors are those of the synchronous API. Besides, calls reject with
 * - the reason of their signal, or `SQLITE_INTERRUPT` after their `timeoutMs`. A call that writes
 *   rejects when it has been rolled back; if it was too late for that, it resolves.
 * - `WORKER_DIED` when the worker ended in the middle of it. Reads that have delivered nothing yet are
 *   done again instead, by another. The worker is replaced.
 * - `POOL_CLOSED`; `RUNTIME_DISPOSED`; `WORKER_LOAD_FAILED`, `WASM_LOAD_FAILED` and what `open()`
 *   throws when workers cannot be started. The next call tries to start them again.
 */
export class Pool {
  /** The runtime that it works on. */
  readonly runtime: Runtime;

  readonly #resolved: ResolvedPool;
  readonly #readers: Lane;
  readonly #writer: Lane | undefined;
  readonly #writes = new KnownWrites();
  readonly #commits: CommitFeed;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(resolved: ResolvedPool) {
    const { runtime, workerUrl, open, setup, wasm } = resolved;
    this.runtime = runtime;
    this.#resolved = resolved;
    this.#commits = new CommitFeed(runtime);
    let compiling: Promise<WebAssembly.Module> | undefined;
    const plan: MemberPlan = {
      runtime,
      source: workerUrl,
      options: open,
      setup,
      wasmModule: () => {
        compiling ??= moduleOf(wasm).catch((error: unknown) => {
          compiling = undefined;
          throw error;
        });
        return compiling;
      },
    };
    const start = (readonly: boolean) => (events: MemberEvents) =>
      new Member(plan, readonly, events);
    if (resolved.writer) this.#writer = new Lane(1, start(false));
    this.#readers = new Lane(resolved.readers, start(true));
  }

  /** Its workers at this moment. */
  get workers(): PoolWorkerInfo[] {
    const told = (lane: Lane | undefined, role: PoolWorkerInfo['role']): PoolWorkerInfo[] =>
      (lane?.members ?? []).map((member) => ({
        role,
        connectionId: member.connection ?? null,
        state: member.isReady ? (lane?.isBusy(member) ? 'busy' : 'idle') : 'starting',
        answered: member.answered,
      }));
    return [...told(this.#writer, 'writer'), ...told(this.#readers, 'reader')];
  }

  /**
   * Executes the statement of a template for its rows. The values in it are bound as parameters, never
   * part of the SQL; see {@link sql}.
   *
   * @example
   * ```ts
   * const flights = await pool.sql<Flight>`SELECT * FROM flights WHERE origin = ${origin}`;
   * ```
   */
  async sql<Row = AnyRow>(
    template: TemplateStringsArray,
    ...values: BindableValue[]
  ): Promise<Row[]> {
    const statement = sql(template, ...values);
    return this.query<Row>(statement.sql, statement.params);
  }

  /**
   * Executes a statement for all its rows: by a reader, or by the writer if it writes
   * (`INSERT … RETURNING`). A statement without rows gives none.
   *
   * @param params values for `?` in an array, or an object of values by name
   */
  async query<Row = AnyRow>(
    source: string,
    params?: Parameters,
    options: CallOptions = {},
  ): Promise<Row[]> {
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers);
    const { statement } = packStatement(source, params);
    const reads = !this.#writes.has(source);
    const call = new Call(reads ? this.#readers : this.#requireWriter(), {
      kind: 'query',
      body: { ...statement, safeIntegers, inTransaction: false, tables: false },
      limit,
      reads,
      writer: () => {
        this.#writes.add(source);
        return this.#requireWriter();
      },
    });
    const result = await call.result;
    return rowObjects<Row>(result, result.columns);
  }

  /**
   * Executes a statement for what it changes, by the writer.
   *
   * @param params values for `?` in an array, or an object of values by name
   */
  async run(source: string, params?: Parameters, options: CallOptions = {}): Promise<RunResult> {
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers);
    const { statement, transfer } = packStatement(source, params);
    const body = { ...statement, safeIntegers, inTransaction: false };
    return new Call(this.#requireWriter(), { kind: 'run', body, transfer, limit }).result;
  }

  /**
   * Executes any number of statements without parameters and drops their rows, by the writer. A
   * failing statement ends it; what was done before stays done. For all or nothing:
   * {@link Pool.batch}.
   */
  async exec(source: string, options: CallOptions = {}): Promise<void> {
    const { limit } = resolveCall(options, false);
    const { statement } = packStatement(source);
    const body = { sql: statement.sql, inTransaction: false };
    await new Call(this.#requireWriter(), { kind: 'exec', body, limit }).result;
  }

  /**
   * Executes statements one after another in one transaction, by the writer: all of them or none, in
   * one round trip.
   *
   * @returns what each came to
   */
  async batch<Row = AnyRow>(
    statements: readonly BatchStatement[],
    options: CallOptions = {},
  ): Promise<BatchResult<Row>[]> {
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers);
    if (!Array.isArray(statements)) {
      throw typeError('Expected first argument to be an array of statements', 'INVALID_ARGUMENT');
    }
    const packed = Array.from(statements as readonly BatchStatement[], (one) =>
      typeof one === 'string' ? packStatement(one) : packStatement(one?.sql, one?.params),
    );
    const call = new Call(this.#requireWriter(), {
      kind: 'batch',
      body: { statements: packed.map(({ statement }) => statement), safeIntegers },
      transfer: packed.flatMap(({ transfer }) => transfer),
      limit,
    });
    return (await call.result).map((result) => ({
      rows: rowObjects<Row>(result, result.columns),
      changes: result.changes,
      lastInsertRowid: result.lastInsertRowid,
    }));
  }

  /**
   * Calls an async function in a transaction of the writer: committed when the function's promise
   * resolves, rolled back when it rejects. Other writes of the pool wait meanwhile, and so do those of
   * others, up to their time-out; reads go on, and see nothing of it before the commit.
   *
   * Everything in it goes through its argument. A write by the pool itself that the function waits for
   * would wait for the function. A function that never ends keeps all writers waiting: give
   * `timeoutMs` or a `signal` wherever it waits for something else than the database. When that limit
   * is reached, the transaction is rolled back, and further calls on the argument reject with
   * `TRANSACTION_ENDED`.
   *
   * Calls that are still pending when the function returns are waited for; if one of them fails, the
   * transaction is rolled back.
   *
   * @returns what the function resolves to
   * @throws what the function throws; `TRANSACTION_ENDED` if a statement or an error ended the
   *   transaction and the function took no notice
   */
  async transaction<T>(
    fn: (transaction: PoolTransaction) => Promise<T> | T,
    options: TransactionOptions = {},
  ): Promise<T> {
    if (typeof fn !== 'function') {
      throw typeError('Expected first argument to be a function', 'INVALID_ARGUMENT');
    }
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers, ['mode']);
    const mode = resolveMode(options.mode);
    return new TransactionJob(this.#requireWriter(), fn, mode, safeIntegers, limit).result;
  }

  /**
   * Reads the rows of a statement in batches, for `for await`. Each stream has a connection of its own
   * in the reader that has the fewest, so streams and other calls go on side by side: as many as the
   * runtime's 64 connections let, those of the workers included; beyond, `TOO_MANY_CONNECTIONS`. The
   * worker reads one batch ahead and then waits until that is asked for. All batches are of the state
   * at the first one. Until its end a stream holds a read transaction, which keeps the write-ahead log
   * from being reused; leaving the loop ends it at once (if the worker is in the middle of another
   * call, then).
   *
   * `timeoutMs` counts from the first batch that is asked for to the last, the time between them
   * included.
   */
  stream<Row = AnyRow>(
    source: string,
    params?: Parameters,
    options: StreamOptions = {},
  ): RowStream<Row> {
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers, [
      'batchRows',
    ]);
    const { statement } = packStatement(source, params);
    const batchRows = resolveBatchRows(options.batchRows);
    return new RowStream<Row>({ lane: this.#readers, statement, safeIntegers, limit, batchRows });
  }

  /**
   * A query that is run again, by the readers, when a commit of anybody has changed a table that it
   * reads, or when that cannot be told. It runs while somebody has subscribed or iterates. It never runs
   * twice at once: commits that come meanwhile have it run once more after that. A result with the same
   * rows as before is not told again, and rows that have not changed stay the same objects, also at
   * another place.
   *
   * Tables are looked at whole, those of attached databases not at all; and of what changes without a
   * commit (`random()`, `datetime('now')`, a temporary table) nobody tells.
   *
   * @param options `timeoutMs` is for each run; `signal` closes the live query: iterators then reject
   *   with its reason
   *
   * @example
   * ```ts
   * for await (const rows of pool.live('SELECT * FROM todos ORDER BY id')) render(rows);
   * ```
   */
  live<Row = AnyRow>(
    source: string,
    params?: Parameters,
    options: CallOptions = {},
  ): LiveQuery<Row> {
    const { limit, safeIntegers } = resolveCall(options, this.#resolved.safeIntegers);
    const { statement } = packStatement(source, params);
    const body = { ...statement, safeIntegers, inTransaction: false, tables: true };
    const runLimit = limit && { timeoutMs: limit.timeoutMs, signal: undefined };
    const writer = () => {
      throw typeError('The statement writes, and a live query only reads', 'INVALID_ARGUMENT');
    };
    return new LiveQuery<Row>({
      feed: this.#commits,
      run: () =>
        new Call(this.#readers, { kind: 'query', body, limit: runLimit, reads: true, writer })
          .result,
      signal: limit?.signal,
    });
  }

  /**
   * Ends everything: calls that are pending reject with `POOL_CLOSED`, transactions that have not
   * committed are rolled back, the workers are ended. The runtime stays. Closing again does nothing
   * more.
   *
   * @returns resolves when the workers are ended
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const error = ownError('POOL_CLOSED', 'The call cannot be done');
    const lanes = [this.#writer?.close(error), this.#readers.close(error)];
    this.#commits.close(error);
    this.#closing = Promise.all(lanes).then(() => {});
    return this.#closing;
  }

  /** Closes the pool at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireWriter(): Lane {
    if (this.#writer !== undefined) return this.#writer;
    throw new SqliteError('The pool was created with writer: false', 'SQLITE_READONLY');
  }
}

/**
 * Starts workers that read and write a runtime for this context, which may be the main thread. Calls
 * may be made at once; they wait for the workers.
 *
 * In a page the workers need what other workers of it need: the headers of cross-origin isolation.
 * In Node they are threads, and keep the process alive until the pool is closed.
 *
 * @example
 * ```ts
 * import { createRuntime } from 'sharedwal';
 * import { createPool } from 'sharedwal/pool';
 *
 * const pool = createPool(createRuntime());
 * await pool.exec('CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT)');
 * await pool.run('INSERT INTO visits (page) VALUES (?)', [location.pathname]);
 * const [row] = await pool.sql`SELECT count(*) AS visits FROM visits`;
 * ```
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`, `INVALID_OPTION` for an unknown option
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export function createPool(runtime: Runtime, options: PoolOptions = {}): Pool {
  return new Pool(resolvePool(runtime, options));
}
