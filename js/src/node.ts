// What is different in Node. Its threads are a page's workers, but each has a number that no other
// thread of the process ever has, and whoever started one is told when it has really ended. And its
// fetch() reads no files.

/** A thread as the one that started it has it. */
export interface Thread {
  /** -1 once it has ended. */
  readonly threadId: number;
  once(event: 'exit', listener: () => void): unknown;
}

/** What {@link Thread} has besides, for who talks to it. */
export interface TalkingThread extends Thread {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  terminate(): unknown;
}

/** What a thread has of the one that started it. */
export interface ThreadPort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
}

interface WorkerThreads {
  readonly threadId: number;
  readonly parentPort: ThreadPort | null;
  readonly Worker: new (script: URL) => TalkingThread;
}

interface NodeProcess {
  versions?: { node?: string };
  getBuiltinModule?: (name: string) => unknown;
  on(event: 'worker', listener: (worker: Thread) => void): unknown;
}

const { process } = globalThis as { process?: NodeProcess };
const inNode = process?.versions?.node !== undefined;

/** Whether a worker is one of Node's. */
export function isThread(worker: unknown): worker is Thread {
  const { threadId, once } = (worker ?? {}) as Partial<Thread>;
  return inNode && typeof threadId === 'number' && typeof once === 'function';
}

async function builtin(name: string): Promise<unknown> {
  // Not in the import itself: a bundler for pages would look for it.
  return (
    process?.getBuiltinModule?.(name) ??
    (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))
  );
}

let thread = 0;

/** To be called before {@link ownThreadId}. */
export async function learnThreadId(): Promise<void> {
  if (!inNode) return;
  thread = (await workerThreads()).threadId;
}

/** The number of this thread; 0 for the first one, and outside of Node. */
export function ownThreadId(): number {
  return thread;
}

async function workerThreads(): Promise<WorkerThreads> {
  return (await builtin('node:worker_threads')) as WorkerThreads;
}

/** Starts a thread; undefined outside of Node. */
export function startThread(script: () => string | URL): Promise<TalkingThread> | undefined {
  if (!inNode) return undefined;
  return workerThreads().then(({ Worker }) => new Worker(new URL(script())));
}

/** Listens to who started this thread, and gives what to answer by; undefined outside of Node. */
export function listenAsWorker(
  listener: (message: unknown) => void,
): Promise<ThreadPort> | undefined {
  if (!inNode) return undefined;
  return workerThreads().then(({ parentPort }) => {
    if (parentPort === null) throw new Error('This is no thread of worker_threads');
    parentPort.on('message', listener);
    return parentPort;
  });
}

/** The content of a file; undefined if the address is none of a file's, or outside of Node. */
export async function readFileBytes(
  url: string | URL,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!inNode || !String(url).startsWith('file:')) return undefined;
  const files = (await builtin('node:fs/promises')) as {
    readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return files.readFile(new URL(url));
}

/** Tells of each thread that this one starts from now on. */
export function onThread(listener: (thread: Thread) => void): void {
  if (inNode) process?.on('worker', listener);
}
