import { CODES, type Code } from './codes.js';

/**
 * What SQLite or sharedwal reports.
 *
 * `code` is SQLite's extended result code by name, such as `SQLITE_BUSY` or
 * `SQLITE_CONSTRAINT_UNIQUE` (https://sqlite.org/rescode.html), or one of sharedwal's own, see
 * {@link CODES}. `message` is SQLite's own message, or says what was wrong and what to do.
 */
export class SqliteError extends Error {
  /** A name that does not change between versions. */
  readonly code: string;

  /**
   * @param message what was wrong
   * @param code SQLite's result code by name, or one of {@link CODES}
   * @param options `cause`, as every `Error` takes it
   */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    if (typeof code !== 'string') throw new TypeError('Expected second argument to be a string');
    this.code = code;
  }
}

// Not a static block, for which bundlers rename the class.
Object.defineProperty(SqliteError.prototype, 'name', {
  value: 'SqliteError',
  writable: true,
  configurable: true,
});

/** An error of sharedwal itself: what was wrong in this case, then what the code advises. */
export function ownError(code: Code, detail: string, options?: ErrorOptions): SqliteError {
  return new SqliteError(`${detail}. ${CODES[code]}`, code, options);
}

/** A `TypeError` with a stable code, where better-sqlite3 throws a bare one. */
export function typeError(message: string, code: Code): TypeError & { code: Code } {
  return Object.assign(new TypeError(message), { code });
}

/** A `RangeError` with a stable code, where better-sqlite3 throws a bare one. */
export function rangeError(message: string, code: Code): RangeError & { code: Code } {
  return Object.assign(new RangeError(message), { code });
}
