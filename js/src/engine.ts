// The one boundary to the WebAssembly instance: nothing else calls it.

export {
  type ConnectOptions,
  close,
  connect,
  connectionId,
  connectNow,
  connectPrivate,
  heed,
  inTransaction,
  interrupt,
  isInterrupted,
  limitTime,
  openSnapshot,
  ownCode,
  takeSnapshot,
} from './engine/connections.js';
export * from './engine/execution.js';
export * from './engine/functions.js';
export * from './engine/images.js';
export { allocate, deallocate, instantiate } from './engine/instance.js';
export * from './engine/statements.js';
