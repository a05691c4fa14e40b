import { connections } from './connection_diagnostics.js';
import { typeError } from './errors.js';
import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  LOCK_NAMES,
  LOCK_STRIDE,
  LOCK_WORD,
  SIGNALS,
  SLOTS,
  WORD,
} from './layout.js';
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
  return true;
}

/**
 * Ends the statement that a connection is running, in whatever worker: it throws
 * `SQLITE_INTERRUPT` there, and its transaction is rolled back. The worker goes on. Nothing happens
 * to a connection that runs no statement.
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

const workers = new WeakMap<Worker, number>();

function requireWorker(worker: unknown): asserts worker is Worker {
  if (typeof (worker as Partial<Worker> | null)?.terminate !== 'function') {
    throw typeError('Expected second argument to be a Worker', 'INVALID_ARGUMENT');
  }
}

/**
 * The handle to post to a worker that {@link terminate} may have to end: it says whose the
 * connections are that this worker (or a worker of its own) opens with it.
 *
 * @example
 * ```ts
 * worker.postMessage({ runtime: share(runtime, worker) });
 * ```
 *
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function share(runtime: Runtime, worker: Worker): Runtime {
  requireRuntime(runtime);
  requireWorker(worker);
  let number = workers.get(worker);
  if (number === undefined) {
    // Random, since several contexts may share one runtime with workers of their own.
    number = 1 + Math.floor(Math.random() * 0x7fffffff);
    workers.set(worker, number);
  }
  return { ...runtime, worker: number };
}

/** How long a worker is given to stop by itself. */
const GRACE_MS = 20;

/**
 * Ends a worker so that others need not wait for what it holds. A worker that computes or waits
 * outlives its `terminate()` by 2 seconds in Chromium. So its connections are asked to stop first:
 * their statements throw `SQLITE_INTERRUPT`, their transactions are rolled back, and the worker is
 * ended when they have said so, or after 20 ms.
 *
 * Where SQLite looks for such requests: see {@link interrupt}. A worker that is busy in something
 * else keeps its locks until the browser has really ended it; nothing is taken from it before. So
 * does one that got the runtime otherwise than by {@link share}.
 *
 * @returns how many connections stopped by themselves
 * @throws SqliteError `INVALID_RUNTIME`, `RUNTIME_VERSION`
 * @throws TypeError `INVALID_ARGUMENT`
 */
export async function terminate(runtime: Runtime, worker: Worker): Promise<number> {
  requireRuntime(runtime);
  requireWorker(worker);
  const words = controlWords(runtime);
  const number = workers.get(worker);
  const stopping = connections(words)
    .map(({ id }) => id)
    .filter((id) => number !== undefined && workerOf(words, id) === number)
    .filter((id) => raise(words, id, SIGNALS.STOP));
  const stopped = (id: number) => ((signals(words, id) ?? SIGNALS.STOPPED) & SIGNALS.STOPPED) !== 0;
  const start = performance.now();
  while (!stopping.every(stopped) && performance.now() - start < GRACE_MS) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const count = stopping.filter(stopped).length;
  worker.terminate();
  return count;
}

function workerOf(words: Int32Array, id: number): number {
  const first = WORD.CONNECTIONS + (id % SLOTS) * CONNECTION_STRIDE;
  return Atomics.load(words, first + CONNECTION_WORD.WORKER);
}
