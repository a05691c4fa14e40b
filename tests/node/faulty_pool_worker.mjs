// A worker of a pool with the fault that its workerData names.
import { parentPort as port, workerData } from 'node:worker_threads';

if (port === null) throw new Error('This is no thread of worker_threads');
const [on, post] = [port.on.bind(port), port.postMessage.bind(port)];

/** @type {(message: unknown) => void} */
let hear = () => {};
/** @type {any} */ (port).on = (
  /** @type {string} */ event,
  /** @type {(message: unknown) => void} */ listener,
) => {
  hear = listener;
  return on(event, listener);
};

/** @type {Record<string, (result: any) => void>} */
const faults = {
  'its connection is dead when it tells of it': (result) => {
    if (result?.connection !== undefined) hear({ id: -1, kind: 'close', body: {} });
  },
  'rows cannot be posted': (result) => {
    if (result?.values !== undefined) throw new DOMException('not cloned', 'DataCloneError');
  },
};
/** @type {any} */ (port).postMessage = (
  /** @type {{ result?: unknown }} */ answer,
  /** @type {ArrayBuffer[]} */ transfer,
) => {
  faults[workerData]?.(answer.result);
  post(answer, transfer);
};

await import('../../dist/pool_worker.js');
