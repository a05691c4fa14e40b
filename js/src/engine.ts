// The one boundary to the WebAssembly instance. Whatever a synchronous call throws has unwound
// wasm frames without cleaning up (a trap, an exhausted stack, an exception of an import), so it
// poisons the instance. After that nothing is given back to it: those calls do nothing.

import { abortable } from './abort.js';
import { SqliteError } from './errors.js';
import { WORD } from './layout.js';
import { instance, isPoisoned, poisonedError, requireNotPoisoned } from './poison.js';
import { resultCodeName } from './result_codes.js';
import type { Runtime } from './runtime.js';
import { askToReap } from './signals.js';
import initialize, * as wasm from './wasm/sharedwal_js.js';

/** The control blocks of the connections that are open here. */
const controls = new Map<number, SharedArrayBuffer>();
/** What SQLite calls in the middle of a statement. */
let callbacks: Callbacks | undefined;
/** That of the connection that is being opened. */
let opening: SharedArrayBuffer | undefined;

instance.abandon = () => {
  callbacks?.forget();
  wasm.abandon();
  const all = new Set(controls.values());
  if (opening !== undefined) all.add(opening);
  for (const control of all) askToReap(new Int32Array(control));
  controls.clear();
};

/** Functions of the user's, as the instance calls them. */
interface Callbacks {
  /** The instance calls nothing any more. */
  forget(): void;
}

/** Starts the module. */
export async function instantiate(
  module: WebAssembly.Module,
  called: Callbacks,
): Promise<WebAssembly.Memory> {
  const output = await initialize({ module_or_path: module });
  callbacks = called;
  wasm.install_callbacks(called);
  wasm.on_crash((cause: unknown) => {
    instance.crash ??= { cause };
    poisonedError(instance.crash);
  });
  return output.memory;
}

/** What {@link connect} needs to know. */
export interface ConnectOptions {
  readonly: boolean;
  fileMustExist: boolean;
  timeoutMs: number;
  journalMode: string;
}

/** What a call made of a slot that was kept for it, or why it refused. */
type Use = (reservation: number, lease: unknown) => unknown;

/** A slot that is kept for a connection. */
interface Slot {
  reservation: number;
  lease: unknown;
}

/**
 * Keeps a slot, and waits for the Web Lock that goes with it. What waits is not the instance: a trap
 * in a function that is asynchronous there would never be heard of.
 */
async function keepSlot(runtime: Runtime, signal: AbortSignal | undefined): Promise<Slot> {
  const kept = answer(() => wasm.reserve(runtime));
  const { reservation, lease } = kept as { reservation?: number; lease?: Promise<unknown> };
  if (reservation === undefined || lease === undefined) throw refusal(kept);
  try {
    await abortable(signal, lease);
  } catch (reason) {
    void lease.then((held) => forgo({ reservation, lease: held }));
    throw reason;
  }
  return { reservation, lease: await lease };
}

function forgo({ reservation, lease }: Slot): void {
  if (!isPoisoned()) answer(() => wasm.forgo(reservation, lease));
}

/** Keeps a slot, and has it used. */
async function withReservation(
  runtime: Runtime,
  signal: AbortSignal | undefined,
  use: Use,
): Promise<unknown> {
  const { reservation, lease } = await keepSlot(runtime, signal);
  requireNotPoisoned();
  opening = runtime.control;
  const made = answer(() => use(reservation, lease));
  opening = undefined;
  return made;
}

/** What a call answers. */
function answer<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/**
 * Opens a connection.
 *
 * @returns its number, for all calls that take a `database`
 */
export async function connect(
  runtime: Runtime,
  { readonly, fileMustExist, timeoutMs, journalMode }: ConnectOptions,
  signal: AbortSignal | undefined,
): Promise<number> {
  const database = await withReservation(runtime, signal, (reservation, lease) =>
    wasm.connect(reservation, lease, readonly, fileMustExist, timeoutMs, journalMode),
  );
  if (typeof database !== 'number') throw refusal(database);
  controls.set(database, runtime.control);
  return database;
}

/** As {@link connect}, at once: the proof that this context lives follows when its event loop runs. */
export function connectNow(
  runtime: Runtime,
  { readonly, fileMustExist, timeoutMs, journalMode }: ConnectOptions,
): number {
  opening = runtime.control;
  const database = answer(() =>
    wasm.connect_now(runtime, readonly, fileMustExist, timeoutMs, journalMode),
  );
  opening = undefined;
  if (typeof database !== 'number') throw refusal(database);
  controls.set(database, runtime.control);
  return database;
}

