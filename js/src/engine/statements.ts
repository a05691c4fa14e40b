// Statements: compiling and describing them, and what SQLite says of the last call.

import { isPoisoned } from '../poison.js';
import * as wasm from '../wasm/sharedwal_js.js';
import { answer } from './boundary.js';

/**
 * Compiles the first statement of some SQL.
 *
 * @returns the statement, or 0: nothing to compile when {@link errorCode} is 0, else an error
 */
export function prepare(database: number, sql: number, bytes: number, keep: boolean): number {
  return answer(() => wasm.prepare(database, sql, bytes, keep));
}

/** Where the last compiled statement ended, in bytes from the start of its SQL. */
export function prepareTail(database: number): number {
  return answer(() => wasm.prepare_tail(database));
}

/** Frees a statement. */
export function finalize(statement: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.finalize(statement));
}

/** Largest index of a parameter. */
export function parameterCount(statement: number): number {
  return answer(() => wasm.parameter_count(statement));
}

/** Name of a parameter with its `:`, `@`, `$` or `?`; undefined for a bare `?`. From 1. */
export function parameterName(statement: number, index: number): string | undefined {
  return answer(() => wasm.parameter_name(statement, index));
}

/** Columns of a result, 0 for a statement without one. */
export function columnCount(statement: number): number {
  return answer(() => wasm.column_count(statement));
}

/** Name of a column, from 0. */
export function columnName(statement: number, column: number): string {
  return answer(() => wasm.column_name(statement, column));
}

/** Declared type of the table column behind a column. */
export function columnType(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_decltype(statement, column));
}

/** Name of the table column behind a column. */
export function columnOrigin(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_origin(statement, column));
}

/** Table of the table column behind a column. */
export function columnTable(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_table(statement, column));
}

/** Database of the table column behind a column. */
export function columnDatabase(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_database(statement, column));
}

/** Whether a statement writes nothing by itself (`BEGIN` and `COMMIT` do not). */
export function isReadonly(statement: number): boolean {
  return answer(() => wasm.is_readonly(statement));
}

/** SQL of a statement with its parameters' values in place. */
export function expandedSql(statement: number): string | undefined {
  return answer(() => wasm.expanded_sql(statement));
}

/** The tables of the main database that a statement reads, and those that it may change. */
export interface StatementTables {
  /**
   * By the names that the schema has; views among them. `'unknown'` if its rows depend on something
   * besides: `sqlite_sequence`, or a virtual table that has its rows from elsewhere.
   */
  reads: string[] | 'unknown';
  /** Those of triggers and foreign keys too. `'unknown'` for a change of the schema. */
  writes: string[] | 'unknown';
}

/**
 * What a statement depends on, and what it changes, as the schema is at this moment. Compiles the
 * statement once more.
 */
export function statementTables(statement: number): StatementTables {
  const [reads, writes] = answer(() => wasm.statement_tables(statement)) as (
    | string[]
    | undefined
  )[];
  return { reads: reads ?? 'unknown', writes: writes ?? 'unknown' };
}

/** Runs all statements of some SQL. Returns a result code. */
export function execute(database: number, sql: number, bytes: number): number {
  return answer(() => wasm.exec(database, sql, bytes));
}

/** The last call's extended result code. */
export function errorCode(database: number): number {
  return answer(() => wasm.errcode(database));
}

/** The last call's message. */
export function errorMessage(database: number): string {
  return answer(() => wasm.errmsg(database));
}
