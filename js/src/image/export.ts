import { ownError } from '../errors.js';
import { nextTurn } from '../next_turn.js';
import { requireKnownOptions } from '../options.js';
import type { Runtime } from '../runtime.js';
import { requireRuntime } from '../runtime_handle.js';
import { allocateBytes } from './allocate.js';
import { IMAGE_OPTIONS, type ImageOptions, resolveDelay, resolveOptions } from './options.js';
import { PageReader, PIECE_BYTES } from './page_reader.js';

/** Options of {@link exportStream}. */
export interface ExportStreamOptions extends ImageOptions {
  /**
   * After how many milliseconds in which nobody reads it the stream gives up: it errors with
   * `EXPORT_ABANDONED`, and its read transaction ends. `Infinity` for never. Default 60000.
   */
  idleTimeout?: number | undefined;
}

const DEFAULT_IDLE_MS = 60_000;
/** How long the event loop is held up at once. */
const TURN_MS = 20;

/**
 * Copies the whole database as it is at one moment, with all that is committed: the file that
 * SQLite would have after a checkpoint. Nobody is held up in WAL mode, and this context's other
 * tasks run in between. A database that was never written to has one empty page. The content is
 * copied once, into the result.
 *
 * In WAL mode the file says so; a SQLite that only reads rollback mode (`sqlite3_deserialize`)
 * wants its bytes 18 and 19 set to 1.
 *
 * @throws SqliteError as {@link open} does; `SQLITE_NOMEM` where the engine has no buffer so large;
 *   `SQLITE_INTERRUPT`; `SQLITE_BUSY`
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export async function exportDatabase(
  runtime: Runtime,
  options: ImageOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireKnownOptions(options, IMAGE_OPTIONS);
  const resolved = resolveOptions(options);
  const { signal, onProgress } = resolved;
  const reader = await PageReader.open(runtime, options, resolved);
  try {
    const total = reader.totalBytes;
    const image = allocateBytes(total);
    let pause = performance.now() + TURN_MS;
    while (!reader.isAtEnd) {
      reader.read(image.subarray(reader.doneBytes));
      onProgress?.({ phase: 'copying', done: reader.doneBytes, total });
      if (performance.now() > pause) {
        await nextTurn();
        pause = performance.now() + TURN_MS;
      }
      signal?.throwIfAborted();
    }
    return image;
  } finally {
    reader.close();
  }
}

/**
 * The same as a stream of pieces of up to 1 MiB: the database as it is when the promise resolves,
 * whatever others write while the stream is read. Each piece is read when it is asked for, so that
 * no second copy of the database is in memory. To be read whole or cancelled.
 *
 * From the beginning until its last piece is read it is a connection in a read transaction: others
 * write, but the write-ahead log cannot be reused, and grows up to its capacity. So a stream that
 * nobody reads for `idleTimeout` gives up. In rollback mode nobody can commit meanwhile.
 *
 * Cancelling it, and a signal at any time, end the transaction at once; so does {@link interrupt}
 * with the next piece.
 *
 * @throws as {@link exportDatabase}; the stream itself errors with a SqliteError
 *   `EXPORT_ABANDONED`, `SQLITE_INTERRUPT` or `RUNTIME_DISPOSED`, with the reason of the signal, or with what
 *   `onProgress` throws
 */
export async function exportStream(
  runtime: Runtime,
  options: ExportStreamOptions = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  requireKnownOptions(options, [...IMAGE_OPTIONS, 'idleTimeout']);
  const resolved = resolveOptions(options);
  const { signal, onProgress } = resolved;
  const idleMs = resolveDelay('idleTimeout', options.idleTimeout, DEFAULT_IDLE_MS);
  requireRuntime(runtime);
  const reader = await PageReader.open(runtime, options, resolved);
  const total = reader.totalBytes;
  const idle = new Countdown(idleMs);
  let abort: (() => void) | undefined;
  const end = () => {
    idle.stop();
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
    reader.close();
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const fail = (reason: unknown) => {
          end();
          controller.error(reason);
        };
        abort = () => fail(signal?.reason);
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort);
        idle.start(() => {
          const left = total - reader.doneBytes;
          fail(ownError('EXPORT_ABANDONED', `${left} of ${total} bytes were not read`));
        });
      },
      pull(controller) {
        idle.stop();
        try {
          const piece = allocateBytes(Math.min(PIECE_BYTES, total - reader.doneBytes));
          reader.read(piece);
          onProgress?.({ phase: 'copying', done: reader.doneBytes, total });
          controller.enqueue(piece);
        } catch (error) {
          end();
          throw error;
        }
        if (reader.isAtEnd) {
          end();
          controller.close();
        } else idle.restart();
      },
      cancel: end,
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  );
}

/** Calls a function when it was not restarted for so long. */
class Countdown {
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over: () => void = () => {};

  constructor(ms: number) {
    this.#ms = ms;
  }

  start(over: () => void): void {
    this.#over = over;
    this.restart();
  }

  restart(): void {
    this.stop();
    if (this.#ms === Infinity) return;
    this.#timer = setTimeout(this.#over, this.#ms);
    // No reason for Node to stay.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
