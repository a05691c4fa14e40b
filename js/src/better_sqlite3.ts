/**
 * `sharedwal/better-sqlite3`: stands in for the package `better-sqlite3`, by an alias of the bundler or
 * by its own name. Databases are opened at once, by the names under which their runtimes are
 * registered.
 *
 * @example
 * ```ts
 * import Database, { init } from 'sharedwal/better-sqlite3';
 * await init({ runtimes: [runtime] }); // once in each context
 * const db = new Database('app');
 * ```
 *
 * @packageDocumentation
 */

import './default_wasm.js';

import type { AggregateOptions as OptionsOfAggregate } from './aggregate.js';
import type {
  BackupMetadata as BackupProgress,
  BackupOptions as OptionsOfBackup,
} from './backup.js';
import type { ColumnDefinition as Column } from './columns.js';
import { requireWasmSource, type WasmSource } from './compile_wasm.js';
import {
  Database as Connection,
  type PragmaOptions as OptionsOfPragma,
  type PreparedStatement,
} from './database.js';
import { ownError, SqliteError as SqliteErrorClass, typeError } from './errors.js';
import { type DatabaseSource, type OpenOptions, openNow } from './open.js';
import { requireKnownOptions } from './options.js';
import { requireNotPoisoned } from './poison.js';
import type { FunctionOptions } from './registration.js';
import type { Runtime } from './runtime.js';
import { requireRuntime } from './runtime_handle.js';
import type { SerializeOptions as OptionsOfSerialize } from './serialize.js';
import type { RunResult as Result } from './statement.js';
import type { AnyFunction, Transaction as TransactionFunction } from './transaction.js';
import { loadWasm } from './wasm.js';

export { SqliteError } from './errors.js';

/** Options of {@link init}. */
export interface InitOptions extends WasmSource {
  /**
   * The runtimes to be opened by `new Database(name)`: by their own names, or by those that an object
   * gives them, which may be paths (`{ './data/app.db': runtime }`). Default none.
   */
  runtimes?: readonly Runtime[] | Readonly<Record<string, Runtime>> | undefined;
}

const registered = new Map<string, Runtime>();

function isPrivateName(name: string): boolean {
  return name === '' || name === ':memory:';
}

function named(runtimes: NonNullable<InitOptions['runtimes']>): [string, Runtime][] {
  if (typeof runtimes !== 'object' || runtimes === null) {
    throw ownError(
      'INVALID_OPTION',
      '"runtimes" must be an array of runtimes, or an object of them',
    );
  }
  const entries = Array.isArray(runtimes)
    ? runtimes.map((runtime): [string, Runtime] => [runtime?.name, runtime])
    : Object.entries(runtimes).map(([name, runtime]): [string, Runtime] => [name.trim(), runtime]);
  const names = new Set<string>();
  for (const [name, runtime] of entries) {
    requireRuntime(runtime);
    if (isPrivateName(name)) {
      throw ownError(
        'INVALID_OPTION',
        `"runtimes" has one named "${name}", which is always private`,
      );
    }
    if (names.has(name)) {
      throw ownError(
        'INVALID_OPTION',
        `"runtimes" has two named "${name}"; pass an object of them`,
      );
    }
    names.add(name);
  }
  return entries;
}

/**
 * Loads the WebAssembly module and registers runtimes, in the context that calls it. Called again, it
 * registers more; of two with one name the later one counts.
 *
 * @throws SqliteError `WASM_LOAD_FAILED`, `POISONED`, `INVALID_RUNTIME`, `RUNTIME_VERSION`,
 *   `INVALID_OPTION`
 * @throws TypeError `INVALID_OPTION`
 */
export async function init(options: InitOptions = {}): Promise<void> {
  requireKnownOptions(options, ['runtimes', 'wasmUrl', 'wasmModule']);
  requireWasmSource(options);
  const entries = options.runtimes === undefined ? [] : named(options.runtimes);
  requireNotPoisoned();
  await loadWasm(options);
  for (const [name, runtime] of entries) registered.set(name, runtime);
}

function registeredRuntime(name: string): Runtime {
  const runtime = registered.get(name);
  if (runtime !== undefined) return runtime;
  const names = [...registered.keys()].map((known) => `"${known}"`).join(', ');
  const known = names === '' ? 'none is registered' : `registered are ${names}`;
  throw ownError('UNKNOWN_DATABASE', `There is no database "${name}"; ${known}`);
}

/** Options of `new Database()`, by its name `Database.Options`. */
interface OptionsOfDatabase
  extends Pick<OpenOptions, 'readonly' | 'fileMustExist' | 'timeout' | 'verbose'> {
  /** Not looked at: there is no native addon. */
  nativeBinding?: unknown;
}

/** What `new Database()` opens: a registered name, a runtime, or what is private. */
export type Source = string | DatabaseSource;

function resolveOptions(options: OptionsOfDatabase | null | undefined): OpenOptions {
  const given = options ?? {};
  if (typeof given !== 'object') {
    throw typeError('Expected second argument to be an options object', 'INVALID_OPTION');
  }
  if ('readOnly' in given) {
    const message = 'Misspelled option "readOnly" should be "readonly"';
    throw typeError(message, 'INVALID_OPTION');
  }
  if ('memory' in given) {
    const message = 'Option "memory" was removed in v7.0.0 (use ":memory:" filename instead)';
    throw typeError(message, 'INVALID_OPTION');
  }
  const { nativeBinding: _, ...rest } = given;
  requireKnownOptions(rest, ['readonly', 'fileMustExist', 'timeout', 'verbose']);
  return rest;
}

/** A connection, see {@link Connection}; `Database.Database` is its type. */
class NamedDatabase extends Connection {
  readonly #name: string;

