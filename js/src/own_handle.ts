import { WORKER_VOUCHED } from './layout.js';
import { ownThreadId } from './node.js';
import type { Runtime } from './runtime.js';

/**
 * The handle that says whose the connections are. A thread of Node knows its number; that its end
 * will be told to somebody it knows if the handle was made for it.
 */
export function forThisThread(runtime: Runtime): Runtime {
  const thread = ownThreadId();
  if (thread === 0 || (runtime.worker !== 0 && runtime.worker !== thread)) return runtime;
  return { ...runtime, worker: runtime.worker === thread ? thread + WORKER_VOUCHED : thread };
}
