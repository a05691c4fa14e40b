import { typeError } from './errors.js';
import type { CheckedTable } from './table_definition.js';

/** A table as SQLite's calls find it. */
export interface Table extends CheckedTable {
  /** Name of its module. */
  readonly module: string;
  /** Where a column of its rows stands. */
  readonly positions: ReadonlyMap<string, number>;
}

/** One reading of a virtual table, from its first row on. */
export class TableScan {
  readonly #table: Table;
  readonly #iterator: Iterator<unknown>;
  /** The values of the parameters, then those of the row's columns. */
  readonly values: unknown[];

  /** @param parameters undefined for those that were not given */
  constructor(table: Table, parameters: readonly unknown[]) {
    this.#table = table;
    // The generator may change the bytes that it gets; SQLite compares those that it gave.
    this.values = parameters.map((value) => (value instanceof Uint8Array ? value.slice() : value));
    for (const _ of table.columns) this.values.push(null);
    const { rows } = table;
    this.#iterator = rows(...parameters)[Symbol.iterator]();
  }

  /** @returns whether there is another row */
  next(): boolean {
    const result = this.#iterator.next();
    if (result.done) return false;
    try {
      this.#take(result.value);
    } catch (error) {
      try {
        this.end();
      } catch {
        // What was wrong first is told.
      }
      throw error;
    }
    return true;
  }

  /** Ends the generator before its last row. */
  end(): void {
    this.#iterator.return?.();
  }

  #take(row: unknown): void {
    const { columns, parameters } = this.#table;
    if (typeof row !== 'object' || row === null) {
      throw this.#invalid("something that isn't a valid row object");
    }
    if (Array.isArray(row)) {
      if (row.length !== columns.length) {
        throw this.#invalid('a row with an incorrect number of columns');
      }
      for (let at = 0; at < row.length; at++) this.values[parameters.length + at] = row[at];
      return;
    }
    this.#takeNamed(row);
  }

  #takeNamed(row: object): void {
    const { columns, positions } = this.#table;
    const keys = Object.keys(row);
    for (const key of keys) {
      const at = positions.get(key);
      if (at === undefined) throw this.#invalid(`a row with an undeclared column "${key}"`);
      this.values[at] = (row as Record<string, unknown>)[key];
    }
    if (keys.length !== columns.length) throw this.#invalid('a row with missing columns');
  }

  #invalid(what: string): TypeError {
    return typeError(
      `Virtual table module "${this.#table.module}" yielded ${what}`,
      'INVALID_ARGUMENT',
    );
  }
}
