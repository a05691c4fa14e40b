// Parameters on their way into a statement, by better-sqlite3's rules: any mix of values, arrays
// of values (both for parameters without a name, in order) and one plain object (for those with).

import type { CompiledStatement } from './compiled_statement.js';
import * as engine from './engine.js';
import { rangeError, SqliteError, typeError } from './errors.js';
import { leave, type Place, placeBytes, placeText } from './memory.js';
import { resultCodeName, SQLITE_OK, SQLITE_RANGE, SQLITE_TOOBIG } from './result_codes.js';
import type { UserCode } from './user_code.js';
import type { BindableValue } from './values.js';

// From this size on a value is unbound after the execution; smaller ones wait for the next.
const MUCH_BYTES = 1024;

function unbindable(): TypeError {
  return typeError(
    'SQLite3 can only bind numbers, strings, bigints, buffers, and null',
    'INVALID_ARGUMENT',
  );
}

function tooMany(): RangeError {
  return rangeError('Too many parameter values were provided', 'INVALID_ARGUMENT');
}

function tooFew(): RangeError {
  return rangeError('Too few parameter values were provided', 'INVALID_ARGUMENT');
}

function tooBig(): RangeError {
  return rangeError('The bound string, buffer, or bigint is too big', 'INTEGER_OUT_OF_RANGE');
}

function isBindable(value: unknown): value is BindableValue {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'bigint':
      return true;
    case 'object':
      return value === null || ArrayBuffer.isView(value);
    default:
      return false;
  }
}

function fitsInto64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function requireBindable(value: unknown): BindableValue {
  if (!isBindable(value)) throw unbindable();
  if (typeof value === 'bigint' && !fitsInto64Bits(value)) throw tooBig();
  return value;
}

function bindPlaced(
  compiled: CompiledStatement,
  bind: typeof engine.bindText,
  index: number,
  place: Place,
): number {
  try {
    if (place.length > MUCH_BYTES) compiled.holdsMuch = true;
    return bind(compiled.handle, index, place.pointer, place.length);
  } finally {
    leave(place);
  }
}

function bindValue(compiled: CompiledStatement, index: number, value: unknown): void {
  let code: number;
  switch (typeof value) {
    case 'number':
      // Always as REAL, as better-sqlite3 does, so that 2147483647 and 2147483648 behave alike.
      // Columns with INTEGER affinity store whole numbers as INTEGER.
      code = engine.bindDouble(compiled.handle, index, value);
      break;
    case 'string':
      code = bindPlaced(compiled, engine.bindText, index, placeText(value));
      break;
    case 'bigint':
      if (!fitsInto64Bits(value)) throw tooBig();
      code = engine.bindInteger(compiled.handle, index, value);
      break;
    case 'object':
      if (value === null) {
        code = engine.bindNull(compiled.handle, index);
        break;
      }
      if (ArrayBuffer.isView(value)) {
        code = bindPlaced(compiled, engine.bindBlob, index, placeBytes(value));
        break;
      }
      throw unbindable();
    default:
      throw unbindable();
  }
  if (code !== SQLITE_OK) throw bindError(code);
}

function bindError(code: number): Error {
  switch (code) {
    case SQLITE_TOOBIG:
      return tooBig();
    case SQLITE_RANGE:
      return tooMany();
    default:
      return new SqliteError('A parameter could not be bound', resultCodeName(code));
  }
}

/**
 * Binds parameters as they were passed.
 *
 * @throws TypeError or RangeError `INVALID_ARGUMENT`, with better-sqlite3's messages; RangeError
 *   `INTEGER_OUT_OF_RANGE` for a bigint beyond 64 bits
 */
export function bindParameters(
  compiled: CompiledStatement,
  parameters: readonly unknown[],
  userCode: UserCode,
): void {
  try {
    if (!bindInOrder(compiled, parameters)) {
      bindValues(compiled, resolveParameters(compiled, parameters, userCode));
    }
  } catch (error) {
    compiled.forgetParameters();
    throw error;
  }
}

// The common case: nothing but values, for parameters without names.
function bindInOrder(compiled: CompiledStatement, parameters: readonly unknown[]): boolean {
  if (compiled.named.length > 0) return false;
  const count = parameters.length;
  for (let i = 0; i < count; i++) {
    const value = parameters[i];
    if (typeof value === 'object' && !isBindable(value)) return false;
    bindValue(compiled, i + 1, value);
  }
  if (count < compiled.parameterCount) throw tooFew();
  return true;
}

/** Binds one value for each parameter, as {@link resolveParameters} gave them. */
export function bindValues(compiled: CompiledStatement, values: readonly BindableValue[]): void {
  for (let i = 0; i < values.length; i++) bindValue(compiled, i + 1, values[i]);
}

/**
 * Finds the value for each parameter.
 *
 * @returns the values by the parameters' index, from 0
 * @throws TypeError or RangeError as {@link bindParameters}
 */
export function resolveParameters(
  compiled: CompiledStatement,
  parameters: readonly unknown[],
  userCode: UserCode,
): BindableValue[] {
  // An object may have getters, which must not use the connection: the statement could go meanwhile.
  userCode.running = true;
  try {
    return valuesOf(compiled, parameters);
  } finally {
    userCode.running = false;
  }
}

function valuesOf(compiled: CompiledStatement, parameters: readonly unknown[]): BindableValue[] {
  const { named, anonymous, parameterCount } = compiled;
  const values: BindableValue[] = new Array<BindableValue>(parameterCount).fill(null);
  let namesBound = false;
  let nextAnonymous = 0;

  const setNext = (value: unknown) => {
    const bindable = requireBindable(value);
    const index = anonymous[nextAnonymous++];
    if (index === undefined) throw tooMany();
    values[index - 1] = bindable;
  };

  for (const parameter of parameters) {
    if (Array.isArray(parameter)) {
      // Not forEach, which skips the holes of a sparse array.
      for (const value of parameter as unknown[]) setNext(value);
    } else if (isObject(parameter) && isPlain(parameter)) {
      if (namesBound) {
        throw typeError(
          'You cannot specify named parameters in two different objects',
          'INVALID_ARGUMENT',
        );
      }
      namesBound = true;
      for (const { name, index } of named) {
        if (!Object.hasOwn(parameter, name)) {
          throw rangeError(`Missing named parameter "${name}"`, 'INVALID_ARGUMENT');
        }
        values[index - 1] = requireBindable(parameter[name]);
      }
    } else if (isObject(parameter) && named.length > 0) {
      throw typeError(
        'Named parameters can only be passed within plain objects',
        'INVALID_ARGUMENT',
      );
    } else {
      setNext(parameter);
    }
  }

  if (nextAnonymous + (namesBound ? named.length : 0) < parameterCount) {
    if (!namesBound && named.length > 0) {
      throw typeError('Missing named parameters', 'INVALID_ARGUMENT');
    }
    throw tooFew();
  }
  return values;
}

/** Values that later changes of the caller's buffers do not reach. */
export function copyValues(values: readonly BindableValue[]): BindableValue[] {
  return values.map((value) => {
    if (value === null || typeof value !== 'object') return value;
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  });
}

// An object or a function that is not a value by itself.
function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'function' ||
    (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  // Object.prototype of another realm, such as a frame's.
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
  );
}
