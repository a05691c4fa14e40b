// A worker of a page and a thread of Node, in one shape.

import { poolWorkerFile, startPoolWorker } from '../default_pool_worker.js';
import { ownError } from '../errors.js';
import { isThread, startThread, type TalkingThread } from '../node.js';
import type { AnyWorker } from '../signals.js';

/** Where the script of the workers is, or a function that starts one. */
export type WorkerSource = string | URL | (() => AnyWorker) | undefined;

/** What is told of a worker. */
export interface WorkerEvents {
  message(data: unknown): void;
  /** It cannot be relied on any more. */
  failed(error: Error): void;
  /** It has ended. In a page nobody says so. */
  exited(): void;
}

/** A worker that was started. */
export interface StartedWorker {
  readonly worker: AnyWorker;
  post(message: unknown, transfer: Transferable[]): void;
}

function listenToWorker(worker: Worker, events: WorkerEvents): void {
  worker.addEventListener('message', ({ data }) => events.message(data));
  worker.addEventListener('messageerror', () =>
    events.failed(new Error('a message could not be read')),
  );
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    const { message, error } = event;
    const reason = error instanceof Error ? error.message : message;
    // An event without a message: the script could not be loaded.
    events.failed(new Error(reason || 'its script could not be loaded'));
  });
}

function listenToThread(thread: TalkingThread, events: WorkerEvents): void {
  thread.on('message', events.message);
  thread.on('error', (error) =>
    events.failed(error instanceof Error ? error : new Error(String(error))),
  );
  thread.once('exit', events.exited);
}

async function start(source: WorkerSource): Promise<AnyWorker> {
  if (typeof source === 'function') {
    const worker: unknown = await source();
    if (typeof (worker as Worker | undefined)?.postMessage === 'function') return worker as Worker;
    throw new TypeError('The "workerUrl" function returned no worker');
  }
  const thread = startThread(() => source ?? poolWorkerFile());
  if (thread !== undefined) return thread;
  if (source === undefined) return startPoolWorker();
  return new Worker(source, { type: 'module', name: 'sharedwal pool' });
}

/**
 * Starts a worker. Whether its script can be loaded is told later, by `failed`.
 *
 * @throws SqliteError `WORKER_LOAD_FAILED`
 */
export async function startWorker(
  source: WorkerSource,
  events: WorkerEvents,
): Promise<StartedWorker> {
  const worker = await start(source).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw ownError('WORKER_LOAD_FAILED', reason, { cause });
  });
  if (isThread(worker)) listenToThread(worker as TalkingThread, events);
  else listenToWorker(worker as Worker, events);
  return {
    worker,
    post: (message, transfer) => (worker as Worker).postMessage(message, transfer),
  };
}
