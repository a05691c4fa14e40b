import type { CompiledStatement } from './compiled_statement.js';
import {
  columnCount,
  columnDatabase,
  columnName,
  columnOrigin,
  columnTable,
  columnType,
} from './engine.js';

/** A column of a result. All but its name are null where it is not a table's column. */
export interface ColumnDefinition {
  /** Its name in the result, or its alias. */
  name: string;
  /** Name of the table's column. */
  column: string | null;
  /** Name of the table. */
  table: string | null;
  /** Name of the database, such as `main`. */
  database: string | null;
  /** The declared type, such as `INTEGER`. */
  type: string | null;
}

/** The columns of a statement's result. */
export function columnDefinitions({ handle }: CompiledStatement): ColumnDefinition[] {
  return Array.from({ length: columnCount(handle) }, (_, i) => ({
    name: columnName(handle, i),
    column: columnOrigin(handle, i) ?? null,
    table: columnTable(handle, i) ?? null,
    database: columnDatabase(handle, i) ?? null,
    type: columnType(handle, i) ?? null,
  }));
}
