import type { Connection } from './connection.js';
import { sqliteError } from './connection_error.js';
import * as engine from './engine.js';
import { SqliteError, typeError } from './errors.js';
import { nextTurn } from './next_turn.js';
import { forThisThread } from './own_handle.js';
import {
  resultCodeName,
  SQLITE_BUSY,
  SQLITE_DONE,
  SQLITE_LOCKED,
  SQLITE_OK,
  SQLITE_READONLY,
} from './result_codes.js';
import type { Runtime } from './runtime.js';
import { requireNotDisposed, requireRuntime } from './runtime_handle.js';
import { resolveAttached } from './serialize.js';

/** How far a backup is. */
export interface BackupMetadata {
  /** Pages of the database. */
  totalPages: number;
  /** Those that are still to be copied. */
  remainingPages: number;
}

/** Options of `Database.backup`. */
export interface BackupOptions {
  /** Which of the connection's databases: `main`, `temp`, or a name given by `ATTACH`. Default `main`. */
  attached?: string | undefined;
  /**
   * Called before anything is copied and after each step. It may return how many pages the next
   * steps are to copy (0 for none), 100 if it never does. What it throws ends the backup.
   */
  progress?: ((info: BackupMetadata) => number | undefined) | null | undefined;
}

const PAGES_A_STEP = 100;
const MAX_PAGES_A_STEP = 0x7fffffff;
/** How long somebody else may be in the way. */
const PATIENCE_MS = 5000;

/** A backup under way. It has a connection of its own to the destination. */
class Backup {
  readonly #source: Connection;
  readonly #target: number;
  readonly #backup: number;
  #open = true;
  #finished = false;
  #inTheWaySince: number | undefined;

  constructor(source: Connection, schema: string, destination: Runtime) {
    this.#source = source;
    // It never sleeps: what is in the way is waited for by the event loop.
    const options = { readonly: false, fileMustExist: false, timeoutMs: 0, journalMode: 'wal' };
    this.#target = engine.connectNow(forThisThread(destination), options);
    this.#backup = engine.backupBegin(source.database, schema, this.#target);
    if (this.#backup === 0) {
      const error = sqliteError(this.#target);
      engine.close(this.#target);
      throw error;
    }
    source.backups.add(this);
  }

  /**
   * Copies so many pages; whether that was all.
   *
   * @throws what SQLite reports
   */
  step(pages: number): boolean {
    this.#source.requireUsable();
    const code = engine.backupStep(this.#backup, this.#source.database, this.#target, pages);
    const primary = code & 0xff;
    if (primary === SQLITE_BUSY || primary === SQLITE_LOCKED) {
      this.#inTheWaySince ??= performance.now();
      if (performance.now() - this.#inTheWaySince < PATIENCE_MS) return false;
    } else if (code === SQLITE_OK || code === SQLITE_DONE) {
      this.#inTheWaySince = undefined;
      return code === SQLITE_DONE;
    }
    throw this.#failure(code);
  }

  get progress(): BackupMetadata {
    const { total, remaining } = engine.backupPages(this.#backup);
    return { totalPages: total, remainingPages: remaining };
  }

  #failure(code: number): SqliteError {
    for (const database of [this.#source.database, this.#target]) {
      if (engine.errorCode(database) === code) return sqliteError(database);
    }
    if (code === SQLITE_READONLY) {
      const message = "the destination's pages have another size than the source's";
      return new SqliteError(message, resultCodeName(code));
    }
    // SQLite tells the destination's connection at the end what it was.
    this.#finish();
    return sqliteError(this.#target);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    engine.backupFinish(this.#backup);
  }

  /** Ends it; what is not complete is undone. To be called before the source is closed. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#source.backups.delete(this);
    this.#finish();
    engine.close(this.#target);
  }
}

/** Copies one of the connection's databases over that of another runtime. */
export async function backUp(
  connection: Connection,
  destination: Runtime,
  options: BackupOptions | null | undefined,
): Promise<BackupMetadata> {
  const given = options ?? {};
  if (typeof given !== 'object') {
    throw typeError('Expected second argument to be an options object', 'INVALID_OPTION');
  }
  const attached = resolveAttached(given);
  const listener: unknown = given.progress ?? undefined;
  if (listener !== undefined && typeof listener !== 'function') {
    throw typeError('Expected the "progress" option to be a function', 'INVALID_OPTION');
  }
  requireRuntime(destination);
  requireNotDisposed(destination);
  connection.requireUsable();
  const backup = new Backup(connection, attached, destination);
  try {
    let pages = 0;
    for (let first = true; ; first = false) {
      await nextTurn();
      if (backup.step(pages)) return backup.progress;
      if (first) pages = PAGES_A_STEP;
      const wanted: unknown = listener?.(backup.progress);
      if (wanted === undefined) continue;
      if (typeof wanted !== 'number' || Number.isNaN(wanted)) {
        const expected = 'Expected progress callback to return a number or undefined';
        throw typeError(expected, 'INVALID_ARGUMENT');
      }
      pages = Math.max(0, Math.min(MAX_PAGES_A_STEP, Math.round(wanted)));
    }
  } finally {
    backup.close();
  }
}
