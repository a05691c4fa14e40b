import { abortable } from '../abort.js';
import { canBlock } from '../blocking.js';
import { SqliteError } from '../errors.js';

const LONGEST_PAUSE_MS = 50;

/**
 * Waits for other connections where SQLite cannot, which on the main thread gives up at once: what
 * others are in the way of is begun anew, until the time is over. This context's other tasks run
 * in between, for at least as long as an attempt took.
 *
 * @param attempt calls `begun` when nobody is in its way any more: what it throws then is final
 */
export async function retryWhileBusy<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  attempt: (begun: () => void) => Promise<T>,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let isFinal = canBlock();
  const begun = () => {
    isFinal = true;
  };
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const began = performance.now();
    try {
      return await attempt(begun);
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
