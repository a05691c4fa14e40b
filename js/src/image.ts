import { resolveSignal } from './abort.js';
import { requireWasmSource } from './compile_wasm.js';
import * as engine from './engine.js';
import { typeError } from './errors.js';
import { type OpenOptions, requireOpenable, resolveTimeout } from './open.js';
import { requireKnownOptions } from './options.js';
import type { Runtime } from './runtime.js';

/** Options of {@link exportDatabase} and {@link importDatabase}, as {@link OpenOptions} has them. */
export type ImageOptions = Pick<OpenOptions, 'timeout' | 'signal' | 'wasmUrl' | 'wasmModule'>;

/** A file's content. What shares memory must not be changed during the import. */
export type ImageBytes = Uint8Array | ArrayBuffer | SharedArrayBuffer;

/** A database as SQLite keeps it in files. */
export interface DatabaseImage {
  /** The database file. */
  database: ImageBytes;
  /**
   * The write-ahead log beside it (`-wal`). SQLite replays what is committed in it, and ignores
   * from the first frame on that is torn or does not belong to it.
   */
  wal?: ImageBytes | undefined;
}

const OPTIONS: readonly (keyof ImageOptions)[] = ['timeout', 'signal', 'wasmUrl', 'wasmModule'];

function resolveOptions(options: ImageOptions): {
  timeoutMs: number;
  signal: AbortSignal | undefined;
} {
  requireKnownOptions(options, OPTIONS);
  requireWasmSource(options);
  return {
    timeoutMs: resolveTimeout(options.timeout),
    signal: resolveSignal(options.signal, 'INVALID_OPTION'),
  };
}

function resolveBytes(value: unknown, name: string): Uint8Array {
  // By their tags: instanceof fails for what comes from another realm.
  const kind = Object.prototype.toString.call(value);
  if (kind === '[object Uint8Array]') {
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]') {
    return new Uint8Array(value as ArrayBuffer | SharedArrayBuffer);
  }
  throw typeError(
    `Expected "${name}" of the image to be a Uint8Array, an ArrayBuffer or a SharedArrayBuffer`,
    'INVALID_ARGUMENT',
  );
}

function resolveImage(image: DatabaseImage): { database: Uint8Array; wal: Uint8Array | undefined } {
  if (typeof image !== 'object' || image === null) {
    throw typeError('Expected second argument to be an image object', 'INVALID_ARGUMENT');
  }
  for (const name of Object.keys(image)) {
    // A log that is passed under another name would be left out in silence.
    if (name !== 'database' && name !== 'wal') {
      throw typeError(
        `An image has "database" and "wal", but no "${name}"; wrap bytes as { database: bytes }`,
        'INVALID_ARGUMENT',
      );
    }
  }
  const { database, wal } = image;
  return {
    database: resolveBytes(database, 'database'),
    wal: wal === undefined ? undefined : resolveBytes(wal, 'wal'),
  };
}

/**
 * Copies the whole database as it is at one moment, with all that is committed: the file that
 * SQLite would have after a checkpoint. Nobody is held up in WAL mode. A database that was never
 * written to has one empty page. The content is copied once, into the result.
 *
 * In WAL mode the file says so; a SQLite that only reads rollback mode (`sqlite3_deserialize`)
 * wants its bytes 18 and 19 set to 1.
 *
 * @throws SqliteError as {@link open} does; `SQLITE_NOMEM` where the engine has no buffer so large;
 *   `SQLITE_BUSY`, on the main thread at once
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export async function exportDatabase(
  runtime: Runtime,
  options: ImageOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { timeoutMs, signal } = resolveOptions(options);
  await requireOpenable(runtime, options, signal);
  return engine.exportDatabase(runtime, timeoutMs, signal);
}

/**
 * Replaces the whole database by an image, for everybody at once: whoever is in a read transaction
 * keeps what it sees, the next transaction sees the image. The image is checked before
 * (`PRAGMA quick_check`), and read in place, not copied. On an error nothing has changed.
 *
 * Where other connections are open, the image goes through the write-ahead log, which must have
 * room for it, and its page size and text encoding must be the database's. Where none is, it needs
 * neither. A database in WAL mode stays in it; else the image brings its journal mode along.
 *
 * {@link interrupt} and {@link terminate} end it, but for the commit at its end; the connection that
 * copies stands in the diagnostics. A signal ends it before it begins to copy.
 *
 * @throws SqliteError `INVALID_IMAGE`, `IMAGE_TOO_LARGE`, `SQLITE_INTERRUPT`, `RUNTIME_IN_USE` for another page size or
 *   encoding while other connections are open, `SQLITE_FULL` where the log has no room,
 *   `SQLITE_BUSY` where a writer is in the way (on the main thread at once); and as {@link open}
 * @throws TypeError `INVALID_ARGUMENT`; TypeError or RangeError `INVALID_OPTION`
 */
export async function importDatabase(
  runtime: Runtime,
  image: DatabaseImage,
  options: ImageOptions = {},
): Promise<void> {
  const { database, wal } = resolveImage(image);
  // Told now: a buffer can be transferred away at any await.
  const lengths = { database: database.length, wal: wal?.length ?? 0 };
  const { timeoutMs, signal } = resolveOptions(options);
  await requireOpenable(runtime, options, signal);
  await engine.importDatabase(runtime, database, wal, lengths, timeoutMs, signal);
}
