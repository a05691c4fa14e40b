// @ts-check
// How the page talks to the job's workers: it calls a named task and gets one answer; between the
// two the worker sends notes on how far it is.

/**
 * @typedef {{ id: number, task: string, args: any }} Call
 * @typedef {{ id: number, result?: any, error?: string }} Answer
 * @typedef {{ note: any }} Note
 */

/**
 * Answers calls with these tasks. For the worker.
 *
 * @param {Record<string, (args: any) => any>} tasks
 */
export function answerCalls(tasks) {
  globalThis.addEventListener('message', async (/** @type {MessageEvent<Call>} */ event) => {
    const { id, task, args } = event.data;
    try {
      postMessage({ id, result: await tasks[task]?.(args) });
    } catch (error) {
      const code = /** @type {{ code?: unknown }} */ (error).code;
      const stack = error instanceof Error ? error.stack : '';
      postMessage({ id, error: `${code ? `[${code}] ` : ''}${error}\n${stack}` });
    }
  });
}

/** @param {any} note */
export function sendNote(note) {
  postMessage({ note });
}

/** A worker of the job, seen from the page. */
export class JobWorker {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (reason: unknown) => void }>} */
  #waiting = new Map();
  #next = 1;
  #worker;
  /** Why it answers nothing any more. @type {unknown} */
  #ended;

  /**
   * @param {string} name
   * @param {URL} script
   * @param {(note: any) => void} onNote
   */
  constructor(name, script, onNote) {
    this.name = name;
    this.#worker = new Worker(script, { type: 'module', name });
    this.#worker.addEventListener('message', ({ data }) => {
      if ('note' in data) return onNote(data.note);
      const call = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error) call?.reject(new Error(`${name}: ${data.error}`));
      else call?.resolve(data.result);
    });
    this.#worker.addEventListener('error', (event) => {
      this.terminate(new Error(`${name}: ${event.message || 'the worker could not start'}`));
    });
  }

  /**
   * @param {string} task
   * @param {any} [args]
   * @returns {Promise<any>}
   */
  call(task, args) {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, task, args });
    });
  }

  /**
   * Its calls that have no answer yet reject, and so do all later ones.
   *
   * @param {unknown} [reason]
   */
  terminate(reason = new Error(`${this.name} was ended`)) {
    this.#ended ??= reason;
    this.#worker.terminate();
    for (const call of this.#waiting.values()) call.reject(reason);
    this.#waiting.clear();
  }
}
