// Whole databases: out, in, and from one to another.

import { canBlock } from '../blocking.js';
import { isPoisoned, requireNotPoisoned } from '../poison.js';
import type { Runtime } from '../runtime.js';
import * as wasm from '../wasm/sharedwal_js.js';
import { answer, refusal } from './boundary.js';
import { close, connect, forgo, keepSlot, withReservation } from './connections.js';

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
    // Thrown through the instance: it crashed meanwhile, and its slots are others' to clean up.
    requireNotPoisoned();
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
