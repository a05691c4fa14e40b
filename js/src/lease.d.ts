// crates/sharedwal/src/lease.js, which the build puts beside these files: contexts with the
// WebAssembly module and those without watch over connections in the same way.

/** What the lower byte of a slot's word says. */
export interface States {
  readonly mask: number;
  readonly attaching: number;
  readonly live: number;
  readonly dead: number;
}

/** Where things are in the control block, as indices of words; `stride` is from one `proof` to the next. */
export interface Places {
  readonly slots: number;
  readonly roster: number;
  readonly slot: number;
  readonly proof: number;
  readonly proofCheck: number;
  readonly stride: number;
}

/**
 * Calls `reap` for each connection whose worker has ended, and `beat` once a second, until the
 * function that it returns is called.
 */
export function watch(
  runtime: string,
  control: SharedArrayBuffer,
  places: Places,
  states: States,
  reap: (slot: number, generation: number) => void,
  beat: () => void,
): () => void;
