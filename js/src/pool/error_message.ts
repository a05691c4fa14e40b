// Errors on their way through postMessage, which would leave them their message alone.

import { SqliteError } from '../errors.js';

/** An error as it is posted. */
export interface ErrorMessage {
  readonly type: 'SqliteError' | 'TypeError' | 'RangeError' | 'Error';
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

function typeOf(error: Error): ErrorMessage['type'] {
  if (error instanceof SqliteError) return 'SqliteError';
  if (error instanceof TypeError) return 'TypeError';
  return error instanceof RangeError ? 'RangeError' : 'Error';
}

/** What is posted of something that was thrown. */
export function describe(thrown: unknown): ErrorMessage {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code } = error as { code?: unknown };
  return {
    type: typeOf(error),
    message: error.message,
    code: typeof code === 'string' ? code : undefined,
    stack: error.stack,
  };
}

function errorOf({ type, message, code }: ErrorMessage): Error {
  if (type === 'SqliteError') return new SqliteError(message, code ?? 'SQLITE_ERROR');
  const error = new { TypeError, RangeError, Error }[type](message);
  return code === undefined ? error : Object.assign(error, { code });
}

/** The error again, with the stack that it had in the worker. */
export function revive(described: ErrorMessage): Error {
  const error = errorOf(described);
  if (described.stack !== undefined) error.stack = described.stack;
  return error;
}

/** The code of an error; undefined if it has none. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}