/** Opens a database of this context alone, over a copy of the bytes if there are any. */
export function connectPrivate(image: Uint8Array | undefined, readonly: boolean): number {
  const database = answer(() => wasm.connect_private(image, readonly));
  if (typeof database !== 'number') throw refusal(database);
  return database;
}

/** One of a connection's databases as bytes. */
export function serialize(database: number, schema: string): Uint8Array<ArrayBuffer> {
  const image: unknown = answer(() => wasm.serialize(database, schema));
  if (image instanceof Uint8Array) return image as Uint8Array<ArrayBuffer>;
  throw refusal(image);
}

/** Begins to copy a database of one connection over the main one of another; 0 for an error there. */
export function backupBegin(source: number, schema: string, target: number): number {
  return answer(() => wasm.backup_begin(source, schema, target));
}

/** Copies some pages of a backup. Returns a result code. */
export function backupStep(backup: number, source: number, target: number, pages: number): number {
  return answer(() => wasm.backup_step(backup, source, target, pages));
}

/** Pages of a backup as of its last step: in all, and those still to be copied. */
export function backupPages(backup: number): { total: number; remaining: number } {
  return answer(() => ({
    total: wasm.backup_page_count(backup),
    remaining: wasm.backup_remaining(backup),
  }));
}

/** Ends a backup, before its connections are closed. */
export function backupFinish(backup: number): void {
  if (!isPoisoned()) answer(() => wasm.backup_finish(backup));
}

/** The whole database as bytes. */
export async function exportDatabase(
  runtime: Runtime,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const image = await withReservation(runtime, signal, (reservation, lease) =>
    wasm.export_database(reservation, lease, timeoutMs),
  );
  if (image instanceof Uint8Array) return image as Uint8Array<ArrayBuffer>;
  throw refusal(image);
}

/** What an import or a clone tells: bytes that are copied, of how many. What it throws ends that. */
type Progress = (done: number, total: number) => void;

/**
 * Has `copy` tell its progress. What that throws must not pass through the instance: it ends the
 * copy, if it is not at its end, and is thrown in place of what the copy says.
 */
async function telling<T>(
  progress: Progress,
  copy: (goesOn: (done: number, total: number) => boolean) => Promise<T>,
): Promise<T> {
  let thrown: { reason: unknown } | undefined;
  const goesOn = (done: number, total: number) => {
    try {
      progress(done, total);
    } catch (reason) {
      thrown = { reason };
    }
    return thrown === undefined;
  };
  const requireNothingThrown = () => {
    if (thrown !== undefined && !isPoisoned()) throw thrown.reason;
  };
  try {
    const made = await copy(goesOn);
    requireNothingThrown();
    return made;
  } catch (error) {
    requireNothingThrown();
    throw error;
  }
}

/** Replaces the whole database, unless the bytes have other lengths by then. */
export function importDatabase(
  runtime: Runtime,
  files: {
    database: Uint8Array;
    wal: Uint8Array | undefined;
    lengths: { database: number; wal: number };
  },
  timeoutMs: number,
  signal: AbortSignal | undefined,
  progress: Progress,
): Promise<void> {
  const { database, wal, lengths } = files;
  return telling(progress, async (goesOn) => {
    const done = await withReservation(runtime, signal, (reservation, lease) =>
      wasm.import_database(
        ...([reservation, lease, database, lengths.database] as const),
        ...([wal, lengths.wal, timeoutMs, goesOn] as const),
      ),
    );
    const { leftWal, refused } = done as { leftWal: boolean; refused: unknown };
    if (leftWal) await returnToWal(runtime, timeoutMs);
    if (refused !== undefined) throw refusal(refused);
  });
}

/** Copies the database of one runtime into another one that is new. */
export function fillRuntime(
  source: Runtime,
  target: Runtime,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  progress: Progress,
): Promise<void> {
  return telling(progress, async (goesOn) => {
    const slot = await keepSlot(target, signal);
    let used = false;
    try {
      const refused = await withReservation(source, signal, (reservation, lease) => {
        used = true;
        const { reservation: other, lease: otherLease } = slot;
        return wasm.fill_runtime(reservation, lease, other, otherLease, timeoutMs, goesOn);
      });
      if (refused !== undefined) throw refusal(refused);
    } finally {
      if (!used) forgo(slot);
    }
  });
}

