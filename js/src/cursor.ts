import { arenaBytes, columnCount, fetchBatch, NO_LIMIT, rowCount } from './batch.js';
import { bindValues } from './bind.js';
import { CELL_BYTES } from './cells.js';
import type { CompiledStatement } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { reset } from './engine.js';
import { ownError } from './errors.js';
import { unwatch } from './forgotten.js';
import type { Limit } from './limit.js';
import { refreshViews } from './memory.js';
import { decodeRow, type RowShape } from './rows.js';
import type { BindableValue } from './values.js';

// A short result is complete with its first batch, and no read transaction stays open.
const FIRST_ROWS = 64;
const FIRST_BYTES = 65_536;
const MAX_ROWS = 1024;
const MAX_BYTES = 1024 * 1024;
// What an iterator may keep of its rows when it has to let go of its read transaction.
const MAX_DRAINED_BYTES = 16 * 1024 * 1024;

/** What a cursor executes. */
export interface Query {
  readonly sql: string;
  /** Whether the statement writes nothing by itself. */
  readonly readonly: boolean;
  readonly values: readonly BindableValue[];
  readonly shape: RowShape;
  readonly safeIntegers: boolean;
  readonly limit: Limit | undefined;
}

/**
 * An execution that hands out its rows one by one. It holds its statement from the first row on
 * until SQLite has no more rows; rows are decoded a batch at a time.
 */
export class Cursor {
  /** The connection's count of executions when a row was last asked for. */
  advancedAt: number;

  readonly #connection: Connection;
  readonly #query: Query;
  #compiled: CompiledStatement | undefined;
  #started = false;
  #ended = false;
  #drained = false;
  #rows: unknown[] = [];
  #next = 0;
  #batchRows = FIRST_ROWS;
  // On the clock of performance.now().
  #deadline: number | undefined;
  // Thrown when the rows at hand are used up.
  #failure: { readonly error: unknown } | undefined;

  constructor(connection: Connection, query: Query) {
    this.#connection = connection;
    this.#query = query;
    this.advancedAt = connection.cursors.executions;
  }

  /** Whether its `Statement` must not be used meanwhile. */
  get isLocking(): boolean {
    return !this.#ended && !this.#drained;
  }

  /**
   * The next row.
   *
   * @returns the row in `value`, until `done`
   * @throws SqliteError what SQLite reports, `ITERATOR_ABANDONED`, `POISONED`
   * @throws TypeError `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   * @throws RangeError `INTEGER_OUT_OF_RANGE`
   */
  next(): IteratorResult<unknown, undefined> {
    if (this.#ended) {
      this.#connection.requireIdle();
      return { value: undefined, done: true };
    }
    this.#connection.requireUsable();
    this.#requireNotAborted();
    this.advancedAt = this.#connection.cursors.executions;
    if (this.#next === this.#rows.length && !this.#refill()) {
      this.end();
      return { value: undefined, done: true };
    }
    const value = this.#rows[this.#next];
    // So that a long result is freed as it is read.
    this.#rows[this.#next++] = undefined;
    return { value, done: false };
  }

