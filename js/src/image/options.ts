// What export, import and clone have in common: their options, and how they tell their progress.

import { resolveSignal } from '../abort.js';
import { requireWasmSource } from '../compile_wasm.js';
import { resolveTimeout } from '../connection_options.js';
import { ownError, typeError } from '../errors.js';
import type { OpenOptions } from '../open.js';

/** How far an export, an import or a clone is, in bytes. */
export interface ImageProgress {
  /**
   * What is being done: `reading` a Blob or a stream that is to be imported, then `copying` between
   * it and the database. Bytes that are given at once are only copied.
   */
  phase: 'reading' | 'copying';
  /** Bytes. */
  done: number;
  /** Bytes in all. Undefined while a stream is read of which nobody knows how long it is. */
  total: number | undefined;
}

/** Options of {@link exportDatabase}, {@link importDatabase} and others that copy a whole database. */
export interface ImageOptions extends Pick<OpenOptions, 'signal' | 'wasmUrl' | 'wasmModule'> {
  /**
   * How many milliseconds to wait for other connections before `SQLITE_BUSY`. Default 5000. The
   * main thread of a page goes on with its other tasks meanwhile.
   */
  timeout?: number | undefined;
  /**
   * Called about once a MiB, and when all is done. What it throws ends the copy, which then rejects
   * with it; of an import whose last byte is copied only the latter. It must not use a connection of
   * its own context to the same database while an import is `copying`.
   */
  onProgress?: ((progress: ImageProgress) => void) | undefined;
}

/** The names of {@link ImageOptions}. */
export const IMAGE_OPTIONS: readonly (keyof ImageOptions)[] = [
  'timeout',
  'signal',
  'wasmUrl',
  'wasmModule',
  'onProgress',
];

/** {@link ImageOptions}, checked. */
export interface ResolvedOptions {
  timeoutMs: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: ImageProgress) => void) | undefined;
}

/**
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export function resolveOptions(options: ImageOptions): ResolvedOptions {
  requireWasmSource(options);
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw typeError('Expected the "onProgress" option to be a function', 'INVALID_OPTION');
  }
  return {
    timeoutMs: resolveTimeout(options.timeout),
    signal: resolveSignal(options.signal, 'INVALID_OPTION'),
    onProgress,
  };
}

// setTimeout() takes no more, and waits not at all for what is larger.
const MAX_DELAY_MS = 0x7fffffff;

/**
 * A time after which something ends by itself; `Infinity` for never.
 *
 * @throws SqliteError `INVALID_OPTION`
 */
export function resolveDelay(name: string, ms: unknown, otherwise: number): number {
  if (ms === undefined) return otherwise;
  if (typeof ms !== 'number' || !(ms > 0) || (ms !== Infinity && ms > MAX_DELAY_MS)) {
    const wanted = `a number of milliseconds from 1 to ${MAX_DELAY_MS}, or Infinity`;
    throw ownError('INVALID_OPTION', `"${name}" must be ${wanted}`);
  }
  return ms;
}
