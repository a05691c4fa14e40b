import { ownError, type SqliteError } from './errors.js';

/**
 * The WebAssembly instance of this context. A trap unwinds nothing: what the instance was in the
 * middle of stays half done, so that it is given up with all its connections.
 *
 * The crash is set by an assignment where it is caught, because a call might fail there: the stack
 * may be used up.
 */
export const instance: {
  crash: { readonly cause: unknown } | undefined;
  /** Frees what other contexts wait for. */
  abandon: (() => void) | undefined;
} = { crash: undefined, abandon: undefined };

/** Whether the WebAssembly instance of this context has crashed. */
export function isPoisoned(): boolean {
  return instance.crash !== undefined;
}

/**
 * @throws SqliteError `POISONED` when the WebAssembly instance has crashed
 */
export function requireNotPoisoned(): void {
  if (instance.crash !== undefined) throw poisonedError(instance.crash);
}

/** The error of a crash. The first call frees what other contexts wait for. */
export function poisonedError({ cause }: { readonly cause: unknown }): SqliteError {
  const { abandon } = instance;
  if (abandon !== undefined) {
    try {
      abandon();
      instance.abandon = undefined;
    } catch {
      // Too little stack as well: the next call tries again.
    }
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return ownError('POISONED', `sharedwal crashed in this worker (${reason})`, { cause });
}
