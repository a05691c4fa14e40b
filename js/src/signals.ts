import { connections } from './connection_diagnostics.js';
import { typeError } from './errors.js';
import { watchThread, watchThreadsOf } from './exits.js';
import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  LOCK_NAMES,
  LOCK_STRIDE,
  LOCK_WORD,
  SIGNALS,
  SLOTS,
  WORD,
  WORKER_VOUCHED,
} from './layout.js';
import { isThread } from './node.js';
import type { Runtime } from './runtime.js';
import { controlWords, requireRuntime } from './runtime_handle.js';

function requireConnectionId(id: unknown): asserts id is number {
  if (!Number.isSafeInteger(id) || (id as number) < 0) {
    throw typeError('Expected second argument to be the id of a connection', 'INVALID_ARGUMENT');
  }
}

/** The word in which a connection is asked for something. */
function signalsWord(id: number): number {
  return WORD.CONNECTIONS + (id % SLOTS) * CONNECTION_STRIDE + CONNECTION_WORD.SIGNALS;
}

/** What a connection is asked for; undefined if there is no such connection any more. */
function signals(words: Int32Array, id: number): number | undefined {
  const state = Atomics.load(words, WORD.SLOTS + (id % SLOTS));
  const generation = Math.floor(id / SLOTS);
  return (state & 0xff) !== 0 && state >>> 8 === generation
    ? Atomics.load(words, signalsWord(id)) & 0xff
    : undefined;
}

/** Asks a connection for something and wakes it; false if it is not there any more. */
export function raise(words: Int32Array, id: number, signal: number): boolean {
  const [at, generation] = [signalsWord(id), Math.floor(id / SLOTS)];
  let was = Atomics.load(words, at);
  for (;;) {
    if (was >>> 8 !== generation || signals(words, id) === undefined) return false;
    const now = Atomics.compareExchange(words, at, was, was | signal);
    if (now === was) break;
    was = now;
  }
  // Counted as well, or one that is just about to sleep would not notice.
  for (let lock = 0; lock < LOCK_NAMES.length; lock++) {
    const releases = WORD.LOCKS + lock * LOCK_STRIDE + LOCK_WORD.RELEASES;
    Atomics.add(words, releases, 1);
    Atomics.notify(words, releases);
  }
  if (signal !== SIGNALS.INTERRUPT) {
    // For one that runs nothing, and waits by its event loop.
    Atomics.add(words, WORD.ROSTER, 1);
    Atomics.notify(words, WORD.ROSTER);
  }
  return true;
}

/** Asks the living to clean up after those that are marked dead. */
export function askToReap(words: Int32Array): void {
  for (const { id, state } of connections(words)) {
    if (state === 'live' || state === 'unproven') raise(words, id, SIGNALS.REAP);
  }
}

/**
 * Ends the statement that a connection is running, in whatever worker: it throws
 * `SQLITE_INTERRUPT` there, and its transaction is rolled back. Iterators of that connection that
 * are not at their end throw it too. The worker goes on. Nothing happens to a connection that runs
 * no statement.
 *
 * It is obeyed within some 10 microseconds while SQLite runs instructions of its virtual machine,
 * at once while the connection waits for a lock, and page by page in a checkpoint; but not inside
 * one long sort, one call of a built-in function on a huge value, or a JavaScript function.
 *
 * @param id `Database.connectionId`, or the `id` of a connection in `diagnostics(runtime)`
 * @returns whether there is such a connection
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function interrupt(runtime: Runtime, id: number): boolean {
  requireRuntime(runtime);
  requireConnectionId(id);
  return raise(controlWords(runtime), id, SIGNALS.INTERRUPT);
}

/** A `Worker` of a page, or of Node's `worker_threads`. */
export interface AnyWorker {
  terminate(): unknown;
}

const workers = new WeakMap<AnyWorker, number>();

function requireWorker(worker: unknown): asserts worker is AnyWorker {
  if (typeof (worker as Partial<AnyWorker> | null)?.terminate !== 'function') {
    throw typeError('Expected second argument to be a Worker', 'INVALID_ARGUMENT');
  }
}

