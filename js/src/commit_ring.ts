// Reads the ring of commit records. `crates/sharedwal/src/feed/ring.rs` says how it is written, and why
// a reader sees what it needs: who was left behind is told so, and nobody waits for a reader.

import {
  FEED_RECORD,
  FEED_RING_WORDS,
  FEED_TABLE,
  FEED_TABLES,
  FEED_UNKNOWN,
  WORD,
} from './layout.js';

/** A row id; a bigint where a number cannot tell it from its neighbours. */
export type RowId = number | bigint;

/** A commit to the database of a runtime. */
export interface Commit {
  /**
   * Counts commits and never falls. Where numbers are missing, the commit that comes next is an unknown
   * one and stands for those as well.
   */
  readonly sequence: number;
  /**
   * The tables that it changed, by the names that the schema has, and perhaps some more: those that the
   * statements, their triggers and foreign keys could have changed. `'unknown'` if any may have.
   */
  readonly tables: readonly string[] | 'unknown';
  /**
   * The rows that were inserted, changed or deleted, by table, if `rowIds` were asked for. A table of
   * `tables` that is not here is one of which the rows are not known.
   */
  readonly rowIds: ReadonlyMap<string, readonly RowId[]>;
  /** `Database.connectionId` of the connection; undefined if there may have been several. */
  readonly connectionId: number | undefined;
}

type Words = Int32Array<SharedArrayBuffer>;

const UPPER = 2 ** 32;
// A name may begin with U+FEFF, which is no byte order mark then.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The commits of one runtime, in their order, from the moment on in which this was made. */
export class CommitReader {
  readonly #words: Words;
  /** The number of the last record that was read, or left out. */
  #read = 0;
  /** The position at which the next one begins. */
  #at = 0;

  /** @param wants bits: what commits are to tell besides their tables */
  constructor(words: Words, wants: number) {
    this.#words = words;
    // Before the end is looked for: a commit that does not know of this is visible by now.
    Atomics.or(words, WORD.FEED_LISTENING, FEED_TABLES | wants);
    this.#skipAll();
  }

  /** The number of the last record. */
  get last(): number {
    const lower = this.#load(WORD.FEED_SEQUENCE);
    return lower + this.#load(WORD.FEED_SEQUENCE + 1) * UPPER;
  }

  /** What stands in the word that tells of a new record, if there is none. */
  get expected(): number {
    return this.#read | 0;
  }

  /** Commits from now on. */
  #skipAll(): void {
    for (;;) {
      const sequence = this.last;
      // Of an even number in the one, of an odd number in the other.
      this.#at = this.#load(WORD.FEED_ENDS + (sequence % 2));
      this.#read = sequence;
      if (this.last === sequence) return;
    }
  }

  /** The next commit, up to that of a number. */
  next(upTo: number): Commit | undefined {
    if (this.#read >= upTo) return undefined;
    const commit = this.#next();
    if (commit?.sequence === this.#read + 1) {
      this.#read = commit.sequence;
      return commit;
    }
    this.#skipAll();
    const sequence = this.#read;
    return { sequence, tables: 'unknown', rowIds: new Map(), connectionId: undefined };
  }

  #load(at: number): number {
    return Atomics.load(this.#words, at) >>> 0;
  }

  #next(): Commit | undefined {
    const start = this.#at;
    const word = (n: number) => this.#load(WORD.FEED_RING + ((start + n) % FEED_RING_WORDS));
    const length = word(FEED_RECORD.LENGTH);
    if (length < FEED_RECORD.COUNT || length > FEED_RING_WORDS) return undefined;
    const record = Uint32Array.from({ length }, (_, n) => word(n));
    // Whether it is whole: nobody had begun to write where it begins when the copy was made.
    const claimed = (this.#load(WORD.FEED_CLAIMED) - start) >>> 0;
    if (claimed > FEED_RING_WORDS) return undefined;
    this.#at = (start + length) >>> 0;
    return decode(record);
  }
}

/** The commit that a record tells of; undefined if it is none. */
function decode(record: Uint32Array<ArrayBuffer>): Commit | undefined {
  const word = (at: number) => record[at] ?? 0;
  const sequence = word(FEED_RECORD.SEQUENCE) + word(FEED_RECORD.SEQUENCE_UPPER) * UPPER;
  const connectionId = word(FEED_RECORD.CONNECTION);
  const rowIds = new Map<string, RowId[]>();
  const count = word(FEED_RECORD.TABLES);
  if (count === FEED_UNKNOWN) return { sequence, tables: 'unknown', rowIds, connectionId };

  const tables: string[] = [];
  let at: number = FEED_RECORD.COUNT;
  for (let table = 0; table < count; table++) {
    const bytes = word(at + FEED_TABLE.NAME_BYTES);
    const ids = word(at + FEED_TABLE.ROW_IDS);
    at += FEED_TABLE.COUNT;
    const firstId = at + Math.ceil(bytes / 4);
    const end = firstId + (ids === FEED_UNKNOWN ? 0 : ids * 2);
    if (end > record.length) return undefined;
    const name = decoder.decode(new Uint8Array(record.buffer, at * 4, bytes));
    tables.push(name);
    if (ids !== FEED_UNKNOWN) {
      const row = (n: number) => rowId(word(firstId + 2 * n), word(firstId + 2 * n + 1));
      rowIds.set(
        name,
        Array.from({ length: ids }, (_, n) => row(n)),
      );
    }
    at = end;
  }
  return { sequence, tables, rowIds, connectionId };
}

function rowId(lower: number, upper: number): RowId {
  const number = (upper | 0) * UPPER + lower;
  return Number.isSafeInteger(number) ? number : (BigInt(upper | 0) << 32n) | BigInt(lower);
}
