import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  DEFAULT_LOCK_STALE_MS,
  SLOT_DEAD,
  SLOT_INSIDE,
  SLOT_STATE_MASK,
  SLOT_UNPROVEN,
  SLOTS,
  WORD,
} from './layout.js';

/** A connection is evicted after this many looks at the least. */
const LOOKS = 4;

interface Heard {
  word: number;
  beats: number;
  silentMs: number;
}

/**
 * Listens for connections whose death nobody can prove, for a context that need not have one of its
 * own; `crates/sharedwal/src/eviction.rs` is the same for those that have.
 *
 * @returns a function to be called about once a second: it marks as dead those of which nothing was
 *   heard for too long, and returns whether anybody is marked so, by whomever
 */
export function listen(words: Int32Array): () => boolean {
  const heard: Heard[] = [];
  let looked = performance.now();

  const evict = (slot: number, word: number): boolean => {
    const dead = (word & ~SLOT_STATE_MASK) | SLOT_DEAD;
    if (Atomics.compareExchange(words, WORD.SLOTS + slot, word, dead) !== word) return false;
    // Stays at its greatest value, as all counters do.
    if (Atomics.add(words, WORD.EVICTIONS, 1) === -1) Atomics.store(words, WORD.EVICTIONS, -1);
    return true;
  };

  return () => {
    const staleMs = Atomics.load(words, WORD.LOCK_STALE_MS) || DEFAULT_LOCK_STALE_MS;
    const now = performance.now();
    // Who was stopped itself for a while has not listened.
    const passedMs = Math.min(now - looked, staleMs / LOOKS);
    looked = now;
    let anyDead = false;
    for (let slot = 0; slot < SLOTS; slot++) {
      const word = Atomics.load(words, WORD.SLOTS + slot);
      const state = word & SLOT_STATE_MASK;
      const first = WORD.CONNECTIONS + slot * CONNECTION_STRIDE;
      const beats = Atomics.load(words, first + CONNECTION_WORD.BEATS);
      if (state === SLOT_DEAD) anyDead = true;
      const before = heard[slot];
      if (before?.word !== word || before.beats !== beats) {
        heard[slot] = { word, beats, silentMs: 0 };
      } else if (state === SLOT_UNPROVEN || state === SLOT_INSIDE) {
        before.silentMs += passedMs;
        // Nobody is evicted inside of its fence: it is in the middle of a change.
        const silent = before.silentMs >= staleMs && state === SLOT_UNPROVEN;
        if (silent && evict(slot, word)) anyDead = true;
      }
    }
    return anyDead;
  };
}
