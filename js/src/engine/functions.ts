// Functions, aggregates and virtual tables of the user's: SQLite is told of them.

import * as wasm from '../wasm/sharedwal_js.js';
import { answer } from './boundary.js';

/** What SQLite is told of a function. */
interface FunctionTraits {
  /** -1 for any number. */
  readonly argumentCount: number;
  readonly safeIntegers: boolean;
  readonly deterministic: boolean;
  readonly directOnly: boolean;
}

/** Gives SQL a function, whose name is at an address. Returns a result code, as all `create…` do. */
export function createFunction(
  database: number,
  name: number,
  bytes: number,
  id: number,
  { argumentCount, safeIntegers, deterministic, directOnly }: FunctionTraits,
): number {
  const traits = [argumentCount, safeIntegers, deterministic, directOnly] as const;
  return answer(() => wasm.create_function(database, name, bytes, id, ...traits));
}

/** Gives SQL an aggregate, which is a window function too if it can take rows out again. */
export function createAggregate(
  database: number,
  name: number,
  bytes: number,
  id: number,
  { argumentCount, safeIntegers, deterministic, directOnly }: FunctionTraits,
  canInvert: boolean,
): number {
  const traits = [argumentCount, safeIntegers, deterministic, directOnly] as const;
  return answer(() => wasm.create_aggregate(database, name, bytes, id, ...traits, canInvert));
}

/** Gives SQL a module of virtual tables; an eponymous one is a table by itself. */
export function createModule(
  database: number,
  name: number,
  bytes: number,
  id: number,
  eponymous: boolean,
): number {
  return answer(() => wasm.create_module(database, name, bytes, id, eponymous));
}
