import { SLOT_INSIDE, SLOT_LIVE, SLOT_STATE_MASK, SLOT_UNPROVEN, SLOTS, WORD } from '../layout.js';
import type { Runtime } from '../runtime.js';
import { controlWords } from '../runtime_handle.js';

/** Whether a connection lives, as far as anybody knows. */
function lives(words: Int32Array, id: number): boolean {
  const word = Atomics.load(words, WORD.SLOTS + (id % SLOTS));
  const state = word & SLOT_STATE_MASK;
  const attached = state === SLOT_LIVE || state === SLOT_UNPROVEN || state === SLOT_INSIDE;
  return attached && word >>> 8 === Math.floor(id / SLOTS);
}

/**
 * How often to look when nothing was told: nobody is asked to clean up after the last connection, so
 * that its end is not told either.
 */
const LOOK_MS = 500;
/** Where the engine cannot wait asynchronously. */
const POLL_MS = 50;

/**
 * Tells when a connection is not there any more: its worker has ended, whoever ended it, or it was
 * evicted. A page is not told of the end of its workers by any event.
 *
 * @param died called once
 * @returns what ends it
 */
export function whenDead(runtime: Runtime, id: number, died: () => void): () => void {
  const words = controlWords(runtime);
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    if (over) return;
    const seen = Atomics.load(words, WORD.ROSTER);
    if (!lives(words, id)) {
      over = true;
      died();
    } else if (Atomics.waitAsync === undefined) {
      timer = setTimeout(look, POLL_MS);
    } else {
      const wait = Atomics.waitAsync(words, WORD.ROSTER, seen, LOOK_MS);
      if (wait.async) void wait.value.then(look);
      else queueMicrotask(look);
    }
  };
  look();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
