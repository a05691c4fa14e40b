// One worker of a pool, from its start to its end. It knows nothing of the others.

import { ownError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { interrupt, share, terminate } from '../signals.js';
import { watchOver } from '../watch.js';
import { whenDead } from './connected.js';
import { codeOf, revive } from './error_message.js';
import { whenFree } from './life_lock.js';
import type {
  AnswerMessage,
  ConnectionOptions,
  Kind,
  RequestMessage,
  Requests,
  Results,
} from './protocol.js';
import { type StartedWorker, startWorker, type WorkerSource } from './start_worker.js';

/** What all members of a pool have in common. */
export interface MemberPlan {
  readonly runtime: Runtime;
  readonly source: WorkerSource;
  /** The compiled module. */
  readonly wasmModule: () => Promise<WebAssembly.Module>;
  readonly options: ConnectionOptions;
  readonly setup: string | undefined;
}

/** What a member tells its lane. */
export interface MemberEvents {
  ready(member: Member): void;
  /** @param started whether it had become ready before */
  ended(member: Member, error: Error, started: boolean): void;
}

/** A request that was posted. */
export interface Posted<K extends Kind> {
  readonly id: number;
  readonly answer: Promise<Results[K]>;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What an answer says of the connection as such: it can do nothing any more. */
const USELESS: readonly unknown[] = ['POISONED', 'EVICTED', 'RUNTIME_DISPOSED'];

const START_MS = 60_000;
const CANCEL_AGAIN_MS = 10;
/** How long a worker is given to close its connections, and to be done with opening one. */
const CLOSE_MS = 500;
const CLOSE_STARTING_MS = 5000;

/** A worker of a pool, and its connection. */
export class Member {
  /** How many streams read there. */
  streams = 0;
  /** Requests that it has answered. */
  answered = 0;

  #state: 'starting' | 'ready' | 'ended' = 'starting';
  #connection: number | undefined;
  #started: StartedWorker | undefined;
  #next = 1;
  #stopWatching = () => {};
  #stopWaiting = () => {};
  /** Set when it is closed: what requests that are ended by that reject with. */
  #closing: Error | undefined;
  /** Whether its script runs. */
  #isThere = false;
  readonly #starting: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #onEnd = new Set<(error: Error) => void>();
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));

  constructor(
    readonly plan: MemberPlan,
    readonly readonly: boolean,
    readonly events: MemberEvents,
  ) {
    const limit = setTimeout(
      () => this.#end(ownError('WORKER_LOAD_FAILED', `It did not answer within ${START_MS} ms`)),
      START_MS,
    );
    this.#starting = this.#start()
      .catch((error: unknown) => this.#end(error as Error))
      .finally(() => clearTimeout(limit));
  }

  /** Whether it takes requests. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** The number of its connection, once it is there. */
  get connection(): number | undefined {
    return this.#connection;
  }

  async #start(): Promise<void> {
    const { plan } = this;
    const wasmModule = await plan.wasmModule();
    this.#started = await startWorker(plan.source, {
      message: (data) => this.#answered(data as AnswerMessage),
      failed: (error) => this.#end(this.#failure(error)),
      exited: () => this.#end(this.#failure(new Error('its thread has ended'))),
    });
    const { worker } = this.#started;
    if (this.#state === 'ended') {
      worker.terminate();
      return;
    }
    await this.#hello();
    const { answer } = this.post('open', {
      runtime: share(plan.runtime, worker),
      wasmModule,
      options: plan.options,
      readonly: this.readonly,
      setup: plan.setup,
      cancelled: this.#cancelled,
    });
    const { connection } = await answer;
    // It may have been ended meanwhile.
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#connection = connection;
    watchOver(plan.runtime);
    this.#stopWatching = whenDead(plan.runtime, connection, () =>
      this.#end(this.#failure(new Error('its connection is dead'))),
    );
    // It may have died already.
    if (this.isReady) this.events.ready(this);
  }

  /** The worker is there. From now on its end is told, where the engine tells it in some way. */
  async #hello(): Promise<void> {
    const lock = `sharedwal:pool:${crypto.randomUUID()}`;
    const isHeld = await this.post('hello', { lock }).answer;
    this.#isThere = true;
    if (!isHeld || this.#state === 'ended') return;
    this.#stopWaiting = whenFree(lock, () =>
      this.#end(this.#failure(new Error('its thread has ended'))),
    );
  }

  #failure(cause: Error): Error {
    return !this.#isThere
      ? ownError('WORKER_LOAD_FAILED', cause.message, { cause })
      : ownError('WORKER_DIED', `A worker of the pool cannot go on: ${cause.message}`, { cause });
  }

  /** Posts a request. Its answer rejects with what the worker threw, or with `WORKER_DIED`. */
  post<K extends Kind>(kind: K, body: Requests[K], transfer: Transferable[] = []): Posted<K> {
    const id = this.#next++;
    const answer = new Promise<Results[K]>((resolve, reject) => {
      if (this.#state === 'ended') {
        reject(ownError('WORKER_DIED', 'A worker of the pool has ended'));
        return;
      }
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      try {
        this.#started?.post({ id, kind, body } as RequestMessage, transfer);
      } catch (error) {
        this.#pending.delete(id);
        reject(error);
      }
    });
    return { id, answer };
  }

  #answered(message: AnswerMessage): void {
    const { id } = message;
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.answered++;
    if (!('error' in message)) {
      pending.resolve(message.result);
      return;
    }
    if (this.#closing !== undefined) {
      pending.reject(this.#closing);
      return;
    }
    const error = revive(message.error);
    const code = codeOf(error);
    if (!USELESS.includes(code) || this.#state !== 'ready') {
      pending.reject(error);
      return;
    }
    const failure = this.#failure(error);
    pending.reject(code === 'RUNTIME_DISPOSED' ? error : failure);
    this.#end(failure);
  }

  /**
   * Has a request end: at once if it has not begun, else where SQLite looks for an interrupt. It is
   * answered in any case.
   *
   * @param connection where its statement runs
   */
  cancel(id: number, connection = this.#connection): void {
    if (!this.#pending.has(id) || connection === undefined) return;
    Atomics.store(this.#cancelled, 0, id);
    interrupt(this.plan.runtime, connection);
    // What comes between two statements, or before the first, ends none.
    setTimeout(() => this.cancel(id, connection), CANCEL_AGAIN_MS);
  }

  /**
   * Calls `listener` when the worker ends.
   *
   * @returns what removes the listener
   */
  onEnd(listener: (error: Error) => void): () => void {
    this.#onEnd.add(listener);
    return () => void this.#onEnd.delete(listener);
  }

  #end(error: Error): void {
    if (this.#state === 'ended') return;
    const started = this.#state === 'ready';
    this.#state = 'ended';
    this.#stopWatching();
    this.#stopWaiting();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    for (const listener of this.#onEnd) listener(error);
    this.#onEnd.clear();
    // Some of what makes it useless leaves it running.
    this.#terminate().catch(() => {});
    this.events.ended(this, error, started);
  }

  async #terminate(): Promise<void> {
    const worker = this.#started?.worker;
    if (worker !== undefined) await terminate(this.plan.runtime, worker);
  }

  /**
   * Ends what it was asked for, closes its connections and ends it. What cannot be done any more
   * rejects with an error; what is done already resolves.
   */
  async close(error: Error): Promise<void> {
    // One that is ended while it opens a connection would leave a slot taken for a while.
    await within(CLOSE_STARTING_MS, this.#starting);
    if (this.#state === 'ready') {
      this.#closing = error;
      // Its connection and its thread end now, and that is no failure.
      this.#stopWatching();
      this.#stopWaiting();
      for (const id of this.#pending.keys()) this.cancel(id);
      // Answers come in their order: after this one all others are here.
      await within(CLOSE_MS, this.post('close', {}).answer);
    }
    const terminated = this.#terminate();
    this.#end(error);
    await terminated;
  }
}

/** Waits for something, but not longer than so. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
