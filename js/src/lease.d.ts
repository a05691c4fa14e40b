// crates/sharedwal/src/lease.js, which the build puts beside these files: contexts with the
// WebAssembly module and those without watch over connections in the same way.

/** What the lower byte of a slot's word says. */
export interface States {
  readonly mask: number;
  readonly attaching: number;
  readonly live: number;
}

export function states(mask: number, attaching: number, live: number): States;

/**
 * Calls `reap` for each connection whose worker has ended, and `beat` once a second, until the
 * function that it returns is called.
 */
export function watch(
  runtime: string,
  control: SharedArrayBuffer,
  firstSlot: number,
  slots: number,
  roster: number,
  states: States,
  reap: (slot: number, generation: number) => void,
  beat: () => void,
): () => void;