/** Whoever opens the database puts it into WAL mode; if others are in the way, the next one does. */
async function returnToWal(runtime: Runtime, timeoutMs: number): Promise<void> {
  try {
    const defaults = { readonly: false, fileMustExist: false, journalMode: 'wal' };
    // It tries without a pause where this thread may not wait, so not for long there.
    const options = { ...defaults, timeoutMs: canBlock() ? timeoutMs : 0 };
    close(await connect(runtime, options, undefined));
  } catch (error) {
    if (isPoisoned()) throw error;
  }
}

function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** The code of sharedwal that stands for an `SQLITE_INTERRUPT`, if one does. */
export function ownCode(database: number): string | undefined {
  return answer(() => wasm.own_code(database));
}

/** Has statements end so many milliseconds from now; below 0 for no limit. */
export function limitTime(database: number, ms: number): void {
  if (!isPoisoned()) answer(() => wasm.limit_time(database, ms));
}

/** Does what others ask of a connection that runs nothing; whether that was to stop. */
export function heed(database: number): boolean {
  return answer(() => wasm.heed(database));
}

/** The number by which other contexts know a connection. */
export function connectionId(database: number): number {
  return answer(() => wasm.connection_id(database));
}

/** Has the statements that are being read end with `SQLITE_INTERRUPT`. */
export function interrupt(database: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.interrupt(database));
}

/** What the instance says why it refused something, as an error; anything else as it is. */
function refusal(reason: unknown): unknown {
  const { code, message } = reason as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' && typeof code !== 'number') return reason;
  return new SqliteError(String(message), typeof code === 'number' ? resultCodeName(code) : code);
}

/** Closes a connection with all its statements. */
export function close(database: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.close(database));
  const control = controls.get(database);
  controls.delete(database);
  // Lets go of what waits for requests to this connection.
  if (control !== undefined) Atomics.notify(new Int32Array(control), WORD.ROSTER);
}

/**
 * Memory inside the instance. It may grow by that, which detaches every view of it.
 *
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function allocate(bytes: number): number {
  let pointer: number;
  try {
    pointer = wasm.alloc(bytes);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
  if (pointer === 0) throw new SqliteError(`out of memory (${bytes} bytes)`, 'SQLITE_NOMEM');
  return pointer;
}

/** Gives memory back. */
export function deallocate(pointer: number, bytes: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.free(pointer, bytes));
}

/**
 * Compiles the first statement of some SQL.
 *
 * @returns the statement, or 0: nothing to compile when {@link errorCode} is 0, else an error
 */
export function prepare(database: number, sql: number, bytes: number, keep: boolean): number {
  return answer(() => wasm.prepare(database, sql, bytes, keep));
}

/** Where the last compiled statement ended, in bytes from the start of its SQL. */
export function prepareTail(database: number): number {
  return answer(() => wasm.prepare_tail(database));
}

/** Frees a statement. */
export function finalize(statement: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.finalize(statement));
}

/** Ends a statement's execution and forgets its parameters. */
export function reset(statement: number): void {
  if (isPoisoned()) return;
  try {
    wasm.reset(statement);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Largest index of a parameter. */
export function parameterCount(statement: number): number {
  return answer(() => wasm.parameter_count(statement));
}

/** Name of a parameter with its `:`, `@`, `$` or `?`; undefined for a bare `?`. From 1. */
export function parameterName(statement: number, index: number): string | undefined {
  return answer(() => wasm.parameter_name(statement, index));
}

/** Columns of a result, 0 for a statement without one. */
export function columnCount(statement: number): number {
  return answer(() => wasm.column_count(statement));
}

/** Name of a column, from 0. */
export function columnName(statement: number, column: number): string {
  return answer(() => wasm.column_name(statement, column));
}

/** Declared type of the table column behind a column. */
export function columnType(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_decltype(statement, column));
}

/** Name of the table column behind a column. */
export function columnOrigin(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_origin(statement, column));
}

/** Table of the table column behind a column. */
export function columnTable(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_table(statement, column));
}

/** Database of the table column behind a column. */
export function columnDatabase(statement: number, column: number): string | undefined {
  return answer(() => wasm.column_database(statement, column));
}

/** Whether a statement writes nothing by itself (`BEGIN` and `COMMIT` do not). */
export function isReadonly(statement: number): boolean {
  return answer(() => wasm.is_readonly(statement));
}

/** SQL of a statement with its parameters' values in place. */
export function expandedSql(statement: number): string | undefined {
  return answer(() => wasm.expanded_sql(statement));
}

