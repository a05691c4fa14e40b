import { ownError } from './errors.js';
import { WORD } from './layout.js';
import type { Runtime } from './runtime.js';
import { controlWords, countConnections, isDisposed, requireRuntime } from './runtime_handle.js';

/**
 * Ends a runtime: nobody can open it any more, in no context. Its memory is freed when the last
 * context lets go of the handle. Disposing of it again does nothing.
 *
 * @throws SqliteError `RUNTIME_IN_USE` while connections are open, `INVALID_RUNTIME`,
 *   `RUNTIME_VERSION`
 */
export function dispose(runtime: Runtime): void {
  requireRuntime(runtime);
  const words = controlWords(runtime);
  if (isDisposed(words)) return;
  // First the word, then the count: a connection takes its slot, then looks at the word, so at
  // least one of the two sees the other.
  Atomics.store(words, WORD.DISPOSED, 1);
  const connections = countConnections(words);
  if (connections > 0) {
    Atomics.store(words, WORD.DISPOSED, 0);
    throw ownError('RUNTIME_IN_USE', `"${runtime.name}" has ${connections} open connections`);
  }
}
