import { resolveSignal } from './abort.js';
import { type Commit, CommitReader } from './commit_ring.js';
import { typeError } from './errors.js';
import { FEED_ROW_IDS, WORD } from './layout.js';
import { booleanOption, requireKnownOptions } from './options.js';
import type { Runtime } from './runtime.js';
import {
  controlWords,
  countConnections,
  isDisposed,
  isOver,
  requireRuntime,
} from './runtime_handle.js';

/** Options of {@link onCommit}. */
export interface OnCommitOptions {
  /**
   * Tells the ids of the changed rows, too, of ordinary tables (not `WITHOUT ROWID`, not virtual ones)
   * and up to 1000 in a commit. Commits are slower from then on, for as long as the runtime exists.
   * Default false.
   */
  rowIds?: boolean | undefined;
  /** Ends it when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** How often to look where the engine cannot wait for words asynchronously. */
const POLL_MS = 10;
/** How often to look whether the last connection to a runtime is gone that was disposed of. */
const ENDING_MS = 1000;

/**
 * Calls a function for each commit to the runtime's database from now on, in the order of the commits,
 * whichever connection made it, in whatever context; this context needs no connection. The commit is
 * visible by then to whoever begins to read, and was recorded in shared memory before it returned.
 *
 * What cannot be told is told as `tables: 'unknown'`, never left out: changes of the schema, `VACUUM`,
 * imports, commits of connections that Rust code opened, a writer that died, a database that was
 * recovered, and commits that this context was too late to read (the last 256 KiB of records are kept:
 * some thousand commits).
 *
 * Calls come in turns of the event loop, several commits in one turn if there are many. An exception of
 * the function is reported as uncaught, and the next call comes all the same. A temporary table is no
 * part of the database, and nobody is told of `sqlite_sequence`.
 *
 * While nobody has ever called this for a runtime, commits record nothing.
 *
 * @returns a function that ends it
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`; `INVALID_OPTION` for an unknown option
 * @throws TypeError `INVALID_ARGUMENT`, `INVALID_OPTION`
 */
export function onCommit(
  runtime: Runtime,
  callback: (commit: Commit) => void,
  options: OnCommitOptions = {},
): () => void {
  requireRuntime(runtime);
  if (typeof callback !== 'function') {
    throw typeError('Expected second argument to be a function', 'INVALID_ARGUMENT');
  }
  requireKnownOptions(options, ['rowIds', 'signal']);
  const rowIds = booleanOption(options, 'rowIds', 'INVALID_OPTION');
  const signal = resolveSignal(options.signal, 'INVALID_OPTION');
  if (signal?.aborted) return () => {};

  return listen(runtime, callback, { rowIds, signal });
}

/** What {@link listen} is told besides. */
export interface Listening {
  readonly rowIds?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called once, asynchronously, when the runtime is disposed of. */
  readonly disposed?: () => void;
}

/** As {@link onCommit}, for options that are right. */
export function listen(
  runtime: Runtime,
  callback: (commit: Commit) => void,
  { rowIds = false, signal, disposed }: Listening,
): () => void {
  const words = controlWords(runtime);
  const reader = new CommitReader(words, rowIds ? FEED_ROW_IDS : 0);
  let stopped = false;
  let told = false;

  /** If it stands a turn later: a connection may be closed just as somebody fails to dispose of its runtime. */
  const tellLater = (): void =>
    later(() => {
      if (told || !isOver(words)) return;
      told = true;
      disposed?.();
    }, 0);

  const look = (): void => {
    const upTo = reader.last;
    while (!stopped) {
      const commit = reader.next(upTo);
      if (commit === undefined) break;
      try {
        callback(commit);
      } catch (error) {
        report(error);
      }
    }
    if (!stopped) wait();
  };

  const wait = (): void => {
    const ending = isDisposed(words);
    if (!told && disposed !== undefined && isOver(words)) tellLater();
    if (ending && countConnections(words) === 0 && reader.expected === (reader.last | 0)) {
      stop();
      return;
    }
    if (Atomics.waitAsync === undefined) {
      later(look, POLL_MS);
      return;
    }
    const timeout = ending ? ENDING_MS : Number.POSITIVE_INFINITY;
    const waiting = Atomics.waitAsync(words, WORD.FEED_SEQUENCE, reader.expected, timeout);
    // Others get their turn before the next commits.
    if (waiting.async) void waiting.value.then(look);
    else later(look, 0);
    // Its wake-up has come too early then.
    if (!ending && isDisposed(words)) Atomics.notify(words, WORD.FEED_SEQUENCE);
  };

  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    signal?.removeEventListener('abort', stop);
    // Lets the asynchronous wait go, and with it the hold of the memory.
    Atomics.notify(words, WORD.FEED_SEQUENCE);
  };

  signal?.addEventListener('abort', stop);
  wait();
  return stop;
}

/** In Node a timer would keep the process alive. */
function later(call: () => void, ms: number): void {
  const timer: unknown = setTimeout(call, ms);
  (timer as { unref?: () => void }).unref?.();
}

function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