  /** @internal */
  constructor(source: Source | null | undefined, options: OptionsOfDatabase | null | undefined) {
    const given = source ?? '';
    const resolved = resolveOptions(options);
    if (typeof given !== 'string') {
      if (typeof given !== 'object') {
        throw typeError('Expected first argument to be a string', 'INVALID_ARGUMENT');
      }
      super(openNow(given, resolved));
      this.#name = super.name;
      return;
    }
    const name = given.trim();
    super(openNow(isPrivateName(name) ? (name as '') : registeredRuntime(name), resolved));
    this.#name = given;
  }

  override get name(): string {
    return this.#name;
  }

  /**
   * As in 'sharedwal'; the destination can be the name of a registered runtime as well.
   *
   * @throws (rejects with) SqliteError `UNKNOWN_DATABASE`
   * @throws (rejects with) TypeError `INVALID_ARGUMENT`
   */
  override async backup(
    destination: Runtime | string,
    options?: OptionsOfBackup | null,
  ): Promise<BackupProgress> {
    if (typeof destination !== 'string') return super.backup(destination, options);
    const name = destination.trim();
    if (name === '') {
      throw typeError('Backup filename cannot be an empty string', 'INVALID_ARGUMENT');
    }
    if (name === ':memory:') {
      throw typeError('Invalid backup filename ":memory:"', 'INVALID_ARGUMENT');
    }
    return super.backup(registeredRuntime(name), options);
  }
}

/** As better-sqlite3 has it: to be called with `new`, or without. */
export interface DatabaseConstructor {
  /**
   * Opens a database at once.
   *
   * @param source the name of a registered runtime, or a runtime; or for a database of this context
   *   alone `':memory:'`, `''` (the default), or the bytes that it begins with
   * @throws SqliteError `NOT_INITIALIZED` before {@link init} has resolved, `UNKNOWN_DATABASE`, and as
   *   `open()` of 'sharedwal' does
   * @throws TypeError or RangeError `INVALID_OPTION`, `INVALID_ARGUMENT`
   */
  new (source?: Source | null, options?: OptionsOfDatabase | null): Database.Database;
  /** The same without `new`. */
  (source?: Source | null, options?: OptionsOfDatabase | null): Database.Database;
  /** What all connections have. */
  readonly prototype: Database.Database;
  /** The class of SQLite's errors. */
  readonly SqliteError: typeof SqliteErrorClass;
}

function construct(
  this: unknown,
  source?: Source | null,
  options?: OptionsOfDatabase | null,
): NamedDatabase {
  return Reflect.construct(NamedDatabase, [source, options], new.target ?? NamedDatabase);
}

/** A connection to a shared database, or to a private one. */
export const Database = construct as unknown as DatabaseConstructor;

Object.defineProperty(construct, 'name', { value: 'Database' });
Object.defineProperty(construct, 'prototype', { value: NamedDatabase.prototype });
Object.defineProperty(construct, 'SqliteError', { value: SqliteErrorClass });
Object.defineProperty(NamedDatabase.prototype, 'constructor', { value: construct });

/** The types under the names that `@types/better-sqlite3` gives them. */
export declare namespace Database {
  /** A connection. */
  type Database = NamedDatabase;
  /** What `prepare()` returns. */
  type Statement<
    BindParameters extends unknown[] | object = unknown[],
    Row = unknown,
  > = PreparedStatement<BindParameters, Row>;
  /** What `transaction()` returns. */
  type Transaction<F extends AnyFunction = AnyFunction> = TransactionFunction<F>;
  /** The class of errors. */
  type SqliteError = typeof SqliteErrorClass;
  /** How far a backup is, and what it resolves with. */
  type BackupMetadata = BackupProgress;
  /** Options of `backup()`. */
  type BackupOptions = OptionsOfBackup;
  /** What `columns()` tells of one. */
  type ColumnDefinition = Column;
  /** Options of `new Database()`. */
  type Options = OptionsOfDatabase;
  /** Options of `pragma()`. */
  type PragmaOptions = OptionsOfPragma;
  /** Options of `function()`. */
  type RegistrationOptions = FunctionOptions;
  /** Options of `aggregate()`. */
  type AggregateOptions<T = unknown> = OptionsOfAggregate<T>;
  /** What `run()` returns. */
  type RunResult = Result;
  /** Options of `serialize()`. */
  type SerializeOptions = OptionsOfSerialize;
}

/** The type of connections, as {@link Database.Database}. */
export type Database = NamedDatabase;

// Where types are imported by name.
/** How far a backup is, and what it resolves with. */
export type BackupMetadata = Database.BackupMetadata;
/** Options of `backup()`. */
export type BackupOptions = Database.BackupOptions;
/** What `columns()` tells of one. */
export type ColumnDefinition = Database.ColumnDefinition;
/** Options of `new Database()`. */
export type Options = Database.Options;
/** Options of `pragma()`. */
export type PragmaOptions = Database.PragmaOptions;
/** Options of `function()`. */
export type RegistrationOptions = Database.RegistrationOptions;
/** Options of `aggregate()`. */
export type AggregateOptions<T = unknown> = Database.AggregateOptions<T>;
/** What `run()` returns. */
export type RunResult = Database.RunResult;
/** Options of `serialize()`. */
export type SerializeOptions = Database.SerializeOptions;
/** What `prepare()` returns. */
export type Statement<
  BindParameters extends unknown[] | object = unknown[],
  Row = unknown,
> = Database.Statement<BindParameters, Row>;
/** What `transaction()` returns. */
export type Transaction<F extends AnyFunction = AnyFunction> = Database.Transaction<F>;

export default Database;
