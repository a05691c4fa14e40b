// Parameters on their way to a worker.

import { typeError } from '../errors.js';
import type { BindableValue } from '../values.js';
import type { Parameters, StatementMessage } from './protocol.js';

/** Buffers from this size on are handed over; below, a copy costs less. */
const LARGE_BYTES = 65_536;

/** A statement that can be posted. */
export interface PackedStatement {
  readonly statement: StatementMessage;
  /** Buffers of its own, which a call that is made once may hand over. */
  readonly transfer: ArrayBuffer[];
}

// As they are now: the call may have to wait, and what the caller does with them meanwhile is not
// meant for it. And of a view its own bytes alone, where a clone would take the whole buffer along.
function pack(value: unknown, transfer: ArrayBuffer[]): BindableValue {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'bigint':
      return value;
    case 'object':
      if (value === null) return null;
      if (ArrayBuffer.isView(value)) {
        const copy = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
        if (copy.byteLength >= LARGE_BYTES) transfer.push(copy.buffer as ArrayBuffer);
        return copy;
      }
  }
  throw typeError(
    'SQLite3 can only bind numbers, strings, bigints, buffers, and null',
    'INVALID_ARGUMENT',
  );
}

/**
 * A statement as it is posted.
 *
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function packStatement(sql: unknown, params: Parameters = []): PackedStatement {
  if (typeof sql !== 'string') {
    throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
  }
  if (typeof params !== 'object' || params === null || ArrayBuffer.isView(params)) {
    throw typeError(
      'Expected the parameters to be an array of values, or an object of values by name',
      'INVALID_ARGUMENT',
    );
  }
  const transfer: ArrayBuffer[] = [];
  const packed = Array.isArray(params)
    ? Array.from(params as readonly unknown[], (value) => pack(value, transfer))
    : Object.fromEntries(
        Object.entries(params).map(([name, value]) => [name, pack(value, transfer)]),
      );
  return { statement: { sql, params: packed }, transfer };
}
