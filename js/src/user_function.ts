import { callWith } from './callback_values.js';
import { encodeCell } from './cells.js';
import type { Connection } from './connection.js';
import { createFunction } from './engine.js';
import { typeError } from './errors.js';
import { refreshViews } from './memory.js';
import { functions } from './registered.js';
import {
  declaredLength,
  type FunctionOptions,
  register,
  requireName,
  resolveTraits,
} from './registration.js';
import type { BindableValue } from './values.js';

/**
 * A function for SQL. Its arguments are null, numbers, bigints (with `safeIntegers`), strings and
 * `Uint8Array`s. Undefined is returned as NULL.
 */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` or `never` would forbid parameters of a type
export type SqlFunction = (this: undefined, ...values: any[]) => BindableValue | undefined;

/** A function as SQLite's calls find it. */
export interface RegisteredFunction {
  readonly connection: Connection;
  readonly fn: SqlFunction;
  readonly safeIntegers: boolean;
  /** Begins the errors of its results. */
  readonly subject: string;
}

/** Calls a function, and writes what it returns into a cell. */
export function callFunction(
  { fn, safeIntegers, subject }: RegisteredFunction,
  count: number,
  cells: number,
  result: number,
): number {
  refreshViews();
  encodeCell(result, callWith(fn, count, cells, safeIntegers), subject);
  return 0;
}

/** Registers a function, see {@link Database.function}. */
export function defineFunction(
  connection: Connection,
  name: unknown,
  optionsOrFn: unknown,
  maybeFn: unknown,
): void {
  const isShort = typeof optionsOrFn === 'function';
  const fn = isShort ? optionsOrFn : maybeFn;
  const options = isShort ? {} : (optionsOrFn ?? {});
  if (typeof name !== 'string') {
    throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
  }
  if (typeof fn !== 'function') {
    throw typeError('Expected last argument to be a function', 'INVALID_ARGUMENT');
  }
  if (typeof options !== 'object') {
    throw typeError('Expected second argument to be an options object', 'INVALID_ARGUMENT');
  }
  requireName(name, 'User-defined function');
  const traits = resolveTraits(connection, name, options as FunctionOptions, () =>
    declaredLength(fn),
  );
  connection.requireUsable();
  const { safeIntegers } = traits;
  const subject = `User-defined function ${name}() returned`;
  register(connection, name, (pointer, length) => {
    const id = functions.add({ connection, fn: fn as SqlFunction, safeIntegers, subject });
    return createFunction(connection.database, pointer, length, id, traits);
  });
}
