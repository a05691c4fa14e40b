import { SqliteError } from '../errors.js';
import { type Limit, resolveLimit, type StatementLimit } from '../limit.js';
import { booleanOption, requireKnownOptions } from '../options.js';

/** Options of a call. */
export interface CallOptions extends StatementLimit {
  /**
   * How many milliseconds the call may take, its time in the queue included. Then it ends with
   * `SQLITE_INTERRUPT`. Default: as long as it takes.
   */
  timeoutMs?: number | undefined;
  /** Ends the call, also in the middle of a statement; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Returns integers as bigints. Default: what the pool was created with. */
  safeIntegers?: boolean | undefined;
}

/** What the options of a call come to. */
export interface ResolvedCall {
  readonly limit: Limit | undefined;
  readonly safeIntegers: boolean;
}

const OPTIONS: readonly (keyof CallOptions)[] = ['timeoutMs', 'signal', 'safeIntegers'];

/**
 * @param more options besides, for the caller to look at
 * @throws SqliteError `INVALID_OPTION` for an option that nobody knows
 * @throws TypeError `INVALID_ARGUMENT`, `INVALID_OPTION`
 * @throws the reason of a signal that is aborted already
 */
export function resolveCall(
  options: CallOptions,
  safeIntegers: boolean,
  more: readonly string[] = [],
): ResolvedCall {
  requireKnownOptions(options, [...OPTIONS, ...more]);
  const { timeoutMs, signal } = options;
  const limit = resolveLimit({ timeoutMs, signal });
  limit?.signal?.throwIfAborted();
  const own = options.safeIntegers !== undefined;
  return {
    limit,
    safeIntegers: own ? booleanOption(options, 'safeIntegers', 'INVALID_OPTION') : safeIntegers,
  };
}

/**
 * Calls `end` with the reason when a limit is reached.
 *
 * @returns what lets go of the limit
 */
export function whenReached(limit: Limit | undefined, end: (reason: unknown) => void): () => void {
  if (limit === undefined) return () => {};
  const { signal, timeoutMs } = limit;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          const message = `The call took longer than its timeoutMs of ${timeoutMs} ms`;
          end(new SqliteError(message, 'SQLITE_INTERRUPT'));
        }, timeoutMs);
  const stopListening = signal === undefined ? undefined : whenAborted(signal, end);
  return () => {
    clearTimeout(timer);
    stopListening?.();
  };
}

const listeners = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();

/** One listener for all calls of a signal: Node warns of a leak when there are more than ten. */
function whenAborted(signal: AbortSignal, end: (reason: unknown) => void): () => void {
  if (signal.aborted) {
    end(signal.reason);
    return () => {};
  }
  const ends = listeners.get(signal) ?? new Set();
  if (!listeners.has(signal)) {
    listeners.set(signal, ends);
    const aborted = () => {
      for (const end of ends) end(signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
  }
  ends.add(end);
  return () => ends.delete(end);
}
