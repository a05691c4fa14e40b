// Rows on their way from a worker: the names once, and all values in one list.

import { defineColumn } from '../column_property.js';
import type { SqlValue } from '../values.js';
import type { RowsMessage } from './protocol.js';

/** Blobs from this size on are handed over; below, a copy costs less. */
const LARGE_BYTES = 65_536;
/** How much of a blob is looked at to tell rows apart at first glance. */
const KEY_BYTES = 32;

/** Collects rows to be posted. */
export class RowsToPost {
  readonly values: SqlValue[] = [];
  rows = 0;
  /** About how many bytes the texts and blobs have. */
  bytes = 0;

  add(row: readonly SqlValue[]): void {
    this.rows++;
    for (const value of row) {
      this.values.push(value);
      if (typeof value === 'string') this.bytes += value.length;
      else if (value instanceof Uint8Array) this.bytes += value.byteLength;
    }
  }

  message(columns: readonly string[]): RowsMessage {
    return { columns, values: this.values, rows: this.rows };
  }
}

/** The buffers of large blobs, which nobody else has. */
export function largeBuffers({ values }: RowsMessage): ArrayBuffer[] {
  const large: ArrayBuffer[] = [];
  for (const value of values) {
    if (value instanceof Uint8Array && value.byteLength >= LARGE_BYTES) large.push(value.buffer);
  }
  return large;
}

/** The rows as objects, as `Statement.all()` has them. */
export function rowObjects<Row>({ values, rows }: RowsMessage, columns: readonly string[]): Row[] {
  const objects = new Array<Row>(rows);
  const safe = !columns.includes('__proto__');
  for (let row = 0, at = 0; row < rows; row++, at += columns.length) {
    const object: Record<string, SqlValue> = {};
    for (let i = 0; i < columns.length; i++) {
      const [name, value] = [columns[i] as string, values[at + i] as SqlValue];
      if (safe) object[name] = value;
      else defineColumn(object, name, value);
    }
    objects[row] = object as Row;
  }
  return objects;
}

function sameValue(a: SqlValue | undefined, b: SqlValue | undefined): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return Object.is(a, b);
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Whether rows of two results with the same columns are the same. */
export function sameRow(a: RowsMessage, rowOfA: number, b: RowsMessage, rowOfB: number): boolean {
  const { length } = a.columns;
  for (let i = 0; i < length; i++) {
    if (!sameValue(a.values[rowOfA * length + i], b.values[rowOfB * length + i])) return false;
  }
  return true;
}

/** What rows that are the same have in common, and others mostly not. */
export function rowKey({ columns, values }: RowsMessage, row: number): string {
  const { length } = columns;
  let key = '';
  for (const value of values.slice(row * length, (row + 1) * length)) {
    key += `${value instanceof Uint8Array ? value.subarray(0, KEY_BYTES) : value}|`;
  }
  return key;
}
