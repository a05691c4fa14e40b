import type { Commit } from '../commit_ring.js';
import { ownError } from '../errors.js';
import { listen } from '../on_commit.js';
import type { Runtime } from '../runtime.js';

/** Who is told of commits. */
export interface CommitListener {
  commit(commit: Commit): void;
  /** The pool was closed, or the runtime disposed of. */
  closed(error: Error): void;
}

/** The commits to a runtime, read once for all live queries of a pool, and only while there are any. */
export class CommitFeed {
  readonly #listeners = new Set<CommitListener>();
  #stop: (() => void) | undefined;

  constructor(readonly runtime: Runtime) {}

  /**
   * Tells of each commit from now on.
   *
   * @returns what ends that
   */
  listen(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    this.#stop ??= listen(
      this.runtime,
      (commit) => {
        for (const listener of this.#listeners) listener.commit(commit);
      },
      { disposed: () => this.close(ownError('RUNTIME_DISPOSED', 'Nobody commits any more')) },
    );
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  /** Tells all that it is over. */
  close(error: Error): void {
    for (const listener of this.#listeners) listener.closed(error);
  }
}
