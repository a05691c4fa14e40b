import { ownError, type SqliteError } from './errors.js';
import {
  CONTROL_BYTES,
  LAYOUT_VERSION,
  MAX_SEGMENTS,
  SLOT_STATE_MASK,
  SLOTS,
  SUPER_JOURNALS,
  WORD,
} from './layout.js';
import type { Runtime } from './runtime.js';

function isSharedBuffer(value: unknown): value is SharedArrayBuffer {
  // Not instanceof, which fails for a buffer of another realm.
  return Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
}

function isListOfSharedBuffers(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_SEGMENTS) return false;
  // Not value.every(), to which the holes of a list are no items.
  return Array.from(value).every(isSharedBuffer);
}

function invalid(detail: string): SqliteError {
  return ownError('INVALID_RUNTIME', detail);
}

/**
 * Makes sure that a value is a runtime handle of this version.
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 */
export function requireRuntime(value: unknown): asserts value is Runtime {
  if (typeof value !== 'object' || value === null) {
    throw invalid(`The runtime is ${value === null ? 'null' : `a ${typeof value}`}`);
  }
  const handle = value as Partial<Record<keyof Runtime, unknown>>;
  if (typeof handle.sharedwal !== 'number') throw invalid('The object has no layout version');
  if (handle.sharedwal !== LAYOUT_VERSION) {
    throw ownError(
      'RUNTIME_VERSION',
      `The runtime has layout ${handle.sharedwal}, this version knows layout ${LAYOUT_VERSION}`,
    );
  }
  const complete =
    typeof handle.id === 'string' &&
    typeof handle.name === 'string' &&
    typeof handle.worker === 'number' &&
    isSharedBuffer(handle.index) &&
    isListOfSharedBuffers(handle.database) &&
    isListOfSharedBuffers(handle.writeAhead) &&
    isListOfSharedBuffers(handle.journal) &&
    isListOfSharedBuffers(handle.superJournals) &&
    (handle.superJournals as unknown[]).length === SUPER_JOURNALS;
  if (!complete) throw invalid('Parts of the handle are missing');
  if (!isSharedBuffer(handle.control) || handle.control.byteLength !== CONTROL_BYTES) {
    throw invalid('The control block is missing or has another length');
  }
}

/** The control block as words. Every access to it is atomic. */
export function controlWords(runtime: Runtime): Int32Array<SharedArrayBuffer> {
  return new Int32Array(runtime.control);
}

/** Whether `dispose()` was called on the runtime, in any context. */
export function isDisposed(words: Int32Array): boolean {
  return Atomics.load(words, WORD.DISPOSED) !== 0;
}

/** What the word of a runtime is that was disposed of by force. */
export const BY_FORCE = 2;

/**
 * Whether nobody will commit to the runtime any more. One who cannot dispose of it, since there are
 * connections, has its word say so for a moment as well.
 */
export function isOver(words: Int32Array): boolean {
  const disposed = Atomics.load(words, WORD.DISPOSED);
  return disposed === BY_FORCE || (disposed !== 0 && countConnections(words) === 0);
}

/**
 * @throws SqliteError `RUNTIME_DISPOSED`
 */
export function requireNotDisposed(runtime: Runtime): void {
  if (isDisposed(controlWords(runtime))) {
    throw ownError('RUNTIME_DISPOSED', `"${runtime.name}" cannot be opened`);
  }
}

/** Connections that are open at this moment, in all contexts. */
export function countConnections(words: Int32Array): number {
  let connections = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    if ((Atomics.load(words, WORD.SLOTS + slot) & SLOT_STATE_MASK) !== 0) connections++;
  }
  return connections;
}
