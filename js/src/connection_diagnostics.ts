import {
  CONNECTION_STRIDE,
  CONNECTION_WORD,
  LOCK_NAMES,
  LOCK_STRIDE,
  SLOT_STATE_MASK,
  SLOTS,
  STATEMENT_BYTES,
  WORD,
} from './layout.js';

/** Name of a lock as SQLite has it; the shared side of the database file's `EXCLUSIVE` is SHARED. */
export type LockName = (typeof LOCK_NAMES)[number];

/** A lock that a connection holds. */
export interface HeldLock {
  /** Which lock. */
  name: LockName;
  /** Whether it is held alone, and not beside others. */
  exclusive: boolean;
}

/** What {@link Diagnostics} tells about one connection. */
export interface ConnectionDiagnostics {
  /** Its number, for {@link interrupt}; no other connection of the runtime has or had it. */
  id: number;
  /** Its slot, from 0 on. */
  slot: number;
  /** How many connections the slot has had, this one included. */
  generation: number;
  /**
   * `attaching` while it is being opened; `live` if its death can be proved; `unproven` if it
   * cannot, since its context has no Web Locks; `dead` while others clean up after it.
   */
  state: 'attaching' | 'unproven' | 'live' | 'dead';
  /** Milliseconds since its last sign of life: a read transaction began, or its timer ran. */
  heartbeatAgeMs: number;
  /** The locks that it holds. */
  locks: HeldLock[];
  /** Its read transaction, or null. */
  transaction: ReadTransaction | null;
}

/** An open read transaction. One that writes has a read transaction as well. */
export interface ReadTransaction {
  /** Milliseconds since it began. */
  ageMs: number;
  /** Frames of the write-ahead log that it may read; 0 if it reads the database alone. */
  readMark: number;
  /** The statement that began it, cut off after 256 bytes; null if that is not known. */
  statement: string | null;
}

const STATES = ['free', 'attaching', 'unproven', 'unproven', 'live'] as const;
const FIRST_READ_LOCK = LOCK_NAMES.indexOf('READ0');
const READ_LOCKS = 5;
const TRIES = 4;

/** Milliseconds since a time that is stored modulo 2^32; what others stored since is not of the future. */
function age(time: number): number {
  const age = (Date.now() - time) >>> 0;
  return age > 0x7fff_ffff ? 0 : age;
}

/** The text that a connection tells, unless it changes all the time. */
function statement(words: Int32Array, first: number): string | null {
  const load = (word: number) => Atomics.load(words, first + word);
  for (let tries = 0; tries < TRIES; tries++) {
    const version = load(CONNECTION_WORD.STATEMENT_VERSION);
    const length = Math.min(load(CONNECTION_WORD.STATEMENT_LENGTH) >>> 0, STATEMENT_BYTES);
    const text = new Int32Array(STATEMENT_BYTES / 4);
    for (let at = 0; at < text.length; at++) text[at] = load(CONNECTION_WORD.STATEMENT + at);
    if (version % 2 !== 0 || load(CONNECTION_WORD.STATEMENT_VERSION) !== version) continue;
    if (length === 0) return null;
    return new TextDecoder().decode(new Uint8Array(text.buffer, 0, length));
  }
  return null;
}

function heldLocks(words: Int32Array, slot: number, shared: number): HeldLock[] {
  return LOCK_NAMES.flatMap((name, lock) => {
    const exclusive = Atomics.load(words, WORD.LOCKS + lock * LOCK_STRIDE) === slot + 1;
    return exclusive || ((shared >>> lock) & 1) !== 0 ? [{ name, exclusive }] : [];
  });
}

function connection(words: Int32Array, slot: number): ConnectionDiagnostics[] {
  const word = Atomics.load(words, WORD.SLOTS + slot);
  const state = STATES[word & SLOT_STATE_MASK] ?? 'dead';
  if (state === 'free') return [];
  const first = WORD.CONNECTIONS + slot * CONNECTION_STRIDE;
  const shared = Atomics.load(words, first + CONNECTION_WORD.SHARED);
  const readAge = age(Atomics.load(words, first + CONNECTION_WORD.SINCE));
  const beatAge = age(Atomics.load(words, first + CONNECTION_WORD.HEARTBEAT));
  const held = heldLocks(words, slot, shared);
  const readLock = held.find(({ name, exclusive }) => /^READ/.test(name) && !exclusive);
  const mark = readLock ? LOCK_NAMES.indexOf(readLock.name) - FIRST_READ_LOCK : READ_LOCKS;
  const transaction = mark < READ_LOCKS && {
    ageMs: readAge,
    readMark: Atomics.load(words, WORD.READ_MARKS + mark) >>> 0,
    statement: statement(words, first),
  };
  return [
    {
      id: (word >>> 8) * SLOTS + slot,
      slot,
      generation: word >>> 8,
      state,
      heartbeatAgeMs: Math.min(readAge, beatAge),
      locks: held,
      transaction: transaction || null,
    },
  ];
}

/** The connections that exist now, in all contexts. */
export function connections(words: Int32Array): ConnectionDiagnostics[] {
  return Array.from({ length: SLOTS }, (_, slot) => connection(words, slot)).flat();
}

/**
 * The connection that keeps the write-ahead log from being checkpointed to its end: the one with
 * the oldest snapshot. One that reads the database alone has that of the last checkpoint before.
 */
export function pinnedBy(
  all: readonly ConnectionDiagnostics[],
  frames: number,
  checkpointed: number,
): ConnectionDiagnostics | null {
  let oldest: ConnectionDiagnostics | null = null;
  const snapshot = ({ transaction }: ConnectionDiagnostics) =>
    transaction === null ? frames : transaction.readMark || checkpointed;
  for (const one of all) {
    if (snapshot(one) < (oldest === null ? frames : snapshot(oldest))) oldest = one;
  }
  return oldest;
}
