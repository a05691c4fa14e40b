import { WORKER_VOUCHED } from './layout.js';
import { ownThreadId } from './node.js';
import type { Runtime } from './runtime.js';

/** Always the same, so that the WebAssembly instance knows it again. */
const handles = new WeakMap<Runtime, Runtime>();

/**
 * The handle that says whose the connections are. A thread of Node knows its number; that its end
 * will be told to somebody it knows if the handle was made for it.
 */
export function forThisThread(runtime: Runtime): Runtime {
  const thread = ownThreadId();
  if (thread === 0 || (runtime.worker !== 0 && runtime.worker !== thread)) return runtime;
  const known = handles.get(runtime);
  if (known !== undefined) return known;
  const worker = runtime.worker === thread ? thread + WORKER_VOUCHED : thread;
  const own = { ...runtime, worker };
  handles.set(runtime, own);
  return own;
}
