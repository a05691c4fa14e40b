import { changes, fetchBatch, lastInsertRowid, NO_LIMIT, rowCount } from './batch.js';
import { bindParameters, bindValues, copyValues, resolveParameters } from './bind.js';
import { type ColumnDefinition, columnDefinitions } from './columns.js';
import type { CompiledStatement } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { Cursor } from './cursor.js';
import type { Database } from './database.js';
import { type StatementTables, statementTables } from './engine.js';
import { typeError } from './errors.js';
import { watch } from './forgotten.js';
import { type Limit, resolveLimit, type StatementLimit } from './limit.js';
import { readAll } from './read_all.js';
import { RowIterator } from './row_iterator.js';
import { decodeRow, type RowShape } from './rows.js';
import { toggled } from './toggle.js';
import type { BindableValue } from './values.js';

/** What {@link Statement.run} tells about an execution. */
export interface RunResult {
  /**
   * Rows that were inserted, updated or deleted by the statement itself, without those of foreign
   * key actions and triggers.
   */
  changes: number;
  /**
   * Rowid of the last row that the connection inserted. A bigint with `safeIntegers`, and
   * otherwise where a number would be rounded.
   */
  lastInsertRowid: number | bigint;
}

/**
 * A statement to execute any number of times. It needs no end: the connection keeps the compiled
 * forms of the statements used last, and compiles the others anew when they are executed.
 *
 * Parameters are passed as better-sqlite3 has them: values one by one or in arrays for `?`, in
 * order, and one plain object for `:name`, `@name`, `$name` and `?1` (by their names without the
 * first character). A value is null, a number (bound as REAL), a bigint (bound as INTEGER), a
 * string, or any view of bytes. Anything else is a `TypeError`, undefined too.
 *
 * Every method that executes throws
 * - `SqliteError` with SQLite's code, or `POISONED`, `RUNTIME_DISPOSED`
 * - the reason of the signal of its {@link Statement.limit}
 * - what a function, aggregate or table of the user's throws, as it is
 * - `TypeError` `CONNECTION_CLOSED`, `CONNECTION_BUSY` (inside one of the connection's functions),
 *   `STATEMENT_BUSY` (an iterator of it is not at its end), `INVALID_ARGUMENT` (parameters)
 * - `RangeError` `INVALID_ARGUMENT` (number of parameters), `INTEGER_OUT_OF_RANGE` (a bigint
 *   parameter beyond 64 bits, or a result beyond 2^53 - 1 without `safeIntegers`)
 */
export class Statement<BindParameters extends unknown[] = unknown[], Row = unknown> {
  readonly #source: string;
  readonly #database: Database;
  readonly #reader: boolean;
  readonly #readonly: boolean;
  readonly #connection: Connection;
  #compiled: CompiledStatement;
  #shape: RowShape = 'flat';
  #safeIntegers: boolean;
  #bound: BindableValue[] | undefined;
  #cursor: Cursor | undefined;
  #limit: Limit | undefined;

  /** @internal */
  constructor(database: Database, connection: Connection, source: string) {
    const compiled = connection.statements.prepare(source);
    this.#source = source;
    this.#database = database;
    this.#reader = compiled.columnCount > 0;
    this.#readonly = compiled.readonly;
    this.#connection = connection;
    this.#compiled = compiled;
    this.#safeIntegers = connection.safeIntegers;
  }

  /** The SQL. */
  get source(): string {
    return this.#source;
  }

  /** The database that it belongs to. */
  get database(): Database {
    return this.#database;
  }

  /** Whether it returns rows. */
  get reader(): boolean {
    return this.#reader;
  }

  /** Whether it writes nothing by itself. */
  get readonly(): boolean {
    return this.#readonly;
  }

  /** Whether an iterator of it is not at its end, so that it cannot be executed. */
  get busy(): boolean {
    return this.#connection.isOpen && this.#cursor?.isLocking === true;
  }

