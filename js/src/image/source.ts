// What can be imported, and how it is turned into bytes. An import is all or nothing, so a stream is
// read to its end before: into one buffer that grows in place, not into pieces that are put together.

import { abortable } from '../abort.js';
import { bytesOf, tagOf } from '../bytes.js';
import { ownError, typeError } from '../errors.js';
import { allocate } from './allocate.js';
import type { ResolvedOptions } from './options.js';

/** A file's content. What shares memory must not be changed during the import. */
export type ImageBytes = Uint8Array | ArrayBuffer | SharedArrayBuffer;

/** A file's content, or where it comes from. */
export type ImageSource = ImageBytes | Blob | ReadableStream<ImageBytes> | Response;

/** A database as SQLite keeps it in files. */
export interface DatabaseImage {
  /** The database file. */
  database: ImageSource;
  /**
   * The write-ahead log beside it (`-wal`). SQLite replays what is committed in it, and ignores
   * from the first frame on that is torn or does not belong to it.
   */
  wal?: ImageSource | undefined;
}

/** Bytes to come. */
interface Incoming {
  stream: ReadableStream<unknown>;
  /** Undefined if nobody knows. */
  bytes: number | undefined;
}

/** What an image consists of: bytes that are there, or a stream of them. */
export interface Image {
  database: Uint8Array | Incoming;
  wal: Uint8Array | Incoming | undefined;
}

function resolveStream(stream: ReadableStream<unknown>, bytes: number | undefined): Incoming {
  if (stream.locked) {
    throw typeError('The stream to import is locked: somebody reads it', 'INVALID_ARGUMENT');
  }
  return { stream, bytes };
}

function resolveResponse(response: Response): Uint8Array | Incoming {
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw typeError(`The response to import is no file: ${status}`, 'INVALID_ARGUMENT');
  }
  if (response.bodyUsed) {
    throw typeError('The body of the response to import was read already', 'INVALID_ARGUMENT');
  }
  if (response.body === null) return new Uint8Array(0);
  // What is encoded has another length than is said.
  const said = response.headers.has('content-encoding')
    ? undefined
    : response.headers.get('content-length');
  return resolveStream(response.body, said ? Number(said) : undefined);
}

function resolveSource(value: unknown, name: string): Uint8Array | Incoming {
  const bytes = bytesOf(value);
  if (bytes !== undefined) return bytes;
  switch (tagOf(value)) {
    case 'Blob':
    case 'File':
      return resolveStream((value as Blob).stream(), (value as Blob).size);
    case 'ReadableStream':
      return resolveStream(value as ReadableStream<unknown>, undefined);
    case 'Response':
      return resolveResponse(value as Response);
    default:
      throw typeError(
        `Expected "${name}" of the image to be a Uint8Array, an ArrayBuffer, a SharedArrayBuffer, a Blob, a ReadableStream or a Response`,
        'INVALID_ARGUMENT',
      );
  }
}

/**
 * Looks at what is to be imported, and reads nothing yet.
 *
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function resolveImage(image: ImageSource | DatabaseImage): Image {
  if (typeof image !== 'object' || image === null) {
    throw typeError(
      'Expected second argument to be the bytes of a database, a Blob, a stream, a Response or an image object',
      'INVALID_ARGUMENT',
    );
  }
  if (tagOf(image) !== 'Object') {
    return { database: resolveSource(image, 'database'), wal: undefined };
  }
  for (const name of Object.keys(image)) {
    // A log that is passed under another name would be left out in silence.
    if (name !== 'database' && name !== 'wal') {
      throw typeError(`An image has "database" and "wal", but no "${name}"`, 'INVALID_ARGUMENT');
    }
  }
  const { database, wal } = image as DatabaseImage;
  return {
    database: resolveSource(database, 'database'),
    wal: wal === undefined ? undefined : resolveSource(wal, 'wal'),
  };
}

/** Lets go of the streams that will not be read. */
export function cancelStreams({ database, wal }: Image, reason: unknown): void {
  for (const part of [database, wal]) {
    if (part === undefined || part instanceof Uint8Array || part.stream.locked) continue;
    part.stream.cancel(reason).catch(() => {});
  }
}

