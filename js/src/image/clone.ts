import { dispose } from '../dispose.js';
import { fillRuntime } from '../engine.js';
import { WORD } from '../layout.js';
import { requireOpenable } from '../open.js';
import { requireKnownOptions } from '../options.js';
import { forThisThread } from '../own_handle.js';
import { createRuntime, RUNTIME_OPTIONS, type Runtime, type RuntimeOptions } from '../runtime.js';
import { controlWords, requireRuntime } from '../runtime_handle.js';
import { maxBytes } from './capacity.js';
import { IMAGE_OPTIONS, type ImageOptions, resolveOptions } from './options.js';
import { retryWhileBusy } from './retry_while_busy.js';

/**
 * Options of {@link clone}: those of {@link createRuntime}, whose defaults are the original's here
 * (but for the initial capacities), and those of a copy.
 */
export interface CloneOptions extends RuntimeOptions, ImageOptions {}

/**
 * Makes a new runtime with the same content as another one has at this moment, whatever is open
 * there. They have nothing to do with each other afterwards. The content is copied once, page by
 * page, as by an import.
 *
 * A signal ends it before it begins to copy; after that, if `onProgress` aborts it.
 *
 * @throws SqliteError as {@link createRuntime} and {@link open} do; `IMAGE_TOO_LARGE` where the
 *   capacity is too small; `SQLITE_INTERRUPT`; `SQLITE_BUSY`
 * @throws TypeError or RangeError `INVALID_OPTION`
 */
export async function clone(runtime: Runtime, options: CloneOptions = {}): Promise<Runtime> {
  requireKnownOptions(options, [...RUNTIME_OPTIONS, ...IMAGE_OPTIONS]);
  const resolved = resolveOptions(options);
  const { timeoutMs, signal } = resolved;
  requireRuntime(runtime);
  const made = createRuntime(runtimeOptions(runtime, options));
  try {
    await requireOpenable(runtime, options, signal);
    const [source, target] = [runtime, made].map(forThisThread) as [Runtime, Runtime];
    await retryWhileBusy(resolved, (progress) =>
      fillRuntime(source, target, timeoutMs, signal, progress),
    );
    return made;
  } catch (error) {
    dispose(made, { force: true });
    throw error;
  }
}

function runtimeOptions(runtime: Runtime, options: CloneOptions): RuntimeOptions {
  const words = controlWords(runtime);
  const [segment] = runtime.database;
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && RUNTIME_OPTIONS.includes(name as never),
  );
  return {
    name: runtime.name,
    maxDatabaseCapacityBytes: maxBytes(runtime.database),
    maxWriteAheadCapacityBytes: maxBytes(runtime.writeAhead),
    segmentCapacityBytes: runtime.database.length > 1 ? maxBytes([segment as never]) : undefined,
    lockStaleMs: Atomics.load(words, WORD.LOCK_STALE_MS),
    webLocks: Atomics.load(words, WORD.WEB_LOCKS_OFF) === 0,
    fixedCapacity: segment?.growable !== true,
    ...Object.fromEntries(given),
  };
}
