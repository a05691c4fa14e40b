// What functions and aggregates have in common when they are registered.

import type { Connection } from './connection.js';
import * as engine from './engine.js';
import { rangeError, SqliteError, typeError } from './errors.js';
import { leave, placeTextApart } from './memory.js';
import { booleanOption } from './options.js';
import { resultCodeName, SQLITE_OK } from './result_codes.js';

/** Options of {@link Database.function} and {@link Database.aggregate}. */
export interface FunctionOptions {
  /** Takes any number of arguments. Default false: as many as the JavaScript function declares. */
  varargs?: boolean | undefined;
  /**
   * Promises that the same arguments always give the same result, so that SQLite may call it less
   * often, and in the expressions of indexes. Default false.
   */
  deterministic?: boolean | undefined;
  /** Gives it integers as bigints. Default: what {@link Database.defaultSafeIntegers} says now. */
  safeIntegers?: boolean | undefined;
  /** Refuses to be used in triggers, views, and by the schema in other ways. Default false. */
  directOnly?: boolean | undefined;
}

/** What SQLite wants to know of a function. */
export interface Traits {
  readonly name: string;
  /** -1 for any number. */
  readonly argumentCount: number;
  readonly safeIntegers: boolean;
  readonly deterministic: boolean;
  readonly directOnly: boolean;
}

const MAX_ARGUMENTS = 100;

/**
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function requireName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string') {
    throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
  }
  if (name === '') throw typeError(`${what} name cannot be an empty string`, 'INVALID_ARGUMENT');
}

/** How many parameters a function declares. */
export function declaredLength({ length }: { readonly length: unknown }): number {
  if (Number.isInteger(length) && (length as number) >= 0) return length as number;
  throw typeError('Expected function.length to be a positive integer', 'INVALID_ARGUMENT');
}

/**
 * @param declared how many arguments it takes without `varargs`
 * @throws TypeError or RangeError `INVALID_ARGUMENT`
 */
export function resolveTraits(
  connection: Connection,
  name: string,
  options: FunctionOptions,
  declared: () => number,
): Traits {
  const safeIntegers =
    options.safeIntegers === undefined
      ? connection.safeIntegers
      : booleanOption(options, 'safeIntegers', 'INVALID_ARGUMENT');
  const deterministic = booleanOption(options, 'deterministic', 'INVALID_ARGUMENT');
  const directOnly = booleanOption(options, 'directOnly', 'INVALID_ARGUMENT');
  const varargs = booleanOption(options, 'varargs', 'INVALID_ARGUMENT');
  const argumentCount = varargs ? -1 : declared();
  if (argumentCount > MAX_ARGUMENTS) {
    throw rangeError(
      'User-defined functions cannot have more than 100 arguments',
      'INVALID_ARGUMENT',
    );
  }
  return { name, argumentCount, safeIntegers, deterministic, directOnly };
}

/**
 * Has the engine take something in under a name.
 *
 * @param register gets where the name is; a result code
 * @throws SqliteError when SQLite refuses it, for example for a name of more than 255 bytes
 */
export function register(
  connection: Connection,
  name: string,
  register: (pointer: number, length: number) => number,
): void {
  // SQLite replaces no function that a statement in its middle may call.
  connection.cursors.beforeExecution(true);
  const place = placeTextApart(name);
  let code: number;
  try {
    code = register(place.pointer, place.length);
  } finally {
    leave(place);
  }
  connection.schemaChanged();
  if (code === SQLITE_OK) return;
  if (code === engine.errorCode(connection.database)) throw connection.failure();
  throw new SqliteError(`SQLite refuses to register "${name}"`, resultCodeName(code));
}
