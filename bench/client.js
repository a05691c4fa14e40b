// @ts-check

/** A fresh worker with a session, seen from the page. */
export class WorkerClient {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #next = 1;
  #worker;
  /** @type {Error | undefined} */
  #failed;

  /** @param {string} name */
  constructor(name) {
    this.#worker = new Worker(new URL('./client_worker.js', import.meta.url), {
      type: 'module',
      name,
    });
    this.#worker.addEventListener('message', ({ data: { id, result, error } }) => {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) call?.reject(new Error(`${name}: ${error}`));
      else call?.resolve(result);
    });
    this.#worker.addEventListener('error', ({ message }) => {
      this.#failed = new Error(`${name}: ${message ?? 'the worker could not start'}`);
      for (const call of this.#waiting.values()) call.reject(this.#failed);
      this.#waiting.clear();
    });
  }

  /**
   * @param {string} task
   * @param {unknown} [args]
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  call(task, args, transfer = []) {
    if (this.#failed) return Promise.reject(this.#failed);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, args }, transfer);
    });
  }

  /** Closes the session and ends the worker. */
  async end() {
    try {
      await this.call('close');
    } finally {
      this.#worker.terminate();
    }
  }
}
