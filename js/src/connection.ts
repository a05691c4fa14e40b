import type { CompiledStatement } from './compiled_statement.js';
import { sqliteError } from './connection_error.js';
import * as engine from './engine.js';
import { typeError } from './errors.js';
import { OpenCursors } from './open_cursors.js';
import { isPoisoned, requireNotPoisoned } from './poison.js';
import { SQLITE_INTERRUPT } from './result_codes.js';
import { StatementCache } from './statement_cache.js';
import { UserCode } from './user_code.js';

/** An open connection: what its `Database`, `Statement`s and iterators share. */
export class Connection {
  readonly statements: StatementCache;
  /** The iterators that SQLite is in the middle of. */
  readonly cursors = new OpenCursors();
  /** The user's functions. */
  readonly userCode = new UserCode();
  /** The backups that copy from it. */
  readonly backups = new Set<{ close(): void }>();
  /** Whether new statements return integers as bigints. */
  safeIntegers = false;

  #open = true;
  #limited = false;
  #interrupted = false;
  #schemaChangedInTransaction = false;

  constructor(
    readonly database: number,
    readonly verbose: ((sql: string) => unknown) | undefined,
  ) {
    this.statements = new StatementCache(this);
  }

  get isOpen(): boolean {
    return this.#open && !isPoisoned();
  }

  get inTransaction(): boolean {
    return this.isOpen && engine.inTransaction(this.database);
  }

  /**
   * To be called first wherever a connection is used.
   *
   * @throws SqliteError `POISONED`
   * @throws TypeError `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   */
  requireUsable(): void {
    requireNotPoisoned();
    if (!this.#open) throw typeError('The database connection is not open', 'CONNECTION_CLOSED');
    this.requireIdle();
  }

  /**
   * @throws TypeError `CONNECTION_BUSY`
   */
  requireIdle(): void {
    if (this.userCode.running) {
      throw typeError('This database connection is busy executing a query', 'CONNECTION_BUSY');
    }
  }

  /** Tells the verbose function what is about to be executed. What it throws is thrown. */
  log(compiled: CompiledStatement): void {
    if (this.verbose === undefined) return;
    this.logSql(engine.expandedSql(compiled.handle) ?? compiled.sql);
  }

  /** Tells the verbose function some SQL. */
  logSql(sql: string): void {
    this.userCode.running = true;
    try {
      this.verbose?.(sql);
    } finally {
      this.userCode.running = false;
    }
  }

  /**
   * The error of the call that has just failed, to be thrown: what a function of the user's threw,
   * unless the call was made to end; else what SQLite says.
   */
  failure(): unknown {
    const { thrown } = this.userCode;
    this.userCode.thrown = undefined;
    this.#interrupted = engine.errorCode(this.database) === SQLITE_INTERRUPT;
    const error =
      thrown !== undefined && !this.#interrupted ? thrown.error : sqliteError(this.database);
    // An error can roll the transaction back, and changes of the schema with it.
    if (this.#schemaChangedInTransaction && !engine.inTransaction(this.database)) {
      this.#schemaChangedInTransaction = false;
      this.statements.schemaChanged();
    }
    return error;
  }

  /** Has executions end after so many milliseconds, until one is {@link finished}. */
  limitTime(ms: number): void {
    this.#limited = true;
    engine.limitTime(this.database, Math.max(0, ms));
  }

  /** Lets executions take their time again. */
  unlimitTime(): void {
    if (!this.#limited) return;
    this.#limited = false;
    if (this.isOpen) engine.limitTime(this.database, -1);
  }

  /** To be called after an execution, however it ended. */
  finished(compiled: CompiledStatement): void {
    if (isPoisoned()) return;
    this.unlimitTime();
    compiled.forgetParameters();
    if (compiled.altersSchema) this.schemaChanged();
    this.spreadInterrupt();
  }

  /** Interrupts the statements that are being read, see {@link Database.interrupt}. */
  interrupt(): void {
    engine.interrupt(this.database);
    // A transaction ends with them: the next call is to throw that, and not to go on without one.
    if (!this.inTransaction) this.cursors.drainAll();
  }

  /**
   * To be called after a {@link failure}, when what failed is not in its middle any more. SQLite's
   * interrupt lasts until no statement is: iterators end with it, or it would end all that follows.
   */
  spreadInterrupt(): void {
    if (!this.#interrupted) return;
    this.#interrupted = false;
    if (!this.cursors.isEmpty && engine.isInterrupted(this.database)) this.cursors.drainAll();
  }

  /** To be called when the schema may have changed. */
  schemaChanged(): void {
    this.statements.schemaChanged();
    this.#schemaChangedInTransaction ||= engine.inTransaction(this.database);
  }

  /** Ends the connection. Iterators that are not at their end throw from then on. */
  close(): void {
    if (!this.#open) return;
    for (const backup of this.backups) backup.close();
    this.#open = false;
    // What the end of a cursor left behind that nobody asked for.
    this.userCode.thrown = undefined;
    engine.close(this.database);
    this.userCode.rethrow();
  }
}
