// What a virtual table is, by better-sqlite3's rules and with its errors.

import type { Connection } from './connection.js';
import { rangeError, typeError } from './errors.js';
import type { BindableValue } from './values.js';

/** A row of a virtual table: the values of its columns by name, or in their order. */
export type TableRow =
  | { readonly [column: string]: BindableValue | undefined }
  | readonly (BindableValue | undefined)[];

/** A virtual table that can only be read, see {@link Database.table}. */
export interface TableDefinition {
  /** Names of the columns. */
  columns: readonly string[];
  /**
   * Yields the rows: a generator function, which gets the parameters (undefined for those that the
   * query does not give), or anything iterable. Each scan begins it anew, and one that ends early
   * ends it too, by its `return()`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: `unknown` or `never` would forbid parameters of a type
  rows: ((...parameters: any[]) => Generator<TableRow, unknown, undefined>) | Iterable<TableRow>;
  /**
   * Names of the parameters, up to 32: hidden columns that `name(a, b)` and `WHERE parameter = a`
   * set. Default: `$1`, `$2` and so on, as many as the generator function declares.
   */
  parameters?: readonly string[] | undefined;
  /** Gives it integers as bigints. Default: {@link Database.defaultSafeIntegers}. */
  safeIntegers?: boolean | undefined;
  /** Refuses to be used in triggers and views. Default false. */
  directOnly?: boolean | undefined;
}

/** Which table is made, as `this` of a {@link TableFactory}. */
export interface TableNames {
  /** Name of the module. */
  readonly module: string;
  /** Name of the database that the table is in, such as `main`. */
  readonly database: string;
  /** Name of the table. */
  readonly table: string;
}

/**
 * Makes the tables of `CREATE VIRTUAL TABLE … USING module(args)`; the arguments are text, as they
 * stand in the SQL.
 */
export type TableFactory = (this: TableNames, ...args: string[]) => TableDefinition;

/** A {@link TableDefinition} that was checked. */
export interface CheckedTable {
  readonly columns: readonly string[];
  readonly rows: (...parameters: unknown[]) => Iterable<unknown>;
  readonly parameters: readonly string[];
  readonly safeIntegers: boolean;
  readonly directOnly: boolean;
}

const MAX_PARAMETERS = 32;

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isGeneratorFunction(value: unknown): value is CheckedTable['rows'] {
  // Not by its prototype, which is another one in another realm.
  return Object.prototype.toString.call(value) === '[object GeneratorFunction]';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
  );
}

/**
 * @param verb whether the module `used` the definition or its factory `returned` it
 * @throws TypeError or RangeError `INVALID_ARGUMENT`
 */
export function checkTable(
  connection: Connection,
  module: string,
  verb: 'used' | 'returned',
  definition: object,
): CheckedTable {
  const subject = `Virtual table module "${module}" ${verb} a table definition`;
  const invalid = (reason: string) => typeError(`${subject} ${reason}`, 'INVALID_ARGUMENT');
  const given = definition as Readonly<Record<string, unknown>>;
  for (const key of ['rows', 'columns']) {
    if (!Object.hasOwn(given, key)) throw invalid(`without a "${key}" property`);
  }
  const { rows } = given;
  if (!isGeneratorFunction(rows) && !isIterable(rows)) {
    throw invalid('with an invalid "rows" property (should be a generator function)');
  }
  const columns = namesOf('columns');
  if (columns.length === 0) {
    throw rangeError(`${subject} with zero columns`, 'INVALID_ARGUMENT');
  }
  const parameters = Object.hasOwn(given, 'parameters') ? namesOf('parameters') : inferred();
  if (parameters.length > MAX_PARAMETERS) {
    throw rangeError(
      `${subject} with more than the maximum number of 32 parameters`,
      'INVALID_ARGUMENT',
    );
  }
  for (const parameter of parameters) {
    if (columns.includes(parameter)) {
      throw invalid(
        `with column "${parameter}" which was ambiguously defined as both a column and parameter`,
      );
    }
  }
  if (parameters.length > 0 && isIterable(rows)) {
    throw invalid('with parameters that its "rows" cannot get (should be a generator function)');
  }
  return {
    columns,
    rows: isIterable(rows) ? () => rows : rows,
    parameters,
    safeIntegers: flag('safeIntegers') ?? connection.safeIntegers,
    directOnly: flag('directOnly') ?? false,
  };

  function namesOf(key: 'columns' | 'parameters'): readonly string[] {
    const names = given[key];
    if (!isStrings(names)) {
      throw invalid(`with an invalid "${key}" property (should be an array of strings)`);
    }
    if (new Set(names).size !== names.length) {
      throw invalid(`with duplicate ${key === 'columns' ? 'column' : 'parameter'} names`);
    }
    return [...names];
  }

  function inferred(): readonly string[] {
    const count = typeof rows === 'function' ? rows.length : 0;
    return Array.from({ length: count }, (_, at) => `$${at + 1}`);
  }

  function flag(key: 'safeIntegers' | 'directOnly'): boolean | undefined {
    const value = given[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw invalid(`with an invalid "${key}" property (should be a boolean)`);
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** The table as SQL declares it, and the names of its parameters, each with a NUL at its end. */
export function declarationOf({ columns, parameters }: CheckedTable): string {
  const declared = [...parameters.map((name) => `${quoted(name)} HIDDEN`), ...columns.map(quoted)];
  return [`CREATE TABLE x(${declared.join(', ')});`, ...parameters, ''].join('\0');
}
