import { resolveSignal } from './abort.js';
import { typeError } from './errors.js';
import { requireKnownOptions } from './options.js';

/** Options of {@link Statement.limit}. */
export interface StatementLimit {
  /** How many milliseconds an execution may take, from 1 on. */
  timeoutMs?: number | undefined;
  /** Ends it when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** What {@link StatementLimit} comes to; undefined where it limits nothing. */
export interface Limit {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const MAX_TIMEOUT_MS = 0x7fffffff;

/**
 * @throws SqliteError `INVALID_OPTION` for an option that nobody knows
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function resolveLimit(limit: StatementLimit): Limit | undefined {
  if (typeof limit !== 'object' || limit === null) {
    throw typeError('Expected first argument to be an options object', 'INVALID_ARGUMENT');
  }
  requireKnownOptions(limit, ['timeoutMs', 'signal']);
  const { timeoutMs } = limit;
  const valid =
    timeoutMs === undefined ||
    (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS);
  if (!valid) {
    throw typeError(
      `Expected the "timeoutMs" option to be a whole number from 1 to ${MAX_TIMEOUT_MS}`,
      'INVALID_ARGUMENT',
    );
  }
  const signal = resolveSignal(limit.signal, 'INVALID_ARGUMENT');
  return timeoutMs === undefined && signal === undefined ? undefined : { timeoutMs, signal };
}
