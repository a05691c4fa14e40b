// The proof that a worker lives: a Web Lock that it holds for its connections to a runtime, and that the
// browser frees when the worker ends. Whoever gets it while a connection says that it is its proof knows
// that this one is dead. All get it at once (shared), since one of them may be busy or asleep for long.

/** In place of the id of a connection: no lock proves anything. */
const NOBODY = 0xffff_ffff;

/**
 * This context's lock for one runtime, with the id of the connection for which it was taken.
 *
 * @typedef {{ connection: number, isHeld: boolean, asked: Promise<void>, release: () => void, leases: Set<number> }} Lock
 * @type {Map<string, Lock>}
 */
const locks = new Map();

/**
 * A connection's part in it, by which it has proof of its life, or not.
 *
 * @typedef {{ proof: boolean, connection: number, runtime: string, words: Int32Array, slot: number, word: number }} Lease
 * @type {Map<number, Lease>}
 */
const leases = new Map();
let next = 1;
let abandoned = false;

/** Ends of all watches of this context. @type {Set<() => void>} */
const watches = new Set();

/** @type {(error: unknown) => void} */
let crashed = () => {};

const lockName = (runtime, connection) => `sharedwal:${runtime}:${connection}`;

/** The lock, which is asked for if nobody did. It may be refused: an opaque origin has none. */
function lockFor(runtime, connection) {
  const known = locks.get(runtime);
  if (known !== undefined) return known;
  const lock = { connection, isHeld: false, release: () => {}, leases: new Set() };
  lock.asked = new Promise((resolve) => {
    const refused = () => {
      lock.isHeld = false;
      if (locks.get(runtime) === lock) locks.delete(runtime);
      resolve();
    };
    const hold = (granted) => {
      if (granted === null || abandoned) return refused();
      lock.isHeld = true;
      resolve();
      return new Promise((release) => {
        lock.release = () => release(undefined);
      });
    };
    try {
      // Nobody else asks for this name; where that should be wrong, there is no proof, and no waiting.
      const name = lockName(runtime, connection);
      navigator.locks.request(name, { ifAvailable: true }, hold).catch(refused);
    } catch {
      queueMicrotask(refused);
    }
  });
  locks.set(runtime, lock);
  return lock;
}

function lease(runtime, control, slot, word) {
  const id = next++;
  const words = new Int32Array(control);
  leases.set(id, { proof: false, connection: NOBODY, runtime, words, slot, word });
  return id;
}

function part(lock, id) {
  lock.leases.add(id);
  Object.assign(leases.get(id), { proof: true, connection: lock.connection });
}

// `word` is what stands in the connection's slot: its generation above the lower byte. Resolves to a number
// for `release`. Where no lock is wanted, or there are none, nothing is held. If somebody vouches for this
// context, the connection's death will be proved otherwise then.
export async function acquire(runtime, connection, control, slot, word, wanted, vouched) {
  const id = lease(runtime, control, slot, word);
  leases.get(id).proof = vouched;
  if (!wanted) return id;
  const lock = lockFor(runtime, connection);
  lock.leases.add(id);
  await lock.asked;
  if (abandoned) return undefined;
  if (lock.isHeld) part(lock, id);
  return id;
}

// The same, at once, if this context holds the lock, or somebody vouches for it and there is none to be had;
// else 0.
export function join(runtime, control, slot, word, wanted, vouched) {
  const lock = locks.get(runtime);
  const isVouched = vouched && (!wanted || globalThis.navigator?.locks === undefined);
  if (!lock?.isHeld && !isVouched) return 0;
  const id = lease(runtime, control, slot, word);
  if (lock?.isHeld) part(lock, id);
  else leases.get(id).proof = true;
  return id;
}

// Whether the death of this connection's worker will be proved.
export function is_proof(id) {
  return leases.get(id)?.proof === true;
}

// The connection for which the lock was taken.
export function proof(id) {
  return leases.get(id)?.connection ?? NOBODY;
}

