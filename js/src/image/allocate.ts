import { SqliteError } from '../errors.js';

/**
 * Takes memory for an image.
 *
 * @throws SqliteError `SQLITE_NOMEM` where the engine has no buffer so large
 */
export function allocate<Memory>(bytes: number, take: () => Memory): Memory {
  try {
    return take();
  } catch (cause) {
    const message = `out of memory: the image has ${bytes} bytes`;
    throw new SqliteError(message, 'SQLITE_NOMEM', { cause });
  }
}

/** Bytes of an image. */
export function allocateBytes(bytes: number): Uint8Array<ArrayBuffer> {
  return allocate(bytes, () => new Uint8Array(bytes));
}
