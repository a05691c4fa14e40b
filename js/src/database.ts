import { type AggregateOptions, defineAggregate } from './aggregate.js';
import { type BackupMetadata, type BackupOptions, backUp } from './backup.js';
import type { Connection } from './connection.js';
import { connectionId } from './engine.js';
import { ownError, typeError } from './errors.js';
import { execute } from './exec.js';
import type { Opened } from './open.js';
import { booleanOption } from './options.js';
import { executePragma } from './pragma.js';
import type { FunctionOptions } from './registration.js';
import type { Runtime } from './runtime.js';
import { type SerializeOptions, serializeDatabase } from './serialize.js';
import { readAtSnapshot, type Snapshot, snapshotOf } from './snapshot.js';
import { Statement } from './statement.js';
import type { TableDefinition, TableFactory } from './table_definition.js';
import { toggled } from './toggle.js';
import { type AnyFunction, type Transaction, wrapInTransaction } from './transaction.js';
import { defineFunction, type SqlFunction } from './user_function.js';
import { defineTable } from './virtual_table.js';

/** Options of {@link Database.pragma}. */
export interface PragmaOptions {
  /** Returns the first value of the first row alone. Default false. */
  simple?: boolean | undefined;
}

/** The statements that {@link Database.prepare} makes for a tuple or an object of parameters. */
export type PreparedStatement<
  BindParameters extends unknown[] | object,
  Row,
> = BindParameters extends unknown[]
  ? Statement<BindParameters, Row>
  : Statement<[BindParameters], Row>;

function requireString(value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
  }
}

/**
 * An open connection. It follows better-sqlite3
 * (https://github.com/WiseLibs/better-sqlite3/blob/master/docs/api.md).
 *
 * A call on a connection that was closed is a `TypeError` `CONNECTION_CLOSED`, one inside its own
 * functions (verbose, and those registered with it) a `TypeError` `CONNECTION_BUSY`, one after a crash of the WebAssembly instance
 * a `SqliteError` `POISONED`, one after a forced {@link dispose} of the runtime a `SqliteError`
 * `RUNTIME_DISPOSED`.
 */
export class Database {
  readonly #name: string;
  readonly #readonly: boolean;
  readonly #memory: boolean;
  readonly #connection: Connection;

  /** @internal */
  constructor({ connection, name, readonly, memory }: Opened) {
    this.#connection = connection;
    this.#name = name;
    this.#readonly = readonly;
    this.#memory = memory;
  }

  /** Name of the runtime; `:memory:` (or `''`, if opened so) for a private database. */
  get name(): string {
    return this.#name;
  }

  /** Whether the connection can only read. */
  get readonly(): boolean {
    return this.#readonly;
  }

  /** Whether the database is private: of this context alone, and gone with the connection. */
  get memory(): boolean {
    return this.#memory;
  }

  /** Whether the connection can be used. */
  get open(): boolean {
    return this.#connection.isOpen;
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#connection.inTransaction;
  }