/** The number of a worker, which a thread of Node has by itself. */
function numberOf(worker: AnyWorker): number | undefined {
  const known = workers.get(worker);
  return known === undefined && isThread(worker) && worker.threadId > 0 ? worker.threadId : known;
}

/**
 * The handle to post to a worker that {@link terminate} may have to end: it says whose the
 * connections are that this worker (or a worker of its own) opens with it. In Node this context is told
 * from then on when the thread has ended, and has cleaned up after it; a thread that starts another
 * shares its handle with it in the same way.
 *
 * @example
 * ```ts
 * worker.postMessage({ runtime: share(runtime, worker) });
 * ```
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function share(runtime: Runtime, worker: AnyWorker): Runtime {
  requireRuntime(runtime);
  requireWorker(worker);
  // Random in a page, since several contexts may share one runtime with workers of their own.
  const number = numberOf(worker) ?? 1 + Math.floor(Math.random() * 0x7fffffff);
  workers.set(worker, number);
  if (isThread(worker)) {
    watchThreadsOf(runtime);
    watchThread(worker);
  }
  return { ...runtime, worker: number };
}

/** How long a worker is given to stop by itself. */
const GRACE_MS = 20;

/**
 * Ends a worker so that others need not wait for what it holds. A worker that computes or waits
 * outlives its `terminate()` by 2 seconds in Chromium. So its connections are asked to stop first:
 * their statements throw `SQLITE_INTERRUPT`, their transactions are rolled back, and the worker is
 * ended when they have said so, or after 20 ms. One that runs nothing says so by its event loop.
 *
 * A connection of the worker to another runtime is not asked, also if it has attached this one, but
 * for the time in which it waits for this one's locks.
 *
 * Where SQLite looks for such requests: see {@link interrupt}. A worker that is busy in something
 * else keeps its locks until the browser has really ended it; nothing is taken from it before. So
 * does one that got the runtime otherwise than by {@link share}.
 *
 * @returns how many connections stopped by themselves
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 * @throws TypeError `INVALID_ARGUMENT`
 */
export async function terminate(runtime: Runtime, worker: AnyWorker): Promise<number> {
  requireRuntime(runtime);
  requireWorker(worker);
  const words = controlWords(runtime);
  const number = numberOf(worker);
  const stopping = connections(words)
    .map(({ id }) => id)
    .filter((id) => number !== undefined && workerOf(words, id) === number)
    .filter((id) => raise(words, id, SIGNALS.STOP));
  const stopped = (id: number) => ((signals(words, id) ?? SIGNALS.STOPPED) & SIGNALS.STOPPED) !== 0;
  const end = performance.now() + GRACE_MS;
  for (const id of stopping) {
    for (let left = GRACE_MS; left > 0 && !stopped(id); left = end - performance.now()) {
      await changed(words, signalsWord(id), left, () => stopped(id));
    }
  }
  const count = stopping.filter(stopped).length;
  worker.terminate();
  return count;
}

/** Waits until somebody notifies a word, unless what is waited for has happened by then. */
async function changed(
  words: Int32Array<SharedArrayBuffer>,
  at: number,
  ms: number,
  happened: () => boolean,
): Promise<void> {
  if (Atomics.waitAsync === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return;
  }
  const was = Atomics.load(words, at);
  if (!happened()) await Atomics.waitAsync(words, at, was, ms).value;
}

/** The number of the worker that a connection belongs to, or 0. */
export function workerOf(words: Int32Array, id: number): number {
  const first = WORD.CONNECTIONS + (id % SLOTS) * CONNECTION_STRIDE;
  const worker = Atomics.load(words, first + CONNECTION_WORD.WORKER);
  const check = Atomics.load(words, first + CONNECTION_WORD.WORKER_CHECK);
  return (worker ^ check) === (id | 0) ? worker & ~WORKER_VOUCHED : 0;
}
