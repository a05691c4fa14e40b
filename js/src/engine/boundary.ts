// What every call into the WebAssembly instance goes through. Whatever a synchronous call throws has
// unwound wasm frames without cleaning up (a trap, an exhausted stack, an exception of an import), so
// it poisons the instance. After that nothing is given back to it: those calls do nothing.

import { SqliteError } from '../errors.js';
import { instance, poisonedError } from '../poison.js';
import { resultCodeName } from '../result_codes.js';

/** What a call answers. */
export function answer<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    instance.crash ??= { cause: error };
    throw poisonedError(instance.crash);
  }
}

/** What the instance says why it refused something, as an error; anything else as it is. */
export function refusal(reason: unknown): unknown {
  const { code, message } = reason as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' && typeof code !== 'number') return reason;
  return new SqliteError(String(message), typeof code === 'number' ? resultCodeName(code) : code);
}
