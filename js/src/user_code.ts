import { requireNotPoisoned } from './poison.js';

/** What a callback of the instance answers after an exception. */
export const FAILED = -1;

/** What a callback does: gets what it is a method of, and numbers of the instance. */
type Callback<T> = (target: T, a: number, b: number, c: number) => number;

/**
 * What users wrote that runs in the middle of a call on a connection: its verbose function, and its
 * functions, aggregates and tables. The connection cannot be used meanwhile.
 *
 * The latter run below frames of the instance. An exception must not unwind those, so it waits here
 * until the call has come back, and is thrown by that.
 */
export class UserCode {
  /** Whether it runs. */
  running = false;
  /** What was thrown first since the last call began. */
  thrown: { readonly error: unknown } | undefined;

  /**
   * Runs a callback of the instance.
   *
   * @returns what it answers, {@link FAILED} after an exception
   * @throws SqliteError `POISONED` when the instance has crashed meanwhile, so that what is left of
   *   it below is unwound as well
   */
  run<T>(target: T, callback: Callback<T>, a: number, b: number, c: number): number {
    let answer = FAILED;
    this.running = true;
    try {
      answer = callback(target, a, b, c);
    } catch (error) {
      this.thrown ??= { error };
    }
    this.running = false;
    requireNotPoisoned();
    return answer;
  }

  /** Throws what was thrown in a call that has come back. */
  rethrow(): void {
    const { thrown } = this;
    this.thrown = undefined;
    if (thrown !== undefined) throw thrown.error;
  }
}
