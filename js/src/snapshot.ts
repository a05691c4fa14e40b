import { tagOf } from './bytes.js';
import type { Connection } from './connection.js';
import type { Database } from './database.js';
import { openSnapshot, takeSnapshot } from './engine.js';
import { ownError } from './errors.js';
import { wrapInTransaction } from './transaction.js';

/**
 * A state of a database, from {@link Database.snapshot}. A plain object for `postMessage`, so that
 * other workers of the page can read at it with {@link Database.readAt}.
 */
export interface Snapshot {
  /** Which state of which runtime; opaque. */
  readonly snapshot: Uint8Array<ArrayBuffer>;
}

/** The state that the open transaction reads. */
export function snapshotOf(connection: Connection): Snapshot {
  return { snapshot: takeSnapshot(connection.database) };
}

function bytesOf(value: unknown): Uint8Array {
  const bytes = (value as Partial<Snapshot> | null | undefined)?.snapshot;
  if (tagOf(bytes) !== 'Uint8Array') {
    throw ownError('INVALID_SNAPSHOT', 'The argument is not what db.snapshot() returns');
  }
  return bytes as Uint8Array;
}

/** Calls a function inside of a read transaction at a snapshot. */
export function readAtSnapshot<T>(
  database: Database,
  connection: Connection,
  snapshot: unknown,
  fn: () => T,
): T {
  const bytes = bytesOf(snapshot);
  if (database.inTransaction) {
    throw ownError('IN_TRANSACTION', 'A snapshot cannot be read at inside of a transaction');
  }
  // An iterator that is not at its end reads another state.
  connection.cursors.beforeExecution(true);
  const read = wrapInTransaction(database, () => {
    openSnapshot(connection.database, bytes);
    return fn();
  });
  return read.deferred() as T;
}
