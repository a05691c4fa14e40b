// Executing statements. These calls are made for every row or parameter, so they do without a closure
// for what `answer()` does elsewhere.

import { instance, isPoisoned, poisonedError } from '../poison.js';
import * as wasm from '../wasm/sharedwal_js.js';

/** Binds NULL. Returns a result code, as all `bind…` do. */
export function bindNull(statement: number, index: number): number {
  try {
    return wasm.bind_null(statement, index);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a REAL. */
export function bindDouble(statement: number, index: number, value: number): number {
  try {
    return wasm.bind_double(statement, index, value);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds an INTEGER. The value must fit into 64 bits. */
export function bindInteger(statement: number, index: number, value: bigint): number {
  try {
    return wasm.bind_i64(statement, index, value);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a copy of UTF-8 text. */
export function bindText(statement: number, index: number, pointer: number, bytes: number): number {
  try {
    return wasm.bind_text(statement, index, pointer, bytes);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a copy of a BLOB. */
export function bindBlob(statement: number, index: number, pointer: number, bytes: number): number {
  try {
    return wasm.bind_blob(statement, index, pointer, bytes);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/**
 * Reads the next rows into the batch: up to `maxRows`, fewer where their text and BLOBs take more
 * than `maxBytes`.
 *
 * @param once ends the execution after this batch
 * @returns `SQLITE_ROW` when there may be more, `SQLITE_DONE` at the end, else an error code. The
 *   statement has been reset in all cases but the first.
 */
export function fetch(
  statement: number,
  maxRows: number,
  maxBytes: number,
  once: boolean,
  safeIntegers: boolean,
): number {
  try {
    return wasm.fetch_rows(statement, maxRows, maxBytes, once, safeIntegers);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Address of the words that describe the last batch; the same for the life of the instance. */
export function batchAddress(): number {
  try {
    return wasm.batch();
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Ends a statement's execution and forgets its parameters. */
export function reset(statement: number): void {
  if (isPoisoned()) return;
  try {
    wasm.reset(statement);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}
