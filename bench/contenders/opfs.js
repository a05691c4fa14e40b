// @ts-check
// The origin's private file system, for contenders that keep their database there.

const ATTEMPTS = 20;
const RETRY_MS = 100;

/** A name for a run's files that no other run has. */
export function uniqueName() {
  return `bench-${crypto.randomUUID()}`;
}

/**
 * Removes what a run left: all entries of the root that begin with its name. A worker that was ended
 * holds its files for a moment longer.
 *
 * @param {string} name
 */
export async function removeFromOpfs(name) {
  const root = await navigator.storage.getDirectory();
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const entry of root.keys()) {
        if (entry.startsWith(name)) await root.removeEntry(entry, { recursive: true });
      }
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
