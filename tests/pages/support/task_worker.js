// @ts-check
import { compileWasm } from '../../../dist/index.js';

/** An error that a task threw in its worker, with the name of its class and its code. */
export class TaskError extends Error {
  /** @param {{ name: string, message: string, code?: string, stack?: string }} described */
  constructor(described) {
    super(described.message);
    this.type = described.name;
    this.code = described.code;
    this.remoteStack = described.stack ?? '';
    this.stack = `${described.name} [${described.code ?? 'no code'}] in a worker: ${described.stack ?? ''}`;
  }
}

/** A worker that runs the functions of the modules in `../workers/`. */
export class TaskWorker {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #next = 1;
  #worker;

  /**
   * @param {string} name
   * @param {string | URL} script
   */
  constructor(name = 'worker', script = new URL('../workers/task_worker.js', import.meta.url)) {
    this.name = name;
    this.#worker = new Worker(script, { type: 'module', name });
    this.#worker.addEventListener('message', (event) => {
      const { id, result, error } = event.data;
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) call?.reject(new TaskError(error));
      else call?.resolve(result);
    });
    this.#worker.addEventListener('error', (event) => {
      const error = new Error(
        `the worker ${name} failed: ${event.message ?? 'it could not start'}`,
      );
      for (const call of this.#waiting.values()) call.reject(error);
      this.#waiting.clear();
    });
  }

  /** The worker itself, for what needs one. */
  get worker() {
    return this.#worker;
  }

  /**
   * @param {string} module file name in `../workers/`, without `.js`
   * @param {string} task
   * @param {unknown} [args]
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  run(module, task, args, transfer = []) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, module, task, args }, transfer);
    });
  }

  terminate() {
    this.#worker.terminate();
  }
}

/** @type {Promise<WebAssembly.Module> | undefined} */
let compiled;

/** The module, compiled once for all workers of the page, as pages with several of them should. */
export function compiledOnce() {
  compiled ??= compileWasm();
  return compiled;
}

/**
 * Runs `body` with so many workers, which share one compiled module if they are several, and ends them
 * afterwards.
 *
 * @template T
 * @param {number} count
 * @param {(workers: TaskWorker[]) => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withWorkers(count, body) {
  const workers = Array.from({ length: count }, (_, i) => new TaskWorker(`worker ${i + 1}`));
  try {
    if (count > 1) {
      const wasmModule = await compiledOnce();
      await Promise.all(
        workers.map((worker) => worker.run('database_tasks', 'load', { wasmModule })),
      );
    }
    return await body(workers);
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
