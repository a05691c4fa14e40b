import type { Cursor } from './cursor.js';

// Statements that may start between two rows of an iterator before it is taken for forgotten.
const MAX_PASSED_OVER = 100;
// Iterators that SQLite is in the middle of at one time.
const MAX_OPEN = 16;

/**
 * The iterators of a connection that SQLite is in the middle of: each holds a read transaction
 * open, and with it all frames of the write-ahead log from its snapshot on. A worker that never
 * yields never learns from its engine that one was forgotten, so they are counted instead.
 */
export class OpenCursors {
  #cursors: Cursor[] = [];
  #executions = 0;

  /** Counts the executions of the connection: the clock that {@link isPassedOver} goes by. */
  get executions(): number {
    return this.#executions;
  }

  /**
   * To be called before each execution.
   *
   * @param writes whether it may write. SQLite refuses some writes in the middle of a read, and a
   *   write that starts from an old snapshot fails with `SQLITE_BUSY_SNAPSHOT`: so all iterators
   *   are drained first.
   * @throws what {@link Cursor.drain} throws: the execution must not begin then
   */
  beforeExecution(writes: boolean): void {
    this.#executions++;
    // Backwards: draining removes the cursor.
    for (let i = this.#cursors.length - 1; i >= 0; i--) {
      const cursor = this.#cursors[i];
      // One that is interrupted takes the others with it.
      if (cursor !== undefined && (writes || this.isPassedOver(cursor))) cursor.drain();
    }
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#cursors.length === 0;
  }

  /** Drains all of them, after an interrupt. Errors are told by the iterators. */
  drainAll(): void {
    for (;;) {
      const cursor = this.#cursors.at(-1);
      if (cursor === undefined) return;
      try {
        cursor.drain();
      } catch {
        // Its iterator tells it, and so does the call that was interrupted.
      }
    }
  }

  /** Whether so many statements have started since its last row that it must have been forgotten. */
  isPassedOver(cursor: Cursor): boolean {
    return this.#executions - cursor.advancedAt > MAX_PASSED_OVER;
  }

  /**
   * Takes a cursor in; the one that was advanced least recently makes room for it.
   *
   * @throws what {@link Cursor.drain} throws
   */
  add(cursor: Cursor): void {
    if (this.#cursors.length >= MAX_OPEN) {
      const stalest = this.#cursors.reduce((a, b) => (b.advancedAt < a.advancedAt ? b : a));
      stalest.drain();
    }
    this.#cursors.push(cursor);
  }

  /** Forgets a cursor that has let go of its statement. */
  remove(cursor: Cursor): void {
    const at = this.#cursors.indexOf(cursor);
    if (at !== -1) this.#cursors.splice(at, 1);
  }
}
