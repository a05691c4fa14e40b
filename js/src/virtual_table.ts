import { argument } from './callback_values.js';
import { encodeCell } from './cells.js';
import type { Connection } from './connection.js';
import { createModule } from './engine.js';
import { typeError } from './errors.js';
import { placeTextApart, refreshViews, words } from './memory.js';
import { modules, scans, tables } from './registered.js';
import { register, requireName } from './registration.js';
import {
  type CheckedTable,
  checkTable,
  declarationOf,
  type TableFactory,
} from './table_definition.js';
import { type Table, TableScan } from './table_scan.js';

/** A module as SQLite's calls find it. */
export interface Module {
  readonly connection: Connection;
  readonly name: string;
  /** Makes a table for the names of module, database and table, and the arguments of the SQL. */
  readonly make: (names: readonly string[]) => CheckedTable;
}

/** A table or a scan of it, with the connection that it belongs to. */
export interface Owned<T> {
  readonly connection: Connection;
  readonly thing: T;
  /** Begins the errors of its values. */
  readonly subject: string;
}

/** Makes a table, and writes what SQLite needs to know of it. */
export function connectTable(
  { connection, name, make }: Module,
  count: number,
  cells: number,
  definition: number,
): number {
  refreshViews();
  const names = Array.from({ length: count }, (_, at) => String(argument(cells, at, false)));
  const checked = make(names);
  const first = checked.parameters.length;
  const positions = new Map(checked.columns.map((column, at) => [column, first + at]));
  const place = placeTextApart(declarationOf(checked));
  const table: Table = { ...checked, module: name, positions };
  const subject = `Virtual table module "${name}" yielded`;
  const at = definition >>> 2;
  words[at] = tables.add({ connection, thing: table, subject });
  words[at + 1] = Number(checked.directOnly);
  words[at + 2] = Number(checked.safeIntegers);
  words[at + 3] = place.pointer;
  words[at + 4] = place.length;
  return 0;
}

/** Begins to read a table. `given` has a bit for each parameter that is among the arguments. */
export function startScan(
  { connection, thing: table, subject }: Owned<Table>,
  given: number,
  cells: number,
): number {
  refreshViews();
  let next = 0;
  const parameters = table.parameters.map((_, at) =>
    given & (1 << at) ? argument(cells, next++, table.safeIntegers) : undefined,
  );
  return scans.add({ connection, thing: new TableScan(table, parameters), subject });
}

/** Goes to the next row; 0 when there is none. */
export function nextRow({ thing: scan }: Owned<TableScan>): number {
  return scan.next() ? 1 : 0;
}

/** Writes a value of the row into a cell. */
export function readColumn(
  { thing: scan, subject }: Owned<TableScan>,
  column: number,
  cell: number,
): number {
  encodeCell(cell, scan.values[column], subject);
  return 0;
}

/** Ends a scan before its last row. */
export function endScan({ thing: scan }: Owned<TableScan>): number {
  scan.end();
  return 0;
}

/** Registers a table or a module, see {@link Database.table}. */
export function defineTable(connection: Connection, name: unknown, factory: unknown): void {
  requireName(name, 'Virtual table module');
  connection.requireUsable();
  const eponymous = typeof factory === 'object' && factory !== null;
  let make: Module['make'];
  if (eponymous) {
    const table = checkTable(connection, name, 'used', factory);
    make = () => table;
  } else if (typeof factory === 'function') {
    make = (names) => made(connection, factory as TableFactory, names);
  } else {
    throw typeError(
      'Expected second argument to be a function or a table definition object',
      'INVALID_ARGUMENT',
    );
  }
  register(connection, name, (pointer, length) => {
    const id = modules.add({ connection, name, make });
    return createModule(connection.database, pointer, length, id, eponymous);
  });
}

function made(
  connection: Connection,
  factory: TableFactory,
  [module = '', database = '', table = '', ...args]: readonly string[],
): CheckedTable {
  const definition: unknown = Reflect.apply(factory, { module, database, table }, args);
  if (typeof definition !== 'object' || definition === null) {
    throw typeError(
      `Virtual table module "${module}" did not return a table definition object`,
      'INVALID_ARGUMENT',
    );
  }
  return checkTable(connection, module, 'returned', definition);
}
