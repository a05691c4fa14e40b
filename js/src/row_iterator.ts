import type { Cursor } from './cursor.js';
import type { Statement } from './statement.js';

/**
 * The rows of one execution, see {@link Statement.iterate}. An iterator that is left in its middle
 * lets go of its read transaction by itself.
 */
export class RowIterator<Row> implements IterableIterator<Row, undefined> {
  readonly #statement: Statement<never, Row>;
  readonly #cursor: Cursor;

  /** @internal */
  constructor(statement: Statement<never, Row>, cursor: Cursor) {
    this.#statement = statement;
    this.#cursor = cursor;
  }

  /** The statement that the rows come from. */
  get statement(): Statement<never, Row> {
    return this.#statement;
  }

  /**
   * The next row.
   *
   * @throws SqliteError what SQLite reports, `ITERATOR_ABANDONED`, `POISONED`
   * @throws TypeError `CONNECTION_CLOSED`, `CONNECTION_BUSY`
   * @throws RangeError `INTEGER_OUT_OF_RANGE`
   */
  next(): IteratorResult<Row, undefined> {
    return this.#cursor.next() as IteratorResult<Row, undefined>;
  }

  /**
   * Ends the execution, as `break` does in a loop.
   *
   * @throws TypeError `CONNECTION_BUSY`
   */
  return(): IteratorResult<Row, undefined> {
    this.#cursor.leave();
    return { value: undefined, done: true };
  }

  /** Ends the execution and throws the error. */
  throw(error: unknown): IteratorResult<Row, undefined> {
    this.#cursor.leave();
    throw error;
  }

  [Symbol.iterator](): this {
    return this;
  }
}
