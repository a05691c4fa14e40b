// @ts-check
// A worker of a pool that ends when it is told to, as one does that calls self.close().
import '../../../dist/pool_worker.js';

const scope = /** @type {any} */ (globalThis);
scope.addEventListener('message', (/** @type {MessageEvent} */ { data }) => {
  if (data === 'close') scope.close();
});
