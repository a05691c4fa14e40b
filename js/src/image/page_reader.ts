// The pages of a database, in their order, at one moment. A connection of this context reads them
// within one read transaction, by the one statement that stays in the middle of it: who interrupts
// the connection between two pieces interrupts that.

import { Connection } from '../connection.js';
import { Database } from '../database.js';
import { connect, exportDatabase } from '../engine.js';
import { heedWhileIdle } from '../idle.js';
import { requireOpenable } from '../open.js';
import { forThisThread } from '../own_handle.js';
import type { Runtime } from '../runtime.js';
import type { ImageOptions, ResolvedOptions } from './options.js';
import { retryWhileBusy } from './retry_while_busy.js';

/** What is read at once. A page is never larger than that. */
export const PIECE_BYTES = 1024 * 1024;

/** Reads a database from its first page to its last. To be closed. */
export class PageReader {
  /** Bytes of the whole database. */
  readonly totalBytes: number;
  /** Bytes that have been read. */
  doneBytes = 0;

  readonly #pages: Iterator<Uint8Array, undefined>;
  readonly #close: () => void;

  private constructor(
    totalBytes: number,
    pages: Iterator<Uint8Array, undefined>,
    close: () => void,
  ) {
    this.totalBytes = totalBytes;
    this.#pages = pages;
    this.#close = close;
  }

  /**
   * Begins the read transaction.
   *
   * @throws as {@link open} does; SqliteError `SQLITE_BUSY`
   */
  static async open(
    runtime: Runtime,
    options: ImageOptions,
    resolved: ResolvedOptions,
  ): Promise<PageReader> {
    await requireOpenable(runtime, options, resolved.signal);
    return retryWhileBusy(resolved, () => PageReader.#begin(runtime, resolved));
  }

  static async #begin(
    runtime: Runtime,
    { timeoutMs, signal }: ResolvedOptions,
  ): Promise<PageReader> {
    const handle = forThisThread(runtime);
    const keep = { readonly: false, fileMustExist: false, timeoutMs, journalMode: 'keep' };
    const connection = new Connection(await connect(handle, keep, signal), undefined);
    const close = () => connection.close();
    try {
      heedWhileIdle(runtime, connection);
      const db = new Database({ connection, name: runtime.name, readonly: false, memory: false });
      db.exec('BEGIN');
      // Begins to read; the size of a page is told without, and another VACUUM could change it until then.
      const pageCount = Number(db.pragma('page_count', { simple: true }));
      const totalBytes = pageCount * Number(db.pragma('page_size', { simple: true }));
      if (totalBytes > 0) {
        const pages = db.prepare<[], Uint8Array>('SELECT data FROM sqlite_dbpage').pluck();
        return new PageReader(totalBytes, pages.iterate(), close);
      }
    } catch (error) {
      close();
      throw error;
    }
    close();
    // SQLite makes a first page where there is none: an image is never without one.
    const page = await exportDatabase(runtime, timeoutMs, signal);
    return new PageReader(page.length, [page].values(), () => {});
  }

  /** Whether all has been read. */
  get isAtEnd(): boolean {
    return this.doneBytes === this.totalBytes;
  }

  /**
   * Reads the next piece into the beginning of `target`, which must have room for it.
   *
   * @returns its bytes: {@link PIECE_BYTES}, or fewer at the end
   * @throws SqliteError `SQLITE_INTERRUPT`, `RUNTIME_DISPOSED`, what SQLite reports
   */
  read(target: Uint8Array): number {
    let at = 0;
    const length = Math.min(PIECE_BYTES, this.totalBytes - this.doneBytes);
    while (at < length) {
      const { value: page } = this.#pages.next();
      if (page === undefined) throw new Error('the database has fewer pages than it says');
      target.set(page, at);
      at += page.length;
    }
    this.doneBytes += at;
    return at;
  }

  /** Ends the read transaction. */
  close(): void {
    this.#close();
  }
}
