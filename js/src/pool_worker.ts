// The script of a pool's workers: in a page a dedicated worker, in Node a thread.

import { listenAsWorker } from './node.js';
import type { AnswerMessage, RequestMessage } from './pool/protocol.js';
import { PoolWorker } from './pool/worker.js';

/** What a dedicated worker is to itself. */
interface WorkerScope {
  postMessage(message: AnswerMessage, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<RequestMessage>) => void) | null;
}

// At once, or messages that are there already would be lost in a page.
const port = listenAsWorker((message) => void worker.answer(message as RequestMessage));
const scope = globalThis as unknown as WorkerScope;
const worker = new PoolWorker((answer, transfer) => {
  if (port === undefined) scope.postMessage(answer, transfer);
  else void port.then((port) => port.postMessage(answer, transfer));
});
if (port === undefined) scope.onmessage = ({ data }) => void worker.answer(data);
