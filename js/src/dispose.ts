import { connections } from './connection_diagnostics.js';
import { ownError } from './errors.js';
import { SIGNALS, WORD } from './layout.js';
import { booleanOption, requireKnownOptions } from './options.js';
import type { Runtime } from './runtime.js';
import {
  BY_FORCE,
  controlWords,
  countConnections,
  isDisposed,
  requireRuntime,
} from './runtime_handle.js';
import { raise } from './signals.js';

/** Options of {@link dispose}. */
export interface DisposeOptions {
  /**
   * Ends the connections that are open. Their running statements, and all calls on them but
   * `close()`, throw `RUNTIME_DISPOSED`; a transaction that has not committed is rolled back.
   * Default false.
   */
  force?: boolean | undefined;
}

/**
 * Ends a runtime: nobody can open it any more, in no context. Its memory is freed when the last
 * context lets go of the handle. Disposing of it again does nothing.
 *
 * By force it does not wait: a statement ends where SQLite looks for an {@link interrupt}.
 *
 * @throws SqliteError `RUNTIME_IN_USE` while connections are open, unless by force;
 *   `INVALID_RUNTIME`, `RUNTIME_VERSION`; `INVALID_OPTION` for an unknown option
 * @throws TypeError `INVALID_OPTION`
 */
export function dispose(runtime: Runtime, options: DisposeOptions = {}): void {
  requireRuntime(runtime);
  requireKnownOptions(options, ['force']);
  const words = controlWords(runtime);
  if (booleanOption(options, 'force', 'INVALID_OPTION')) {
    // First the word, then those who are there: a connection says that it is, then looks at the
    // word, so at least one of the two sees the other.
    Atomics.store(words, WORD.DISPOSED, BY_FORCE);
    for (const { id } of connections(words)) raise(words, id, SIGNALS.STOP | SIGNALS.DISPOSED);
    letListenersGo(words);
    return;
  }
  if (isDisposed(words)) return;
  // In the same way: a connection takes its slot, then looks at the word.
  Atomics.compareExchange(words, WORD.DISPOSED, 0, 1);
  const open = countConnections(words);
  if (open > 0 && Atomics.compareExchange(words, WORD.DISPOSED, 1, 0) === 1) {
    throw ownError('RUNTIME_IN_USE', `"${runtime.name}" has ${open} open connections`);
  }
  letListenersGo(words);
}

/** Nobody commits any more: what waits for that looks once more, and ends. */
function letListenersGo(words: Int32Array): void {
  Atomics.notify(words, WORD.FEED_SEQUENCE);
}
