import { abortable } from '../abort.js';
import { canBlock } from '../blocking.js';
import { SqliteError } from '../errors.js';
import type { ResolvedOptions } from './options.js';

const LONGEST_PAUSE_MS = 50;

/**
 * Waits for other connections where SQLite cannot, which on the main thread gives up at once: what
 * others are in the way of is begun anew, until the time is over. This context's other tasks run
 * in between, for at least as long as an attempt took.
 *
 * @param attempt may tell how many bytes of how many it has copied: nobody is in its way then, and
 *   what it throws is final. A signal that `onProgress` aborts ends it, unless all is copied.
 */
export async function retryWhileBusy<T>(
  { timeoutMs, signal, onProgress }: ResolvedOptions,
  attempt: (progress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let isFinal = canBlock();
  const progress = (done: number, total: number) => {
    isFinal = true;
    onProgress?.({ phase: 'copying', done, total });
    if (done < total) signal?.throwIfAborted();
  };
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const began = performance.now();
    try {
      return await attempt(progress);
    } catch (error) {
      const now = performance.now();
      if (isFinal || !isBusy(error) || now >= end) throw error;
      const ms = Math.min(Math.max(pauseMs, now - began), end - now);
      await abortable(signal, new Promise((resolve) => setTimeout(resolve, ms)));
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY');
}