  #requireNotAborted(): void {
    try {
      this.#query.limit?.signal?.throwIfAborted();
    } catch (reason) {
      this.end();
      throw reason;
    }
  }

  /**
   * Ends it for who reads it.
   *
   * @throws TypeError `CONNECTION_BUSY`; what the end of a generator of the user's throws
   */
  leave(): void {
    const { userCode } = this.#connection;
    this.#connection.requireIdle();
    // What another cursor's end left behind is nothing of this one.
    userCode.thrown = undefined;
    this.end();
    userCode.rethrow();
  }

  /** Lets go of everything; the cursor is at its end from then on. */
  end(): void {
    this.#ended = true;
    this.#rows = [];
    this.#next = 0;
    if (!this.#started) unwatch(this);
    this.#release(false);
  }

  /**
   * Lets go of the statement and its read transaction. The remaining rows are kept in memory, up
   * to 16 MiB; beyond that they are dropped, and the next call of {@link next} throws
   * `ITERATOR_ABANDONED`.
   *
   * @throws an error with which the transaction was rolled back: what needs the drained cursor must
   *   not go on as if that were open. Any other error waits for {@link next}.
   */
  drain(): void {
    this.#drained = true;
    if (this.#compiled === undefined) return;
    this.#rows = this.#rows.slice(this.#next);
    this.#next = 0;
    let kept = 0;
    while (this.#compiled !== undefined) {
      kept += this.#fetch(MAX_ROWS, MAX_BYTES);
      if (kept > MAX_DRAINED_BYTES && this.#compiled !== undefined) this.#abandon();
    }
  }

  #abandon(): void {
    this.#rows = [];
    const error = ownError(
      'ITERATOR_ABANDONED',
      'The iterator had to end its read transaction, for a write or after 100 other statements ' +
        'without a row, and more than 16 MiB of its rows were left',
    );
    this.#failure = { error };
    this.#release(false);
  }

  /** @returns whether there is a row */
  #refill(): boolean {
    this.#rows = [];
    this.#next = 0;
    try {
      if (!this.#started) this.#start();
      while (this.#rows.length === 0 && this.#compiled !== undefined) this.#readBatch();
      if (this.#rows.length === 0 && this.#failure !== undefined) throw this.#failure.error;
    } catch (error) {
      this.end();
      throw error;
    }
    return this.#rows.length > 0;
  }

  #start(): void {
    const { sql, readonly, values } = this.#query;
    const connection = this.#connection;
    const timeoutMs = this.#query.limit?.timeoutMs;
    if (timeoutMs !== undefined) this.#deadline = performance.now() + timeoutMs;
    connection.cursors.beforeExecution(!readonly);
    this.advancedAt = connection.cursors.executions;
    const compiled = connection.statements.obtain(sql);
    connection.statements.takeOut(compiled);
    this.#compiled = compiled;
    this.#started = true;
    bindValues(compiled, values);
    connection.log(compiled);
    connection.cursors.add(this);
    // A statement that writes and returns rows has written all of them before its first row, but
    // commits only at its end.
    if (!readonly) while (this.#compiled !== undefined) this.#fetch(MAX_ROWS, NO_LIMIT);
  }

  #readBatch(): void {
    const first = this.#batchRows === FIRST_ROWS;
    this.#fetch(this.#batchRows, first ? FIRST_BYTES : MAX_BYTES);
    this.#batchRows = Math.min(this.#batchRows * 4, MAX_ROWS);
  }

  // Appends a batch to the rows at hand, and lets go of the statement at its end. An error waits
  // until the rows before it have been handed out, unless the transaction is rolled back with it.
  #fetch(maxRows: number, maxBytes: number): number {
    const compiled = this.#compiled as CompiledStatement;
    const connection = this.#connection;
    const { safeIntegers, readonly } = this.#query;
    const { inTransaction } = connection;
    let more = false;
    let failure: { readonly error: unknown } | undefined;
    const deadline = this.#deadline;
    try {
      if (deadline !== undefined) connection.limitTime(deadline - performance.now());
      more = fetchBatch(connection, compiled, maxRows, maxBytes, false, safeIntegers);
    } catch (error) {
      failure = { error };
    } finally {
      connection.unlimitTime();
    }
    const size = rowCount * columnCount * CELL_BYTES + arenaBytes;
    if (this.#failure === undefined) this.#decodeBatch(compiled);
    if (failure !== undefined && !readonly) {
      // Nothing was written.
      this.#rows = [];
      this.#failure = failure;
    }
    this.#failure ??= failure;
    // What writes goes on to its end, where it commits.
    if (!more) this.#release(true);
    else if (this.#failure !== undefined && readonly) this.#release(false);
    if (failure !== undefined && inTransaction && !connection.inTransaction) {
      this.#rows = [];
      this.#failure = failure;
      throw failure.error;
    }
    return size;
  }

  #decodeBatch(compiled: CompiledStatement): void {
    const { shape, safeIntegers } = this.#query;
    try {
      // The views may be those of before an error.
      refreshViews();
      for (let row = 0; row < rowCount; row++) {
        this.#rows.push(decodeRow(compiled, row, shape, safeIntegers));
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  #release(isReset: boolean): void {
    const compiled = this.#compiled;
    if (compiled === undefined) return;
    this.#compiled = undefined;
    const connection = this.#connection;
    connection.cursors.remove(this);
    unwatch(this);
    if (!connection.isOpen) return;
    if (!isReset) {
      reset(compiled.handle);
      compiled.holdsMuch = false;
    }
    connection.finished(compiled);
    connection.statements.giveBack(compiled);
  }
}
