// @ts-check
// The playground's runtime and the workers that share it. Knows nothing of the page.
import { compileWasm, createRuntime, dispose, interrupt, onCommit } from 'sharedwal';
import { memoryOptions } from '../job/memory.js';
import { JobWorker } from '../job/protocol.js';

/**
 * @typedef {import('./worker.js').Outcome} Outcome
 * @typedef {import('./database_worker.js').Relation} Relation
 * @typedef {import('sharedwal').ImageProgress} ImageProgress
 */

export const WORKERS = 4;

export class Session {
  #runtime = createRuntime({ name: 'playground', ...memoryOptions() });
  #workers = Array.from(
    { length: WORKERS },
    (_, i) => new JobWorker(`worker ${i + 1}`, new URL('./worker.js', import.meta.url), () => {}),
  );
  #database = new JobWorker(
    'database worker',
    new URL('./database_worker.js', import.meta.url),
    (progress) => this.onProgress(progress),
  );
  /** @type {number[]} */
  #connections = [];
  /** While the database worker copies it hears of nothing else. */
  #cancelled = new Int32Array(new SharedArrayBuffer(4));
  #fetching = new AbortController();

  /** Told while a database is imported. @type {(progress: ImageProgress) => void} */
  onProgress = () => {};

  async connect() {
    const given = { runtime: this.#runtime, wasmModule: await compileWasm() };
    // One first: it makes the database what it is, and the others find it so.
    const [first, ...others] = this.#workers;
    const id = await first?.call('connect', given);
    this.#connections = [
      id,
      ...(await Promise.all(others.map((worker) => worker.call('connect', given)))),
    ];
    await this.#database.call('connect', { ...given, cancelled: this.#cancelled });
  }

  /**
   * @param {number} worker
   * @param {{ sql: string, plan: boolean }} what
   * @returns {Promise<{ outcomes: Outcome[], inTransaction: boolean }>}
   */
  run(worker, what) {
    return this.#at(worker).call('run', what);
  }

  /** @param {number} worker */
  cancel(worker) {
    const id = this.#connections[worker];
    if (id !== undefined) interrupt(this.#runtime, id);
  }

  /** @returns {Promise<Relation[]>} */
  schema() {
    return this.#database.call('schema');
  }

  /** @param {import('./samples.js').Sample} sample */
  async load(sample) {
    this.#beginReplacing();
    await this.#database.call(sample.task, await sample.load(this.#fetching.signal));
  }

  /** @param {{ database: File, wal?: File | undefined }} image */
  async import(image) {
    this.#beginReplacing();
    await this.#database.call('importImage', image);
  }

  /** Ends what replaces the database; it stays as it was. */
  cancelReplacing() {
    Atomics.store(this.#cancelled, 0, 1);
    this.#fetching.abort();
  }

  /** @returns {Promise<Uint8Array<ArrayBuffer>>} */
  export() {
    return this.#database.call('exportImage');
  }

  /**
   * @param {(commit: { worker: number | undefined, tables: readonly string[] | 'unknown' }) => void} listener
   *   `worker`: undefined for what is not of the console's workers
   */
  onCommit(listener) {
    return onCommit(this.#runtime, ({ connectionId, tables }) => {
      const worker = connectionId === undefined ? -1 : this.#connections.indexOf(connectionId);
      listener({ worker: worker < 0 ? undefined : worker, tables });
    });
  }

  close() {
    for (const worker of [...this.#workers, this.#database]) worker.terminate();
    dispose(this.#runtime, { force: true });
  }

  #beginReplacing() {
    Atomics.store(this.#cancelled, 0, 0);
    this.#fetching = new AbortController();
  }

  /** @param {number} worker */
  #at(worker) {
    const found = this.#workers[worker];
    if (found === undefined) throw new Error(`there is no worker ${worker + 1}`);
    return found;
  }
}
