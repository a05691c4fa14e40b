import { listen } from './eviction.js';
import { watchThreadsOf } from './exits.js';
import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  SLOT_ATTACHING,
  SLOT_DEAD,
  SLOT_LIVE,
  SLOT_STATE_MASK,
  SLOTS,
  WORD,
} from './layout.js';
import { type Places, type States, watch } from './lease.js';
import type { Runtime } from './runtime.js';
import { controlWords, countConnections, isDisposed } from './runtime_handle.js';
import { askToReap } from './signals.js';

export const PLACES: Places = {
  slots: SLOTS,
  roster: WORD.ROSTER,
  slot: WORD.SLOTS,
  proof: WORD.CONNECTIONS + CONNECTION_WORD.PROOF,
  proofCheck: WORD.CONNECTIONS + CONNECTION_WORD.PROOF_CHECK,
  stride: CONNECTION_STRIDE,
};

export const STATES: States = {
  mask: SLOT_STATE_MASK,
  attaching: SLOT_ATTACHING,
  live: SLOT_LIVE,
  dead: SLOT_DEAD,
};

/** Runtimes that this context watches over, by their identifiers. */
const watching = new Set<string>();

/**
 * Watches over the connections of a runtime from a context that need not have one: with the proof
 * that one died, or when nothing was heard for too long of one whose death nobody could prove, it is
 * marked dead, and the living are asked to clean up after it. They may all be asleep, waiting for what
 * it held.
 *
 * Ends when the runtime is disposed of, or when this context has let go of the handle and nobody is
 * connected. Until then it holds the control block alone. Watching again does nothing.
 */
export function watchOver(runtime: Runtime): void {
  if (watching.has(runtime.id)) return;
  watching.add(runtime.id);
  const words = controlWords(runtime);
  watchThreadsOf(runtime);
  const handle = new WeakRef(runtime);
  const { id: runtimeId } = runtime;
  const anyDead = listen(words);
  const stop = watch(
    runtimeId,
    runtime.control,
    PLACES,
    STATES,
    (slot, generation) => {
      const at = WORD.SLOTS + slot;
      const word = generation << 8;
      Atomics.compareExchange(words, at, word | SLOT_LIVE, word | SLOT_DEAD);
      if (Atomics.load(words, at) !== (word | SLOT_DEAD)) return;
      askToReap(words);
    },
    () => {
      if (anyDead()) askToReap(words);
      const forgotten = handle.deref() === undefined && countConnections(words) === 0;
      if (!forgotten && !isDisposed(words)) return;
      watching.delete(runtimeId);
      stop();
    },
  );
}
