import { typeError } from './errors.js';

/**
 * An `AbortSignal` among some options.
 *
 * @throws TypeError with the given code
 */
export function resolveSignal(
  signal: unknown,
  code: 'INVALID_OPTION' | 'INVALID_ARGUMENT',
): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { aborted, throwIfAborted } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof throwIfAborted !== 'function') {
    throw typeError('Expected the "signal" option to be an AbortSignal', code);
  }
  return signal as AbortSignal;
}

/**
 * What a promise resolves to, unless the signal is aborted before: then its reason is thrown at
 * once, and nobody waits for the promise any more.
 */
export async function abortable<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
