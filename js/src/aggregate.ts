import { callAfter } from './callback_values.js';
import { encodeCell } from './cells.js';
import type { Connection } from './connection.js';
import { createAggregate } from './engine.js';
import { typeError } from './errors.js';
import { refreshViews } from './memory.js';
import { aggregates } from './registered.js';
import {
  declaredLength,
  type FunctionOptions,
  register,
  requireName,
  resolveTraits,
} from './registration.js';
import { Slots } from './slots.js';
import type { BindableValue } from './values.js';

/** Takes a row in or out; the new total, undefined where the old one was changed itself. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` or `never` would forbid parameters of a type
// biome-ignore lint/suspicious/noConfusingVoidType: what changes the total itself returns nothing
export type AggregateStep<Total> = (total: Total, ...values: any[]) => Total | undefined | void;

/** An aggregate, see {@link Database.aggregate}. */
export interface AggregateOptions<Total> extends FunctionOptions {
  /** The total of no rows, or a function that makes it for each group. Default null. */
  start?: Total | (() => Total) | undefined;
  /** Takes a row into the total. */
  step: AggregateStep<Total>;
  /** Takes a row out of the total, which lets the aggregate be a window function. */
  inverse?: AggregateStep<Total> | undefined;
  /** What the total comes to. Default: the total itself. */
  result?: ((total: Total) => BindableValue | undefined) | undefined;
}

/** An aggregate as SQLite's calls find it. */
export interface RegisteredAggregate {
  readonly connection: Connection;
  readonly start: unknown;
  readonly step: AggregateStep<unknown>;
  readonly inverse: AggregateStep<unknown> | null;
  readonly result: ((total: unknown) => unknown) | null;
  readonly safeIntegers: boolean;
  readonly subject: string;
  /** Of the groups and windows that SQLite is in the middle of. */
  readonly totals: Slots<unknown>;
}

function begun({ start, totals }: RegisteredAggregate, total: number): unknown {
  if (total !== 0) return totals.get(total);
  return typeof start === 'function' ? start() : start;
}

/** A total's number, which a new one gets. */
function kept({ totals }: RegisteredAggregate, total: number, value: unknown): number {
  if (total === 0) return totals.add(value);
  totals.set(total, value);
  return total;
}

/** Takes a row into a total. */
export function step(aggregate: RegisteredAggregate, total: number, count: number, cells: number) {
  return take(aggregate, aggregate.step, total, count, cells);
}

/** Takes a row out of a total. */
export function invert(
  aggregate: RegisteredAggregate,
  total: number,
  count: number,
  cells: number,
): number {
  return take(aggregate, aggregate.inverse ?? aggregate.step, total, count, cells);
}

function take(
  aggregate: RegisteredAggregate,
  fn: AggregateStep<unknown>,
  total: number,
  count: number,
  cells: number,
): number {
  const before = begun(aggregate, total);
  refreshViews();
  const after = callAfter(fn, before, count, cells, aggregate.safeIntegers);
  return kept(aggregate, total, after === undefined ? before : after);
}

/** Writes what a total comes to into a cell. */
export function giveResult(
  aggregate: RegisteredAggregate,
  total: number,
  isFinal: number,
  cell: number,
): number {
  const { result, subject, totals } = aggregate;
  const value = begun(aggregate, total);
  encodeCell(cell, result === null ? value : result(value), subject);
  if (isFinal === 0) return kept(aggregate, total, value);
  if (total !== 0) totals.remove(total);
  return 0;
}

/** Registers an aggregate, see {@link Database.aggregate}. */
export function defineAggregate(connection: Connection, name: unknown, options: unknown): void {
  if (typeof name !== 'string') {
    throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
  }
  if (typeof options !== 'object' || options === null) {
    throw typeError('Expected second argument to be an options object', 'INVALID_ARGUMENT');
  }
  requireName(name, 'User-defined function');
  const start = 'start' in options ? options.start : null;
  const step = functionOption(options, 'step');
  if (step === null) throw typeError('Missing required option "step"', 'INVALID_ARGUMENT');
  const inverse = functionOption(options, 'inverse');
  const result = functionOption(options, 'result');
  const traits = resolveTraits(connection, name, options, () => {
    const declared = Math.max(declaredLength(step), inverse === null ? 0 : declaredLength(inverse));
    return Math.max(0, declared - 1);
  });
  connection.requireUsable();
  const { safeIntegers } = traits;
  const subject = `User-defined function ${name}() returned`;
  const totals = new Slots<unknown>();
  register(connection, name, (pointer, length) => {
    const parts = { start, step, inverse, result } as const;
    const id = aggregates.add({ connection, ...parts, safeIntegers, subject, totals });
    return createAggregate(connection.database, pointer, length, id, traits, inverse !== null);
  });
}

// biome-ignore lint/suspicious/noExplicitAny: a function of the user's
function functionOption(options: object, key: string): ((...values: any[]) => any) | null {
  const value: unknown = (options as Record<string, unknown>)[key];
  if (value === undefined || value === null) return null;
  if (typeof value === 'function') return value as ReturnType<typeof functionOption>;
  throw typeError(`Expected the "${key}" option to be a function`, 'INVALID_ARGUMENT');
}