  /**
   * The number by which other contexts can {@link interrupt} the connection, and find it in
   * {@link diagnostics}; -1 for a private database.
   *
   * @throws TypeError `CONNECTION_CLOSED`
   */
  get connectionId(): number {
    this.#connection.requireUsable();
    return connectionId(this.#connection.database);
  }

  /**
   * Ends the statements that are being read: their iterators throw `SQLITE_INTERRUPT` after the
   * rows that they have read ahead. If they are in a transaction, it is rolled back, and whatever
   * is executed next throws that instead. From another context: {@link interrupt}.
   *
   * @throws TypeError `CONNECTION_CLOSED`
   */
  interrupt(): this {
    this.#connection.requireUsable();
    this.#connection.interrupt();
    return this;
  }

  /**
   * Compiles one statement.
   *
   * @throws SqliteError when SQLite refuses the SQL
   * @throws RangeError `INVALID_ARGUMENT` for no statement or more than one
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  prepare<BindParameters extends unknown[] | object = unknown[], Row = unknown>(
    sql: string,
  ): PreparedStatement<BindParameters, Row> {
    requireString(sql);
    this.#connection.requireUsable();
    const statement = new Statement(this, this.#connection, sql);
    return statement as unknown as PreparedStatement<BindParameters, Row>;
  }

  /**
   * Executes any number of statements and drops their rows. A failing statement ends it; what was
   * done before stays done, unless it stands in a transaction that is rolled back.
   *
   * @throws SqliteError what SQLite reports
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  exec(sql: string): this {
    requireString(sql);
    this.#connection.requireUsable();
    execute(this.#connection, sql);
    return this;
  }

  /**
   * Makes a function that runs in a transaction: it commits when the function returns, and rolls
   * back when it throws. Inside of another transaction it is a savepoint. The function must not
   * be async.
   *
   * @returns the function, with `deferred`, `immediate` and `exclusive` versions of it
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  transaction<F extends AnyFunction>(fn: F): Transaction<F> {
    if (typeof fn !== 'function') {
      throw typeError('Expected first argument to be a function', 'INVALID_ARGUMENT');
    }
    this.#connection.requireUsable();
    return wrapInTransaction(this, fn);
  }

  /**
   * The state that the open transaction reads, as a plain object for `postMessage`: connections to
   * the same runtime, in any worker, read at it with {@link Database.readAt}. The transaction must
   * have been begun (`db.exec('BEGIN')`) and not have written.
   *
   * The snapshot stays valid while this connection keeps the transaction open, whatever others
   * write and checkpoint; and while somebody reads at it. After that it may be gone at any time:
   * once a checkpoint has overwritten it, reading at it is `SQLITE_ERROR_SNAPSHOT`. While it is
   * held, the write-ahead log can only grow.
   *
   * @throws SqliteError `NO_READ_TRANSACTION`; `SNAPSHOT_UNAVAILABLE` outside of WAL mode; what
   *   SQLite reports
   * @throws TypeError `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  snapshot(): Snapshot {
    this.#connection.requireUsable();
    return snapshotOf(this.#connection);
  }

  /**
   * Calls a function inside of a read transaction at a snapshot, and ends that when the function
   * returns or throws. The function must not be async. A write in it is `SQLITE_BUSY_SNAPSHOT`
   * unless nobody has written since the snapshot was taken.
   *
   * It waits for a checkpoint that is going on, up to the connection's timeout, and so for as long
   * as one of the kinds FULL, RESTART or TRUNCATE waits for readers.
   *
   * @returns what the function returns
   * @throws SqliteError `SQLITE_ERROR_SNAPSHOT` when the snapshot is gone; `INVALID_SNAPSHOT`,
   *   `FOREIGN_SNAPSHOT` for one of another runtime, `IN_TRANSACTION` inside of a transaction,
   *   `SQLITE_BUSY`
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  readAt<T>(snapshot: Snapshot, fn: () => T): T {
    if (typeof fn !== 'function') {
      throw typeError('Expected second argument to be a function', 'INVALID_ARGUMENT');
    }
    this.#connection.requireUsable();
    return readAtSnapshot(this, this.#connection, snapshot, fn);
  }

  /**
   * Gives SQL a function. It replaces one of the same name and number of arguments, SQLite's own
   * too. What it throws is thrown by the call that executes the statement, which is rolled back.
   *
   * It may use other connections, but not this one. It returns a value that could be bound, or
   * undefined for NULL; anything else is a `TypeError`. A number is returned as REAL, a bigint as
   * INTEGER.
   *
   * @throws SqliteError what SQLite reports
   * @throws TypeError or RangeError `INVALID_ARGUMENT`; TypeError `CONNECTION_CLOSED`,
   *   `CONNECTION_BUSY`
   */
  function(name: string, fn: SqlFunction): this;
  /** @param options how it may be used, see {@link FunctionOptions} */
  function(name: string, options: FunctionOptions, fn: SqlFunction): this;
  function(name: string, optionsOrFn: FunctionOptions | SqlFunction, fn?: SqlFunction): this {
    defineFunction(this.#connection, name, optionsOrFn, fn);
    return this;
  }

  /**
   * Gives SQL an aggregate function, in the way of {@link Database.function}. With `inverse` it is a
   * window function too.
   *
   * @throws SqliteError what SQLite reports
   * @throws TypeError or RangeError `INVALID_ARGUMENT`; TypeError `CONNECTION_CLOSED`,
   *   `CONNECTION_BUSY`
   */
  // biome-ignore lint/suspicious/noExplicitAny: a total of any type, where its parts tell none
  aggregate<Total = any>(name: string, options: AggregateOptions<Total>): this {
    defineAggregate(this.#connection, name, options);
    return this;
  }

  /**
   * Gives SQL a virtual table that can only be read: by a definition the table `name`, by a function
   * that makes definitions the module of `CREATE VIRTUAL TABLE … USING name(args)`.
   *
   * A table that was so created is a part of the database: connections that have not registered the
   * module cannot use it.
   *
   * @throws SqliteError what SQLite reports
   * @throws TypeError or RangeError `INVALID_ARGUMENT`; TypeError `CONNECTION_CLOSED`,
   *   `CONNECTION_BUSY`
   */
  table(name: string, definition: TableDefinition | TableFactory): this {
    defineTable(this.#connection, name, definition);
    return this;
  }

  /**
   * Not supported: it has nothing to allow. Writes do not fail because of open iterators here, and
   * no connection may damage a database that others share.
   *
   * @param toggle default true; false does nothing
   * @throws SqliteError `UNSUPPORTED`
   * @throws TypeError `INVALID_ARGUMENT`
   */
  unsafeMode(...toggle: [toggle?: boolean]): this {
    if (!toggled(toggle)) return this;
    throw ownError(
      'UNSUPPORTED',
      'There is no unsafe mode: writes work beside open iterators without it, and the other things ' +
        'that it allows could damage a database that others share',
    );
  }

  /**
   * Not supported: an extension is a native library.
   *
   * @throws SqliteError `UNSUPPORTED`
   * @throws TypeError `INVALID_ARGUMENT`
   */
  loadExtension(path: string, entryPoint?: string): never {
    requireString(path);
    if (entryPoint !== undefined && typeof entryPoint !== 'string') {
      throw typeError('Expected second argument to be a string', 'INVALID_ARGUMENT');
    }
    throw ownError(
      'UNSUPPORTED',
      `The extension "${path}" cannot be loaded: it is a native library, and SQLite runs as ` +
        'WebAssembly here. Register functions, aggregates and tables in JavaScript instead',
    );
  }

  /**
   * Executes `PRAGMA` and the given text (https://sqlite.org/pragma.html).
   *
   * @returns its rows as objects; with `simple` the first value of the first row, undefined
   *   without a row
   * @throws SqliteError what SQLite reports
   * @throws TypeError `INVALID_ARGUMENT`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  pragma(source: string, options: PragmaOptions = {}): unknown {
    requireString(source);
    if (typeof options !== 'object') {
      throw typeError('Expected second argument to be an options object', 'INVALID_ARGUMENT');
    }
    const simple = booleanOption(options ?? {}, 'simple', 'INVALID_ARGUMENT');
    this.#connection.requireUsable();
    return executePragma(this.#connection, source, simple);
  }

  /**
   * The whole database as bytes, as this connection sees it at this moment, with what its open
   * transaction has changed: the file that SQLite would have. They can be opened as a private
   * database, or imported. The content is copied once, into the result; in a transaction that has
   * written, twice.
   *
   * In WAL mode the file says so; a SQLite that only reads rollback mode (`sqlite3_deserialize`)
   * wants its bytes 18 and 19 set to 1.
   *
   * @throws SqliteError what SQLite reports, `SQLITE_NOMEM` where the engine has no buffer so large
   * @throws TypeError `INVALID_OPTION`, `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  serialize(options?: SerializeOptions | null): Uint8Array<ArrayBuffer> {
    return serializeDatabase(this.#connection, options);
  }

  /**
   * Copies the database over that of another runtime, some pages at a time, between which this
   * context's event loop runs. Both can be used meanwhile: readers of the destination see all of it
   * or nothing, its writers wait until it is done. When another connection writes to the source, it
   * begins anew; what this connection writes is copied as well.
   *
   * The destination's write-ahead log must have room for the database, and its pages the same size.
   * To have the source as it is at one moment: {@link exportDatabase}, then {@link importDatabase}.
   *
   * @returns how many pages were copied
   * @throws (rejects with) SqliteError as {@link open} does; what SQLite reports: `SQLITE_BUSY` when
   *   somebody else is in the way for 5 s, `SQLITE_FULL`, `SQLITE_READONLY` for another page size
   * @throws (rejects with) TypeError `INVALID_OPTION`, `CONNECTION_CLOSED` also when the connection
   *   is closed meanwhile; then, and after any error, the destination is as it was
   */
  backup(destination: Runtime, options?: BackupOptions | null): Promise<BackupMetadata> {
    return backUp(this.#connection, destination, options);
  }

  /**
   * Makes new statements return integers as bigints, or turns that off.
   *
   * @param toggle default true
   * @throws TypeError `INVALID_ARGUMENT`
   */
  defaultSafeIntegers(...toggle: [toggle?: boolean]): this {
    this.#connection.safeIntegers = toggled(toggle);
    return this;
  }

  /**
   * Closes the connection; a transaction that is open is rolled back. Statements and iterators of
   * it throw from then on. Closing again does nothing.
   *
   * @throws TypeError `CONNECTION_BUSY`; what a generator of {@link Database.table} throws at its end
   */
  close(): this {
    this.#connection.requireIdle();
    this.#connection.close();
    return this;
  }

  /** Closes the connection at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
