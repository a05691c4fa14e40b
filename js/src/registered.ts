// What users have registered with their connections of this context, by the numbers that the
// instance knows it by. SQLite says when it forgets something, at the latest when the connection is
// closed; after a crash of the instance nobody says it, and all is forgotten at once.

import type { RegisteredAggregate } from './aggregate.js';
import { Slots } from './slots.js';
import type { Table, TableScan } from './table_scan.js';
import type { RegisteredFunction } from './user_function.js';
import type { Module, Owned } from './virtual_table.js';

export const functions = new Slots<RegisteredFunction>();
export const aggregates = new Slots<RegisteredAggregate>();
/** Modules of virtual tables. */
export const modules = new Slots<Module>();
/** Tables that SQLite has made of modules. */
export const tables = new Slots<Owned<Table>>();
/** Scans of tables that are not at their end. */
export const scans = new Slots<Owned<TableScan>>();
