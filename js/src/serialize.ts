import type { Connection } from './connection.js';
import { serialize } from './engine.js';
import { typeError } from './errors.js';

/** Options of `Database.serialize`. */
export interface SerializeOptions {
  /** Which of the connection's databases: `main`, `temp`, or a name given by `ATTACH`. Default `main`. */
  attached?: string | undefined;
}

/**
 * Which of a connection's databases an option names.
 *
 * @throws TypeError `INVALID_OPTION`, with the messages of better-sqlite3
 */
export function resolveAttached({ attached = 'main' }: { attached?: unknown }): string {
  if (typeof attached !== 'string') {
    throw typeError('Expected the "attached" option to be a string', 'INVALID_OPTION');
  }
  if (attached === '') {
    throw typeError('The "attached" option cannot be an empty string', 'INVALID_OPTION');
  }
  return attached;
}

/** One of the connection's databases as bytes. */
export function serializeDatabase(
  connection: Connection,
  options: SerializeOptions | null | undefined,
): Uint8Array<ArrayBuffer> {
  const given = options ?? {};
  if (typeof given !== 'object') {
    throw typeError('Expected first argument to be an options object', 'INVALID_OPTION');
  }
  const attached = resolveAttached(given);
  connection.requireUsable();
  // Or it would be the database as the oldest iterator sees it that is not at its end.
  connection.cursors.beforeExecution(true);
  return serialize(connection.database, attached);
}
