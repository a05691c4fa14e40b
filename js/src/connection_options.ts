// Options of connections that a pool takes as well: it knows nothing of the engine, so that they are looked
// at before there is one.

import { rangeError, typeError } from './errors.js';
import { choiceOption } from './options.js';

/** How the database keeps its transactions, see https://sqlite.org/pragma.html#pragma_journal_mode */
export type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist';

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 0x7fffffff;

/**
 * How long to wait for a lock, in milliseconds.
 *
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export function resolveTimeout(timeout: unknown): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout !== 'number' || !Number.isInteger(timeout) || timeout < 0) {
    throw typeError('Expected the "timeout" option to be a positive integer', 'INVALID_OPTION');
  }
  if (timeout > MAX_TIMEOUT_MS) {
    throw rangeError(`Option "timeout" cannot be greater than ${MAX_TIMEOUT_MS}`, 'INVALID_OPTION');
  }
  return timeout;
}

/**
 * @throws TypeError `INVALID_OPTION`
 */
export function resolveJournalMode(mode: unknown): JournalMode {
  return choiceOption(mode, 'journalMode', ['wal', 'delete', 'truncate', 'persist'], 'wal');
}