  /**
   * Executes the statement and drops its rows.
   */
  run(...parameters: BindParameters): RunResult {
    const connection = this.#connection;
    const compiled = this.#begin(parameters, true);
    try {
      fetchBatch(connection, compiled, 1, 0, true, true);
      return { changes: changes(), lastInsertRowid: lastInsertRowid(this.#safeIntegers) };
    } finally {
      connection.finished(compiled);
    }
  }

  /**
   * Executes the statement for its first row.
   *
   * @returns undefined when there is no row
   */
  get(...parameters: BindParameters): Row | undefined {
    this.#requireReader('This statement does not return data. Use run() instead');
    const connection = this.#connection;
    const compiled = this.#begin(parameters, !this.#readonly);
    try {
      fetchBatch(connection, compiled, 1, NO_LIMIT, true, this.#safeIntegers);
      if (rowCount === 0) return undefined;
      return decodeRow(compiled, 0, this.#shape, this.#safeIntegers) as Row;
    } finally {
      connection.finished(compiled);
    }
  }

  /**
   * Executes the statement for all its rows.
   */
  all(...parameters: BindParameters): Row[] {
    this.#requireReader('This statement does not return data. Use run() instead');
    const connection = this.#connection;
    const compiled = this.#begin(parameters, !this.#readonly);
    try {
      return readAll(connection, compiled, this.#shape, this.#safeIntegers) as Row[];
    } finally {
      connection.finished(compiled);
    }
  }

  /**
   * Executes the statement for its rows one by one. It starts with the first row that is asked
   * for, and reads ahead in batches.
   *
   * Until its end an iterator may hold a read transaction. Unlike in better-sqlite3, writes do not
   * fail because of it: they make it read its remaining rows into memory first, so that it goes on
   * over the rows of its own snapshot. The same happens to an iterator when 100 other statements
   * were executed since its last row, or when 16 others are open. One with more than 16 MiB left
   * loses its rows instead: its next step throws `ITERATOR_ABANDONED`.
   */
  iterate(...parameters: BindParameters): RowIterator<Row> {
    this.#requireReader('This statement does not return data. Use run() instead');
    const compiled = this.#ready(parameters);
    const cursor = new Cursor(this.#connection, {
      sql: this.#source,
      readonly: this.#readonly,
      values:
        this.#bound ??
        copyValues(resolveParameters(compiled, parameters, this.#connection.userCode)),
      shape: this.#shape,
      safeIntegers: this.#safeIntegers,
      limit: this.#limit,
    });
    this.#cursor = cursor;
    const iterator = new RowIterator(this as unknown as Statement<never, Row>, cursor);
    // Also one that is never started keeps its statement busy.
    watch(iterator, cursor);
    return iterator;
  }

  /**
   * Binds parameters for good: executions take none from then on. Only once for a statement.
   *
   * @throws TypeError or RangeError `INVALID_ARGUMENT`; TypeError `CONNECTION_CLOSED`,
   *   `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  bind(...parameters: BindParameters): this {
    if (this.#bound !== undefined) {
      throw typeError(
        'The bind() method can only be invoked once per statement object',
        'INVALID_ARGUMENT',
      );
    }
    const compiled = this.#ready(parameters);
    this.#bound = copyValues(resolveParameters(compiled, parameters, this.#connection.userCode));
    return this;
  }

  /**
   * Makes rows their first values alone, or turns that off.
   *
   * @param toggle default true
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  pluck(...toggle: [toggle?: boolean]): this {
    return this.#reshape('pluck', toggle);
  }

  /**
   * Makes rows objects of objects by table, `$` for values of no table, or turns that off.
   *
   * @param toggle default true
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  expand(...toggle: [toggle?: boolean]): this {
    return this.#reshape('expand', toggle);
  }

  /**
   * Makes rows arrays of values, or turns that off.
   *
   * @param toggle default true
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  raw(...toggle: [toggle?: boolean]): this {
    return this.#reshape('raw', toggle);
  }

  #reshape(shape: RowShape, toggle: [toggle?: boolean]): this {
    this.#requireReader(`The ${shape}() method is only for statements that return data`);
    this.#requireIdle();
    if (toggled(toggle)) this.#shape = shape;
    else if (this.#shape === shape) this.#shape = 'flat';
    return this;
  }

  /**
   * Returns integers as bigints, which are never rounded, or turns that off.
   *
   * @param toggle default true
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  safeIntegers(...toggle: [toggle?: boolean]): this {
    this.#requireIdle();
    this.#safeIntegers = toggled(toggle);
    return this;
  }

  /**
   * Limits each execution of the statement from now on; an empty object removes all limits.
   *
   * `timeoutMs`: an execution that takes longer throws `SQLITE_INTERRUPT`, and the transaction is
   * rolled back. Waiting for locks counts, and so does the time between two rows of an iterator.
   * It is looked at where SQLite looks for an {@link interrupt}.
   *
   * `signal`: when it is aborted, `run`, `get` and `all` throw its reason before they begin, and
   * iterators before their next row. In the middle of a call no signal of the same context can be
   * aborted, since nothing else runs there: other contexts end that by {@link interrupt}.
   *
   * @throws SqliteError `INVALID_OPTION` for an option that nobody knows
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_BUSY`, `STATEMENT_BUSY`
   */
  limit(limit: StatementLimit): this {
    const resolved = resolveLimit(limit);
    this.#requireIdle();
    this.#limit = resolved;
    return this;
  }

  /**
   * The columns of its rows.
   *
   * @throws TypeError `INVALID_ARGUMENT` for a statement without rows, `CONNECTION_CLOSED`,
   *   `CONNECTION_BUSY`
   */
  columns(): ColumnDefinition[] {
    this.#requireReader('The columns() method is only for statements that return data');
    this.#connection.requireUsable();
    return columnDefinitions(this.#obtain());
  }

  /** @internal */
  tables(): StatementTables {
    this.#connection.requireUsable();
    return statementTables(this.#obtain().handle);
  }

  #requireReader(message: string): void {
    if (!this.#reader) throw typeError(message, 'INVALID_ARGUMENT');
  }

  #requireIdle(): void {
    this.#connection.requireIdle();
    if (this.#cursor !== undefined) this.#requireUnlocked(this.#cursor);
  }

  #requireUnlocked(cursor: Cursor): void {
    // One that was forgotten lets go, as those do that hold a read transaction.
    if (cursor.isLocking && this.#connection.cursors.isPassedOver(cursor)) cursor.drain();
    if (cursor.isLocking) {
      throw typeError('This statement is busy executing a query', 'STATEMENT_BUSY');
    }
    this.#cursor = undefined;
  }

  // The statement, when it may be executed with these parameters.
  #ready(parameters: readonly unknown[]): CompiledStatement {
    this.#requireReady(parameters);
    return this.#obtain();
  }

  #requireReady(parameters: readonly unknown[]): void {
    this.#connection.requireUsable();
    if (this.#cursor !== undefined) this.#requireUnlocked(this.#cursor);
    if (this.#bound !== undefined && parameters.length > 0) {
      throw typeError('This statement already has bound parameters', 'INVALID_ARGUMENT');
    }
  }

  // The statement with its parameters bound, about to be executed at once.
  #begin(parameters: readonly unknown[], writes: boolean): CompiledStatement {
    const connection = this.#connection;
    const limit = this.#limit;
    limit?.signal?.throwIfAborted();
    this.#requireReady(parameters);
    // First, since what it gives back to the cache can push others out.
    connection.cursors.beforeExecution(writes);
    const compiled = this.#obtain();
    if (this.#bound === undefined) bindParameters(compiled, parameters, connection.userCode);
    else bindValues(compiled, this.#bound);
    if (connection.verbose !== undefined) connection.log(compiled);
    if (limit?.timeoutMs !== undefined) connection.limitTime(limit.timeoutMs);
    return compiled;
  }

  #obtain(): CompiledStatement {
    const { statements } = this.#connection;
    if (this.#compiled.cached) return statements.use(this.#compiled);
    this.#compiled = statements.obtain(this.#source);
    return this.#compiled;
  }
}
