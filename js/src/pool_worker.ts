// The script of a pool's workers: in a page a dedicated worker, in Node a thread.

import { listenAsWorker, type ThreadPort } from './node.js';
import type { AnswerMessage, RequestMessage } from './pool/protocol.js';
import { PoolWorker } from './pool/worker.js';

/** What a dedicated worker is to itself. */
interface WorkerScope {
  postMessage(message: AnswerMessage, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<RequestMessage>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
let port: ThreadPort | undefined;
// Posted at once: what cannot be posted is answered by an error.
const worker = new PoolWorker((answer, transfer) => (port ?? scope).postMessage(answer, transfer));
// At once, or messages that are there already would be lost in a page.
const listening = listenAsWorker((message) => void worker.answer(message as RequestMessage));
if (listening === undefined) scope.onmessage = ({ data }) => void worker.answer(data);
else {
  // Before the first message, which comes in a later turn.
  void listening.then((thread) => {
    port = thread;
  });
}
