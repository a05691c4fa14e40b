// The proof of death in Node: the thread that started another is told when it has ended. It marks that
// one's connections dead, and asks the living to clean up after them, as watch.ts does in a page.

import { connections } from './connection_diagnostics.js';
import {
  SLOT_ATTACHING,
  SLOT_DEAD,
  SLOT_INSIDE,
  SLOT_LIVE,
  SLOT_UNPROVEN,
  WORD,
} from './layout.js';
import { onThread, type Thread } from './node.js';
import type { Runtime } from './runtime.js';
import { controlWords, countConnections, isDisposed } from './runtime_handle.js';
import { askToReap, workerOf } from './signals.js';

/** A runtime that this context watches over. */
interface Watched {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly handle: WeakRef<Runtime>;
}

const watched = new Map<string, Watched>();
const threads = new WeakSet<Thread>();

/** Marks the connections of a thread that has ended dead. */
function bury(words: Int32Array, thread: number): void {
  const dead = connections(words).filter(({ id }) => workerOf(words, id) === thread);
  for (const { slot, generation } of dead) {
    const [at, word] = [WORD.SLOTS + slot, generation << 8];
    for (const state of [SLOT_UNPROVEN, SLOT_INSIDE, SLOT_LIVE]) {
      Atomics.compareExchange(words, at, word | state, word | SLOT_DEAD);
    }
    // It holds nothing yet.
    Atomics.compareExchange(words, at, word | SLOT_ATTACHING, word);
  }
  if (dead.length > 0) askToReap(words);
}

/** Looks after the connections of a thread, to all runtimes that this context watches over. */
export function watchThread(thread: Thread): void {
  const number = thread.threadId;
  if (number <= 0 || threads.has(thread)) return;
  threads.add(thread);
  thread.once('exit', () => {
    for (const { words } of watched.values()) bury(words, number);
    forget();
  });
}

/** Watches over the connections that threads of this one have to a runtime. */
export function watchThreadsOf(runtime: Runtime): void {
  forget();
  watched.set(runtime.id, { words: controlWords(runtime), handle: new WeakRef(runtime) });
}

/** Lets go of runtimes that nobody uses any more. */
function forget(): void {
  for (const [id, { words, handle }] of watched) {
    const unused = handle.deref() === undefined && countConnections(words) === 0;
    if (unused || isDisposed(words)) watched.delete(id);
  }
}

onThread(watchThread);
