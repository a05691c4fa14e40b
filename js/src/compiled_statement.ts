import type { Connection } from './connection.js';
import * as engine from './engine.js';
import { rangeError } from './errors.js';
import { bytes, leave, placeTextApart, refreshViews } from './memory.js';
import { isEmptyFrom, mayAlterSchema } from './sql_text.js';

/** A parameter with a name, which stands in it without its `:`, `@`, `$` or `?`. */
export interface NamedParameter {
  readonly name: string;
  /** From 1. */
  readonly index: number;
}

/** The columns of a result, as rows need them. */
export interface Columns {
  readonly names: readonly string[];
  /** Whether a name is `__proto__`, which an assignment would take for the prototype. */
  readonly hasProto: boolean;
  /** The table behind each column, `$` where there is none; filled in when it is asked for. */
  tables: readonly string[] | undefined;
}

/**
 * An `sqlite3_stmt`. Statements of the same SQL share it one after another: it is in the
 * connection's cache, or taken out of it by one iterator.
 */
export class CompiledStatement {
  /** Largest index of a parameter. */
  readonly parameterCount: number;
  readonly named: readonly NamedParameter[];
  /** Indices of the parameters without a name, from 1. */
  readonly anonymous: readonly number[];
  /** Whether it writes nothing by itself. */
  readonly readonly: boolean;
  /** Columns of its result when it was compiled. */
  readonly columnCount: number;
  /** Whether executing it may change what other statements mean. */
  readonly altersSchema: boolean;

  /** Whether it is in the cache, so that it may be used. */
  cached = false;
  /** The cache's age of schema when it was compiled. */
  schemaAge = 0;
  /** Neighbours in the cache's order of use. */
  newer: CompiledStatement | undefined;
  older: CompiledStatement | undefined;

  /** Whether parameters are bound that would hold much memory until they are bound again. */
  holdsMuch = false;

  #columns: Columns | undefined;
  #columnsReprepares = -1;

  constructor(
    readonly handle: number,
    readonly sql: string,
  ) {
    const count = engine.parameterCount(handle);
    const named: NamedParameter[] = [];
    const anonymous: number[] = [];
    for (let index = 1; index <= count; index++) {
      const name = engine.parameterName(handle, index);
      if (name === undefined) anonymous.push(index);
      else named.push({ name: name.slice(1), index });
    }
    this.parameterCount = count;
    this.named = named;
    this.anonymous = anonymous;
    this.readonly = engine.isReadonly(handle);
    this.columnCount = engine.columnCount(handle);
    this.altersSchema = mayAlterSchema(sql);
  }

  /**
   * The columns of the last batch's rows.
   *
   * @param count columns of that batch
   * @param reprepares how often SQLite has compiled the statement anew by itself
   */
  columns(count: number, reprepares: number): Columns {
    const columns = this.#columns;
    if (columns?.names.length === count && this.#columnsReprepares === reprepares) return columns;
    return this.#readColumns(count, reprepares);
  }

  #readColumns(count: number, reprepares: number): Columns {
    const names = Array.from({ length: count }, (_, i) => engine.columnName(this.handle, i));
    refreshViews();
    const columns = { names, hasProto: names.includes('__proto__'), tables: undefined };
    this.#columns = columns;
    this.#columnsReprepares = reprepares;
    return columns;
  }

  /** The table behind each of the last batch's columns, `$` where there is none. */
  tables(columns: Columns): readonly string[] {
    columns.tables ??= columns.names.map((_, i) => engine.columnTable(this.handle, i) ?? '$');
    refreshViews();
    return columns.tables;
  }

  /** Lets go of big parameters after an execution. */
  forgetParameters(): void {
    if (!this.holdsMuch) return;
    this.holdsMuch = false;
    engine.reset(this.handle);
  }
}

/**
 * Compiles SQL, which must be one statement.
 *
 * @param keep whether the statement will be used again
 * @throws SqliteError when SQLite refuses the SQL; what a function of the user's threw
 * @throws RangeError `INVALID_ARGUMENT` for no statement or more than one
 */
export function compile(connection: Connection, sql: string, keep: boolean): CompiledStatement {
  const { database, userCode } = connection;
  // SQLite may call functions of the user's meanwhile, which may use other connections.
  const place = placeTextApart(sql);
  userCode.thrown = undefined;
  let handle = 0;
  try {
    handle = engine.prepare(database, place.pointer, place.length, keep);
    if (handle === 0) {
      if (engine.errorCode(database) !== 0) throw connection.failure();
      throw rangeError('The supplied SQL string contains no statements', 'INVALID_ARGUMENT');
    }
    const tail = engine.prepareTail(database);
    refreshViews();
    const text = bytes.subarray(place.pointer, place.pointer + place.length);
    if (!isEmptyFrom(text, tail)) {
      engine.finalize(handle);
      throw rangeError(
        'The supplied SQL string contains more than one statement',
        'INVALID_ARGUMENT',
      );
    }
  } finally {
    leave(place);
    connection.spreadInterrupt();
  }
  return new CompiledStatement(handle, sql);
}
