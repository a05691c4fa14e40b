// @ts-check

const SCRIPT = new URL('./client_worker.js', import.meta.url);

/** A fresh worker with a session, seen from the page. */
export class WorkerClient {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #next = 1;
  #worker;
  /** @type {Error | undefined} */
  #failed;

  /**
   * @param {string} name
   * @param {URL} script what answers in the worker
   */
  constructor(name, script = SCRIPT) {
    this.#worker = new Worker(script, { type: 'module', name });
    this.#worker.addEventListener('message', ({ data: { id, result, error } }) => {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) call?.reject(new Error(`${name}: ${error}`));
      else call?.resolve(result);
    });
    this.#worker.addEventListener('error', ({ message }) => {
      this.fail(new Error(`${name}: ${message ?? 'the worker could not start'}`));
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

  /**
   * Calls a task until it answers what it should.
   *
   * @param {unknown} expected
   * @param {number} milliseconds for which to go on
   * @param {string} task
   * @returns {Promise<any>} the last answer
   */
  async callUntil(expected, milliseconds, task) {
    const end = performance.now() + milliseconds;
    let answer = await this.call(task);
    while (answer !== expected && performance.now() < end) answer = await this.call(task);
    return answer;
  }

  /** Ends the worker in the middle of what it does. */
  terminate() {
    this.#worker.terminate();
  }

  /**
   * Ends the worker; all that is asked of it fails.
   *
   * @param {Error} error
   */
  fail(error) {
    this.#failed = error;
    this.#worker.terminate();
    for (const call of this.#waiting.values()) call.reject(error);
    this.#waiting.clear();
  }

  /** Closes the session and ends the worker. */
  async end() {
    try {
      if (!this.#failed) await this.call('close');
    } finally {
      this.#worker.terminate();
    }
  }
}
