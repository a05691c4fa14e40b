import type { Cursor } from './cursor.js';

// For workers that yield to their event loop: what nobody can advance any more is ended.
const registry =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<Cursor>((cursor) => cursor.end());

/** Ends the cursor when the engine finds that its iterator cannot be reached any more. */
export function watch(iterator: object, cursor: Cursor): void {
  registry?.register(iterator, cursor, cursor);
}

/**
 * Stops watching. Must be done as soon as a cursor lets go of its statement, or ends without one:
 * until its event loop runs, the engine keeps every watched cursor, with its rows.
 */
export function unwatch(cursor: Cursor): void {
  registry?.unregister(cursor);
}
