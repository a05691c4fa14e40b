// The proof that a worker lives: a Web Lock for each of its connections, which the browser frees
// when the worker ends. Whoever gets the lock of a connection that was not closed has the proof of
// its death. All get it at once (shared), since one of them may be busy or asleep for long.

/**
 * One that is still asked for has no `release`.
 *
 * @typedef {{ release?: () => void, proof: boolean, words: Int32Array, slot: number, word: number }} Lease
 * @type {Map<number, Lease>}
 */
const leases = new Map();
let next = 1;
let abandoned = false;

/** Ends of all watches of this context. @type {Set<() => void>} */
const watches = new Set();

/** @type {(error: unknown) => void} */
let crashed = () => {};

const lockName = (runtime, index, word) => `sharedwal:${runtime}:${index}:${word >>> 8}`;

// `word` is what stands in the slot: its generation above the lower byte. Resolves to a number for
// `release`. Where none is wanted, or there are none (an opaque origin refuses them), nothing is held.
// If somebody vouches for it, the connection's death will be proved otherwise then.
export function acquire(runtime, index, control, slot, word, wanted, vouched) {
  return new Promise((resolve) => {
    const id = next++;
    const lease = { proof: false, words: new Int32Array(control), slot, word };
    leases.set(id, lease);
    const keep = (proof, release) => {
      if (abandoned) {
        release();
        return resolve(undefined);
      }
      Object.assign(lease, { proof, release });
      resolve(id);
    };
    const held = () => new Promise((release) => keep(true, () => release(undefined)));
    const refused = () => keep(vouched, () => {});
    if (!wanted) return refused();
    try {
      navigator.locks.request(lockName(runtime, index, word), held).catch(refused);
    } catch {
      refused();
    }
  });
}

// Whether the death of this connection's worker will be proved.
export function is_proof(id) {
  return leases.get(id)?.proof === true;
}

export function release(id) {
  leases.get(id)?.release?.();
  leases.delete(id);
}

// After a crash of this instance: its connections are dead, although its worker lives. One that was
// not attached yet holds nothing.
export function abandon(attaching, attached, dead) {
  abandoned = true;
  for (const stop of watches) stop();
  for (const [id, { words, slot, word }] of leases) {
    Atomics.compareExchange(words, slot, word | attaching, word);
    for (const state of attached) {
      Atomics.compareExchange(words, slot, word | state, word | dead);
    }
    release(id);
  }
}

// Who is told of what a call of ours into the instance throws: it is as dead then as after any other.
export function on_crash(handler) {
  crashed = handler;
}

const guarded =
  (call) =>
  (...args) => {
    try {
      call(...args);
    } catch (error) {
      crashed(error);
    }
  };

// A connection that is not attached after so many beats of a context died before it could prove that it
// lives. It holds nothing yet, and one that lives after all goes on in another slot.
const ATTACH_BEATS = 5;

// How often to look for new connections where the engine cannot wait for them asynchronously.
const RESCAN_MS = 1000;

// How often a context with nothing else to do shows that its connections live.
const BEAT_MS = 1000;

export const states = (mask, attaching, live) => ({ mask, attaching, live });

/**
 * Watches over the connections of other contexts: queues for the lock of each, and reaps the
 * connection if its slot is not free by then. And shows, by `beat`, that this context's own
 * connections live. Returns a function that ends it.
 */
export function watch(runtime, control, firstSlot, slots, roster, states, reap, beat) {
  const { mask, attaching, live } = states;
  const words = new Int32Array(control);
  const ending = new AbortController();
  const { signal } = ending;
  const watched = new Set();
  const guardedReap = guarded(reap);

  /** Slots that were not attached at the last beat. @type {Map<number, { word: number, beats: number }>} */
  const unattached = new Map();
  const giveUpUnattached = () => {
    for (let index = 0; index < slots; index++) {
      const word = Atomics.load(words, firstSlot + index);
      const seen = unattached.get(index);
      if ((word & mask) !== attaching) unattached.delete(index);
      else if (seen?.word !== word) unattached.set(index, { word, beats: 0 });
      else if (++seen.beats >= ATTACH_BEATS) {
        Atomics.compareExchange(words, firstSlot + index, word, word & ~mask);
      }
    }
  };

  const watchOver = (index) => {
    const word = Atomics.load(words, firstSlot + index);
    const name = lockName(runtime, index, word);
    if ((word & mask) < live || watched.has(name)) return;
    watched.add(name);
    navigator.locks
      .request(name, { mode: 'shared', signal }, () => guardedReap(index, word >>> 8))
      .catch(() => {})
      .finally(() => watched.delete(name));
  };

  const look = () => {
    if (signal.aborted) return;
    const seen = Atomics.load(words, roster);
    for (let index = 0; index < slots; index++) watchOver(index);
    if (Atomics.waitAsync === undefined) {
      setTimeout(look, RESCAN_MS);
      return;
    }
    const wait = Atomics.waitAsync(words, roster, seen);
    if (wait.async) wait.value.then(look);
    else queueMicrotask(look);
  };

  const guardedBeat = guarded(beat);
  const beating = setInterval(() => {
    giveUpUnattached();
    guardedBeat();
  }, BEAT_MS);
  beating.unref?.(); // In Node a timer would keep the process alive.
  if (globalThis.navigator?.locks !== undefined) look();
  const stop = () => {
    watches.delete(stop);
    ending.abort();
    clearInterval(beating);
    // Lets the asynchronous wait go, and with it this function's hold of the memory.
    Atomics.notify(words, roster);
  };
  watches.add(stop);
  return stop;
}
