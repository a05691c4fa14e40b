import * as engine from '../engine.js';
import { requireOpenable } from '../open.js';
import { requireKnownOptions } from '../options.js';
import { forThisThread } from '../own_handle.js';
import type { Runtime } from '../runtime.js';
import { requireRuntime } from '../runtime_handle.js';
import { maxBytes } from './capacity.js';
import { IMAGE_OPTIONS, type ImageOptions, resolveOptions } from './options.js';
import { retryWhileBusy } from './retry_while_busy.js';
import {
  cancelStreams,
  type DatabaseImage,
  type ImageSource,
  readImage,
  resolveImage,
} from './source.js';

/**
 * Replaces the whole database by an image, for everybody at once: whoever is in a read transaction
 * keeps what it sees, the next transaction sees the image. The image is checked before
 * (`PRAGMA quick_check`). On an error nothing has changed.
 *
 * Bytes are read in place, not copied. A Blob, a stream or the body of a Response is read to its end
 * first, into memory of its size.
 *
 * Where other connections are open, the image goes through the write-ahead log, which must have
 * room for it, and its page size and text encoding must be the database's. Where none is, it needs
 * neither. A database in WAL mode stays in it; else the image brings its journal mode along.
 *
 * {@link interrupt} and {@link terminate} end it, but for the commit at its end; the connection that
 * copies stands in the diagnostics. A signal ends it while it reads a stream, and while it copies if
 * `onProgress` aborts it: nothing else runs in this context then.
 *
 * @param image the bytes of a database file or where they come from; `{ database, wal }` for one
 *   with its write-ahead log
 * @throws SqliteError `INVALID_IMAGE`, `IMAGE_TOO_LARGE`, `SQLITE_INTERRUPT`, `RUNTIME_IN_USE` for another page size or
 *   encoding while other connections are open, `SQLITE_FULL` where the log has no room,
 *   `SQLITE_NOMEM` where the engine has no buffer for what a Blob or stream has,
 *   `SQLITE_BUSY` where a writer is in the way; and as {@link open}
 * @throws TypeError `INVALID_ARGUMENT`; TypeError or RangeError `INVALID_OPTION`; whatever a stream
 *   errors with
 */
export async function importDatabase(
  runtime: Runtime,
  image: ImageSource | DatabaseImage,
  options: ImageOptions = {},
): Promise<void> {
  const resolvedImage = resolveImage(image);
  // Told now: a buffer can be transferred away at any await.
  const given = { database: lengthOf(resolvedImage.database), wal: lengthOf(resolvedImage.wal) };
  try {
    requireKnownOptions(options, IMAGE_OPTIONS);
    const resolved = resolveOptions(options);
    const { timeoutMs, signal } = resolved;
    requireRuntime(runtime);
    await requireOpenable(runtime, options, signal);
    const { database, wal } = await readImage(resolvedImage, maxBytes(runtime.database), resolved);
    const lengths = {
      database: given.database ?? database.length,
      wal: given.wal ?? wal?.length ?? 0,
    };
    const handle = forThisThread(runtime);
    const files = { database, wal, lengths };
    await retryWhileBusy(resolved, (progress) =>
      engine.importDatabase(handle, files, timeoutMs, signal, progress),
    );
  } catch (error) {
    cancelStreams(resolvedImage, error);
    throw error;
  }
}

function lengthOf(part: Uint8Array | object | undefined): number | undefined {
  return part instanceof Uint8Array ? part.length : undefined;
}