/** Binds NULL. Returns a result code, as all `bind…` do. */
export function bindNull(statement: number, index: number): number {
  try {
    return wasm.bind_null(statement, index);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a REAL. */
export function bindDouble(statement: number, index: number, value: number): number {
  try {
    return wasm.bind_double(statement, index, value);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds an INTEGER. The value must fit into 64 bits. */
export function bindInteger(statement: number, index: number, value: bigint): number {
  try {
    return wasm.bind_i64(statement, index, value);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a copy of UTF-8 text. */
export function bindText(statement: number, index: number, pointer: number, bytes: number): number {
  try {
    return wasm.bind_text(statement, index, pointer, bytes);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Binds a copy of a BLOB. */
export function bindBlob(statement: number, index: number, pointer: number, bytes: number): number {
  try {
    return wasm.bind_blob(statement, index, pointer, bytes);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/**
 * Reads the next rows into the batch: up to `maxRows`, fewer where their text and BLOBs take more
 * than `maxBytes`.
 *
 * @param once ends the execution after this batch
 * @returns `SQLITE_ROW` when there may be more, `SQLITE_DONE` at the end, else an error code. The
 *   statement has been reset in all cases but the first.
 */
export function fetch(
  statement: number,
  maxRows: number,
  maxBytes: number,
  once: boolean,
  safeIntegers: boolean,
): number {
  try {
    return wasm.fetch_rows(statement, maxRows, maxBytes, once, safeIntegers);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Address of the words that describe the last batch; the same for the life of the instance. */
export function batchAddress(): number {
  try {
    return wasm.batch();
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** Runs all statements of some SQL. Returns a result code. */
export function execute(database: number, sql: number, bytes: number): number {
  return answer(() => wasm.exec(database, sql, bytes));
}

/** The last call's extended result code. */
export function errorCode(database: number): number {
  return answer(() => wasm.errcode(database));
}

/** The last call's message. */
export function errorMessage(database: number): string {
  return answer(() => wasm.errmsg(database));
}

/** Rows that the last INSERT, UPDATE or DELETE changed. */
export function changes(database: number): number {
  return answer(() => wasm.changes(database));
}

/** Rows changed since the connection was opened. */
export function totalChanges(database: number): number {
  return answer(() => wasm.total_changes(database));
}

/** Rowid of the last inserted row. */
export function lastInsertRowid(database: number): bigint {
  return answer(() => wasm.last_insert_rowid(database));
}

/** The tables of the main database that a statement reads, and those that it may change. */
export interface StatementTables {
  /**
   * By the names that the schema has; views among them. `'unknown'` if its rows depend on something
   * besides: `sqlite_sequence`, or a virtual table that has its rows from elsewhere.
   */
  reads: string[] | 'unknown';
  /** Those of triggers and foreign keys too. `'unknown'` for a change of the schema. */
  writes: string[] | 'unknown';
}

/**
 * What a statement depends on, and what it changes, as the schema is at this moment. Compiles the
 * statement once more.
 */
export function statementTables(statement: number): StatementTables {
  const [reads, writes] = answer(() => wasm.statement_tables(statement)) as (
    | string[]
    | undefined
  )[];
  return { reads: reads ?? 'unknown', writes: writes ?? 'unknown' };
}

/** Whether a transaction is open. */
export function inTransaction(database: number): boolean {
  return answer(() => wasm.in_transaction(database));
}

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

/**
 * The state that the open transaction reads, for {@link openSnapshot}.
 *
 * @throws SqliteError `NO_READ_TRANSACTION`, `SNAPSHOT_UNAVAILABLE`, what SQLite reports
 */
export function takeSnapshot(database: number): Uint8Array<ArrayBuffer> {
  let snapshot: unknown;
  try {
    snapshot = wasm.take_snapshot(database);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
  if (snapshot instanceof Uint8Array) return snapshot as Uint8Array<ArrayBuffer>;
  throw refusal(snapshot);
}

/**
 * Has the transaction that was just begun read a snapshot.
 *
 * @throws SqliteError `INVALID_SNAPSHOT`, `FOREIGN_SNAPSHOT`, `IN_TRANSACTION`,
 *   `SNAPSHOT_UNAVAILABLE`, what SQLite reports
 */
export function openSnapshot(database: number, snapshot: Uint8Array): void {
  let refused: unknown;
  try {
    refused = wasm.open_snapshot(database, snapshot);
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
  if (refused !== undefined) throw refusal(refused);
}
