// A Web Lock that a worker holds for as long as it lives: the browser frees it when the worker has
// ended, which no event tells. A connection has one as well, but only once it is open.

/** Holds a lock until this context ends; resolves to false where there are none. */
export function holdForLife(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const held = () => {
      resolve(true);
      return new Promise<never>(() => {});
    };
    try {
      navigator.locks.request(name, held).catch(() => resolve(false));
    } catch {
      resolve(false);
    }
  });
}

/**
 * Calls a function when nobody holds a lock any more.
 *
 * @returns what ends the waiting
 */
export function whenFree(name: string, freed: () => void): () => void {
  const ending = new AbortController();
  navigator.locks.request(name, { signal: ending.signal }, freed).catch(() => {});
  return () => ending.abort();
}
