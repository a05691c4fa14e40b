// What SQLite calls in the middle of a statement. Every method runs the user's code by
// `UserCode.run`, which throws nothing through the instance.

import { giveResult, invert, step } from './aggregate.js';
import { aggregates, functions, modules, scans, tables } from './registered.js';
import { FAILED } from './user_code.js';
import { callFunction } from './user_function.js';
import { connectTable, endScan, nextRow, readColumn, startScan } from './virtual_table.js';

type Step = typeof step;

function changeTotal(id: number, change: Step, total: number, count: number, cells: number) {
  const aggregate = aggregates.get(id);
  const answer = aggregate.connection.userCode.run(aggregate, change, total, count, cells);
  if (answer === FAILED) releaseTotal(id, total);
  return answer;
}

function releaseTotal(id: number, total: number): void {
  if (total !== 0) aggregates.get(id).totals.remove(total);
}

/** As `crates/sharedwal-js/src/callbacks.rs` describes them. */
export const callbacks = {
  callFunction(id: number, count: number, cells: number, result: number): number {
    const fn = functions.get(id);
    return fn.connection.userCode.run(fn, callFunction, count, cells, result);
  },

  stepAggregate(id: number, total: number, count: number, cells: number): number {
    return changeTotal(id, step, total, count, cells);
  },

  invertAggregate(id: number, total: number, count: number, cells: number): number {
    return changeTotal(id, invert, total, count, cells);
  },

  aggregateResult(id: number, total: number, isFinal: number, result: number): number {
    return changeTotal(id, giveResult, total, isFinal, result);
  },

  releaseTotal,

  releaseFunction(id: number): void {
    functions.remove(id);
  },

  releaseAggregate(id: number): void {
    aggregates.remove(id);
  },

  connectTable(id: number, count: number, cells: number, definition: number): number {
    const module = modules.get(id);
    return module.connection.userCode.run(module, connectTable, count, cells, definition);
  },

  releaseTable(id: number): void {
    tables.remove(id);
  },

  releaseModule(id: number): void {
    modules.remove(id);
  },

  startScan(id: number, given: number, cells: number): number {
    const table = tables.get(id);
    return table.connection.userCode.run(table, startScan, given, cells, 0);
  },

  nextRow(id: number): number {
    const scan = scans.get(id);
    const answer = scan.connection.userCode.run(scan, nextRow, 0, 0, 0);
    if (answer !== 1) scans.remove(id);
    return answer;
  },

  readColumn(id: number, column: number, result: number): number {
    const scan = scans.get(id);
    return scan.connection.userCode.run(scan, readColumn, column, result, 0);
  },

  endScan(id: number): number {
    const scan = scans.get(id);
    scans.remove(id);
    return scan.connection.userCode.run(scan, endScan, 0, 0, 0);
  },

  /** The instance has crashed: nothing calls it any more. */
  forget(): void {
    for (const slots of [functions, aggregates, modules, tables, scans]) slots.clear();
  },
};
