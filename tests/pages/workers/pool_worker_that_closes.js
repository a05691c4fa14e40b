// @ts-check
// A worker of a pool that ends when it is told to, as one does that calls self.close(); with `?open`
// when it is to open a connection.
import '../../../dist/pool_worker.js';

const scope = /** @type {any} */ (globalThis);
const closesEarly = scope.location.search === '?open';
scope.addEventListener('message', (/** @type {MessageEvent} */ { data }) => {
  if (data === 'close' || (closesEarly && data.kind === 'open')) scope.close();
});
