// Connections: opening and closing, what others ask of them, and their snapshots.

import { abortable } from '../abort.js';
import { WORD } from '../layout.js';
import { isPoisoned, requireNotPoisoned } from '../poison.js';
import type { Runtime } from '../runtime.js';
import * as wasm from '../wasm/sharedwal_js.js';
import { answer, refusal } from './boundary.js';
import { controls, whileOpening } from './instance.js';

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
 * Keeps a slot, and waits for the Web Lock that goes with it, if this context has none. What waits is
 * not the instance: a trap in a function that is asynchronous there would never be heard of.
 */
export async function keepSlot(runtime: Runtime, signal: AbortSignal | undefined): Promise<Slot> {
  // Where there is nothing to wait for, nobody looks at it again.
  signal?.throwIfAborted();
  const kept = answer(() => wasm.reserve(runtime));
  const { reservation, lease } = kept as { reservation?: number; lease?: Promise<unknown> };
  if (reservation === undefined) throw refusal(kept);
  if (lease === undefined) return { reservation, lease };
  try {
    await abortable(signal, lease);
  } catch (reason) {
    void lease.then((held) => forgo({ reservation, lease: held }));
    throw reason;
  }
  return { reservation, lease: await lease };
}

export function forgo({ reservation, lease }: Slot): void {
  if (!isPoisoned()) answer(() => wasm.forgo(reservation, lease));
}

/** Keeps a slot, and has it used. */
export async function withReservation(
  runtime: Runtime,
  signal: AbortSignal | undefined,
  use: Use,
): Promise<unknown> {
  const { reservation, lease } = await keepSlot(runtime, signal);
  requireNotPoisoned();
  return whileOpening(runtime.control, () => answer(() => use(reservation, lease)));
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
  const database = whileOpening(runtime.control, () =>
    answer(() => wasm.connect_now(runtime, readonly, fileMustExist, timeoutMs, journalMode)),
  );
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

/** Closes a connection with all its statements. */
export function close(database: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.close(database));
  const control = controls.get(database);
  controls.delete(database);
  // Lets go of what waits for requests to this connection.
  if (control !== undefined) Atomics.notify(new Int32Array(control), WORD.ROSTER);
}

/** The number by which other contexts know a connection. */
export function connectionId(database: number): number {
  return answer(() => wasm.connection_id(database));
}

/** Whether a transaction is open. */
export function inTransaction(database: number): boolean {
  return answer(() => wasm.in_transaction(database));
}

/** Has the statements that are being read end with `SQLITE_INTERRUPT`. */
export function interrupt(database: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.interrupt(database));
}

/** Whether an interrupt waits for statements that are in their middle. */
export function isInterrupted(database: number): boolean {
  return answer(() => wasm.is_interrupted(database));
}

/** Has statements end so many milliseconds from now; below 0 for no limit. */
export function limitTime(database: number, ms: number): void {
  if (!isPoisoned()) answer(() => wasm.limit_time(database, ms));
}

/** The code of sharedwal that stands for an `SQLITE_INTERRUPT`, if one does. */
export function ownCode(database: number): string | undefined {
  return answer(() => wasm.own_code(database));
}

/**
 * Does what others ask of a connection that runs nothing, and publishes what it could not before.
 *
 * @returns after how many milliseconds to look again, if nobody asks; undefined if it was to stop
 */
export function heed(database: number): number | undefined {
  return answer(() => wasm.heed(database));
}

/**
 * The state that the open transaction reads, for {@link openSnapshot}.
 *
 * @throws SqliteError `NO_READ_TRANSACTION`, `SNAPSHOT_UNAVAILABLE`, what SQLite reports
 */
export function takeSnapshot(database: number): Uint8Array<ArrayBuffer> {
  const snapshot: unknown = answer(() => wasm.take_snapshot(database));
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
  const refused: unknown = answer(() => wasm.open_snapshot(database, snapshot));
  if (refused !== undefined) throw refusal(refused);
}