/** An address space so large can be had nearly everywhere. */
const MAX_LOG_BYTES = 2 ** 32;

/**
 * Reads what comes in streams.
 *
 * @param capacityBytes what the database file may have
 * @throws SqliteError `IMAGE_TOO_LARGE`, as soon as that is known; `SQLITE_NOMEM`; what a stream
 *   errors with; the reason of the signal
 * @throws TypeError `INVALID_ARGUMENT` for a stream of anything but bytes
 */
export async function readImage(
  { database, wal }: Image,
  capacityBytes: number,
  { signal, onProgress }: ResolvedOptions,
): Promise<{ database: Uint8Array; wal: Uint8Array | undefined }> {
  const incoming = [database, wal].filter((part) => part !== undefined && 'stream' in part);
  const totals = incoming.map((part) => part.bytes);
  const total = totals.every((bytes) => bytes !== undefined)
    ? totals.reduce((sum, bytes) => sum + bytes, 0)
    : undefined;
  let before = 0;
  const read = async (part: Incoming, limit: number): Promise<Uint8Array> => {
    const bytes = await collect(part, limit, signal, (done) =>
      onProgress?.({ phase: 'reading', done: before + done, total }),
    );
    before += bytes.length;
    return bytes;
  };
  return {
    database: 'stream' in database ? await read(database, capacityBytes) : database,
    wal: wal !== undefined && 'stream' in wal ? await read(wal, MAX_LOG_BYTES) : wal,
  };
}

async function collect(
  { stream, bytes }: Incoming,
  limit: number,
  signal: AbortSignal | undefined,
  onBytes: (done: number) => void,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  try {
    if (bytes !== undefined && bytes > limit) throw tooLarge(bytes, limit);
    const buffer = new GrowingBuffer(Math.min(limit, bytes ?? 0), limit);
    for (;;) {
      const { done, value } = await abortable(signal, reader.read());
      if (done) return buffer.bytes();
      const chunk = bytesOf(value);
      if (chunk === undefined) {
        const kind = tagOf(value);
        throw typeError(`The stream to import is not one of bytes: ${kind}`, 'INVALID_ARGUMENT');
      }
      if (buffer.length + chunk.length > limit) throw tooLarge(buffer.length + chunk.length, limit);
      buffer.append(chunk);
      onBytes(buffer.length);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
}

function tooLarge(bytes: number, limit: number): Error {
  return ownError(
    'IMAGE_TOO_LARGE',
    `the image has ${bytes} bytes or more, and the database can have ${limit}`,
  );
}

const GRAIN_BYTES = 1024 * 1024;

/** Bytes at the end of which others are put: in place, where the engine has room for that. */
class GrowingBuffer {
  length = 0;
  #buffer: ArrayBuffer;
  readonly #limit: number;

  constructor(expected: number, limit: number) {
    this.#limit = limit;
    this.#buffer = growable(expected, limit);
  }

  append(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.#buffer.byteLength) this.#grow(length);
    new Uint8Array(this.#buffer).set(chunk, this.length);
    this.length = length;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, 0, this.length);
  }

  #grow(length: number): void {
    // A quarter more, or a long stream would be copied over and over where nothing grows in place.
    const grown = Math.min(this.#limit, Math.max(length, this.length * 1.25) + GRAIN_BYTES);
    const bytes = Math.floor(grown);
    if (this.#buffer.resizable) {
      allocate(bytes, () => this.#buffer.resize(bytes));
      return;
    }
    const old = this.bytes();
    this.#buffer = allocate(bytes, () => new ArrayBuffer(bytes));
    new Uint8Array(this.#buffer).set(old);
  }
}

function growable(length: number, limit: number): ArrayBuffer {
  try {
    return new ArrayBuffer(length, { maxByteLength: limit });
  } catch {
    return allocate(length, () => new ArrayBuffer(length));
  }
}