// May be called again where it did not come to its end: after a crash there may be too little stack.
export function release(id) {
  const runtime = leases.get(id)?.runtime;
  const lock = locks.get(runtime);
  if (lock?.leases.has(id)) {
    if (lock.leases.size === 1) {
      lock.release();
      locks.delete(runtime);
    }
    lock.leases.delete(id);
  }
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
    if (abandoned) return;
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

export const states = (mask, attaching, live, dead) => ({ mask, attaching, live, dead });

/** Where things are in the control block, as indices of words. */
export const places = (slots, roster, slot, proof, proofCheck, stride) => ({
  slots,
  roster,
  slot,
  proof,
  proofCheck,
  stride,
});

/**
 * Watches over the connections of other contexts: queues for the locks that prove their lives, and reaps
 * the connections that a lock stood for, if their slots are not free by then. And shows, by `beat`, that
 * this context's own connections live. Returns a function that ends it.
 */
export function watch(runtime, control, places, states, reap, beat) {
  const { mask, attaching, live, dead } = states;
  const words = new Int32Array(control);
  const ending = new AbortController();
  const { signal } = ending;
  const guardedReap = guarded(reap);
  const wordOf = (index) => Atomics.load(words, places.slot + index);

  /** Slots that were not attached at the last beat. @type {Map<number, { word: number, beats: number }>} */
  const unattached = new Map();
  const giveUpUnattached = () => {
    for (let index = 0; index < places.slots; index++) {
      const word = wordOf(index);
      const seen = unattached.get(index);
      if ((word & mask) !== attaching) unattached.delete(index);
      else if (seen?.word !== word) unattached.set(index, { word, beats: 0 });
      else if (++seen.beats >= ATTACH_BEATS) {
        Atomics.compareExchange(words, places.slot + index, word, word & ~mask);
      }
    }
  };

  /** The connection whose lock proves this one's life. What another connection wrote over tells nobody. */
  const proofOf = (index, word) => {
    const at = index * places.stride;
    const proof = Atomics.load(words, places.proof + at);
    const check = Atomics.load(words, places.proofCheck + at);
    const id = (word >>> 8) * places.slots + index;
    return (proof ^ check) === (id | 0) ? proof >>> 0 : NOBODY;
  };

  /**
   * By the connection whose lock proves it: who was seen to be proved so, as the words of slots. What
   * is written over afterwards does not matter.
   *
   * @type {Map<number, Map<number, number>>}
   */
  const watched = new Map();
  const queueFor = (proof) => {
    const seen = new Map();
    watched.set(proof, seen);
    // Before anything else: who is seen from then on is to be queued for anew.
    const forget = () => watched.get(proof) === seen && watched.delete(proof);
    const freed = () => {
      forget();
      for (const [index, word] of seen) guardedReap(index, word >>> 8);
    };
    const name = lockName(runtime, proof);
    navigator.locks.request(name, { mode: 'shared', signal }, freed).catch(forget);
    return seen;
  };

  /** The words of slots marked dead for which `reap` was called. What it leaves is for the beats. */
  const told = new Map();
  const watchOver = (index) => {
    const word = wordOf(index);
    if ((word & mask) === dead && told.get(index) !== word) {
      told.set(index, word);
      guardedReap(index, word >>> 8);
    }
    const proof = (word & mask) === live ? proofOf(index, word) : NOBODY;
    if (proof !== NOBODY) (watched.get(proof) ?? queueFor(proof)).set(index, word);
  };

  const watchOverAll = () => {
    for (let index = 0; index < places.slots; index++) watchOver(index);
  };

  const look = () => {
    if (signal.aborted) return;
    const seen = Atomics.load(words, places.roster);
    watchOverAll();
    if (signal.aborted) return;
    if (Atomics.waitAsync === undefined) {
      setTimeout(look, RESCAN_MS);
      return;
    }
    const wait = Atomics.waitAsync(words, places.roster, seen);
    if (wait.async) wait.value.then(look);
    else queueMicrotask(look);
  };

  const guardedBeat = guarded(beat);
  const hasLocks = globalThis.navigator?.locks !== undefined;
  const beating = setInterval(() => {
    giveUpUnattached();
    // Where a request was refused.
    if (hasLocks) watchOverAll();
    guardedBeat();
  }, BEAT_MS);
  beating.unref?.(); // In Node a timer would keep the process alive.
  // Not now: whoever began to watch may be in the middle of a call of the instance.
  if (hasLocks) queueMicrotask(look);
  const stop = () => {
    watches.delete(stop);
    ending.abort();
    clearInterval(beating);
    // Lets the asynchronous wait go, and with it this function's hold of the memory.
    Atomics.notify(words, places.roster);
  };
  watches.add(stop);
  return stop;
}
