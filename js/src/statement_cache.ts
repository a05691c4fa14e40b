import { type CompiledStatement, compile } from './compiled_statement.js';
import type { Connection } from './connection.js';
import { finalize } from './engine.js';

const DEFAULT_STATEMENTS = 100;
// Of SQL: a compiled statement takes a few times as much.
const MAX_CHARACTERS = 4 * 1024 * 1024;

/**
 * The compiled statements of a connection that nobody is in the middle of, in order of use. The
 * least recently used ones are freed: their `Statement`s compile them anew.
 */
export class StatementCache {
  readonly #connection: Connection;
  readonly #maxStatements: number;
  // Without those that may alter the schema: they are compiled anew for each `prepare()`, since
  // what they do, or whether they are right at all, may be decided by the compilation.
  readonly #bySql = new Map<string, CompiledStatement>();
  #newest: CompiledStatement | undefined;
  #oldest: CompiledStatement | undefined;
  #statements = 0;
  #characters = 0;
  #schemaAge = 0;

  constructor(connection: Connection, maxStatements = DEFAULT_STATEMENTS) {
    this.#connection = connection;
    this.#maxStatements = maxStatements;
  }

  /**
   * A statement for a new `Statement`: as if it were compiled at this moment, so that errors and
   * columns are those of the present schema.
   */
  prepare(sql: string): CompiledStatement {
    const found = this.#bySql.get(sql);
    if (found !== undefined) {
      if (found.schemaAge === this.#schemaAge) return this.use(found);
      this.#free(found);
    }
    return this.#compile(sql);
  }

  /** A statement to execute; SQLite itself compiles it anew when the schema has changed. */
  obtain(sql: string): CompiledStatement {
    const found = this.#bySql.get(sql);
    return found === undefined ? this.#compile(sql) : this.use(found);
  }

  /** Notes that a cached statement is used. */
  use(compiled: CompiledStatement): CompiledStatement {
    if (compiled !== this.#newest) {
      this.#unlink(compiled);
      this.#link(compiled);
    }
    return compiled;
  }

  /** Takes a cached statement out, so that nobody else uses or frees it. */
  takeOut(compiled: CompiledStatement): void {
    compiled.cached = false;
    this.#statements--;
    this.#characters -= compiled.sql.length;
    this.#unlink(compiled);
    if (this.#bySql.get(compiled.sql) === compiled) this.#bySql.delete(compiled.sql);
  }

  /** Takes a statement back that was taken out and has been reset. */
  giveBack(compiled: CompiledStatement): void {
    if (this.#bySql.has(compiled.sql)) finalize(compiled.handle);
    else this.#add(compiled);
  }

  /** To be called when the schema may have changed: new `Statement`s get new compilations. */
  schemaChanged(): void {
    this.#schemaAge++;
  }

  #compile(sql: string): CompiledStatement {
    const compiled = compile(this.#connection, sql, true);
    compiled.schemaAge = this.#schemaAge;
    if (compiled.altersSchema) this.schemaChanged();
    this.#add(compiled);
    return compiled;
  }

  #add(compiled: CompiledStatement): void {
    compiled.cached = true;
    this.#statements++;
    this.#characters += compiled.sql.length;
    this.#link(compiled);
    if (!compiled.altersSchema) this.#bySql.set(compiled.sql, compiled);
    while (this.#statements > this.#maxStatements || this.#characters > MAX_CHARACTERS) {
      const oldest = this.#oldest;
      if (oldest === undefined || oldest === compiled) break;
      this.#free(oldest);
    }
  }

  #free(compiled: CompiledStatement): void {
    this.takeOut(compiled);
    finalize(compiled.handle);
  }

  #link(compiled: CompiledStatement): void {
    compiled.older = this.#newest;
    compiled.newer = undefined;
    if (this.#newest === undefined) this.#oldest = compiled;
    else this.#newest.newer = compiled;
    this.#newest = compiled;
  }

  #unlink(compiled: CompiledStatement): void {
    const { newer, older } = compiled;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    compiled.newer = undefined;
    compiled.older = undefined;
  }
}
