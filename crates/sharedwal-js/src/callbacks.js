// What SQLite calls of the user's: each import forwards to what `js/src` has installed. All arguments
// and results are numbers; nothing is thrown through the instance, unless it is poisoned.

let callbacks;

export function install_callbacks(them) {
  callbacks = them;
}

export function call_function(id, count, cells, result) {
  return callbacks.callFunction(id, count, cells, result);
}

export function step_aggregate(id, total, count, cells) {
  return callbacks.stepAggregate(id, total, count, cells);
}

export function invert_aggregate(id, total, count, cells) {
  return callbacks.invertAggregate(id, total, count, cells);
}

export function aggregate_result(id, total, is_final, result) {
  return callbacks.aggregateResult(id, total, is_final, result);
}

export function release_total(id, total) {
  callbacks.releaseTotal(id, total);
}

export function release_function(id) {
  callbacks.releaseFunction(id);
}

export function release_aggregate(id) {
  callbacks.releaseAggregate(id);
}

export function connect_table(module, count, cells, definition) {
  return callbacks.connectTable(module, count, cells, definition);
}

export function release_table(table) {
  callbacks.releaseTable(table);
}

export function release_module(module) {
  callbacks.releaseModule(module);
}

export function start_scan(table, given, cells) {
  return callbacks.startScan(table, given, cells);
}

export function next_row(scan) {
  return callbacks.nextRow(scan);
}

export function read_column(scan, column, result) {
  return callbacks.readColumn(scan, column, result);
}

export function end_scan(scan) {
  return callbacks.endScan(scan);
}
