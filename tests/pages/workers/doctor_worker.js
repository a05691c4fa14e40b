// @ts-check
// Says what doctor() says in a worker of any kind.
import { doctor } from '../../../dist/doctor/index.js';

/** @type {any} */
const scope = globalThis;
const said = async () => structuredClone(await doctor());
if ('SharedWorkerGlobalScope' in scope) {
  scope.onconnect = async (/** @type {MessageEvent} */ { ports }) =>
    ports[0]?.postMessage(await said());
} else if ('ServiceWorkerGlobalScope' in scope) {
  scope.onmessage = async (/** @type {any} */ { source }) => source.postMessage(await said());
} else {
  said().then((diagnosis) => scope.postMessage(diagnosis));
}
