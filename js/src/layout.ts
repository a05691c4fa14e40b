// Generated from crates/sharedwal/src/layout.rs; do not edit.

/** Changes whenever a word of the control block changes its meaning; part of the runtime handle. */
export const LAYOUT_VERSION = 7;
/** Length of the control block in bytes. */
export const CONTROL_BYTES = 288448;
/** wal-index pages that a runtime can have. */
export const INDEX_MAX_PAGES = 1024;
/** Bytes of a wal-index page. */
export const INDEX_PAGE_BYTES = 32768;
/** Super-journals that can exist at a time. */
export const SUPER_JOURNALS = 4;
/** Segments that one file can have. */
export const MAX_SEGMENTS = 65536;
/** Connections that one runtime can have at a time. */
export const SLOTS = 64;
/** State of a slot whose connection is being opened. */
export const SLOT_ATTACHING = 1;
/** State of a slot whose connection's death nobody could prove, outside of its fence. */
export const SLOT_UNPROVEN = 2;
/** The same, inside of its fence. */
export const SLOT_INSIDE = 3;
/** State of a slot whose connection's death can be proved. */
export const SLOT_LIVE = 4;
/** State of a slot whose connection died. */
export const SLOT_DEAD = 5;
/** The bits of a slot's word that are its state; 0 is free. */
export const SLOT_STATE_MASK = 255;
/** How long a connection may be silent, unless the runtime says otherwise. */
export const DEFAULT_LOCK_STALE_MS = 30000;
/** Bytes in a unit of file size. */
export const SIZE_UNIT_BYTES = 512;
/** Words from one lock to the next. */
export const LOCK_STRIDE = 16;
/** Words from one connection to the next. */
export const CONNECTION_STRIDE = 80;
/** Set beside a worker's number whose end is a proof of death by itself. */
export const WORKER_VOUCHED = 2147483648;
/** Bytes of a statement's text that a connection tells. */
export const STATEMENT_BYTES = 256;
/** Words of the ring of commit records. */
export const FEED_RING_WORDS = 65536;
/** A listener wants the tables that each commit changed. */
export const FEED_TABLES = 1;
/** A listener wants the row ids as well. */
export const FEED_ROW_IDS = 2;
/** In place of a count in a commit record: it cannot be told. */
export const FEED_UNKNOWN = 4294967295;
/** Row ids that a commit record has at the most. */
export const FEED_MAX_ROW_IDS = 1000;

/** Words of one connection. */
export const CONNECTION_WORD = {
  /** The locks held shared, a bit each. */
  SHARED: 0,
  /** When it last began to read: ms since 1970, modulo 2^32. */
  SINCE: 1,
  /** When its timer last ran, in the same way. */
  HEARTBEAT: 2,
  /** Odd while the text is being stored. */
  STATEMENT_VERSION: 3,
  /** Bytes of the text. */
  STATEMENT_LENGTH: 4,
  /** Text of the statement that began to read. */
  STATEMENT: 16,
  /** What it is asked for, below its slot's generation. */
  SIGNALS: 5,
  /** A number that all connections of one worker have, or 0. */
  WORKER: 8,
  /** That, exclusive-or its id. */
  WORKER_CHECK: 9,
  /** The id of the connection whose Web Lock proves its life. */
  PROOF: 10,
  /** That, exclusive-or its id. */
  PROOF_CHECK: 11,
  /** Grows with each sign of life, if nobody could prove its death. */
  BEATS: 6,
} as const;

/** What a connection is asked for, and its answer. */
export const SIGNALS = {
  /** To end the statement that runs now. */
  INTERRUPT: 1,
  /** To roll back, and to run no statement any more. */
  STOP: 2,
  /** It has done so. */
  STOPPED: 4,
  /** To clean up after the dead. */
  REAP: 8,
  /** Why it is to stop: the runtime was disposed of. */
  DISPOSED: 16,
} as const;

/** Words of a commit record; its tables follow. */
export const FEED_RECORD = {
  /** Words of the record. */
  LENGTH: 0,
  /** Lower half of its number. */
  SEQUENCE: 1,
  /** Upper half of its number. */
  SEQUENCE_UPPER: 2,
  /** The connection that committed. */
  CONNECTION: 3,
  /** How many tables follow, or FEED_UNKNOWN. */
  TABLES: 4,
  /** Words before the tables. */
  COUNT: 5,
} as const;

/** Words of a table in a record; its name follows, then its row ids, of two words each. */
export const FEED_TABLE = {
  /** Bytes of the name, which is UTF-8. */
  NAME_BYTES: 0,
  /** How many row ids follow, or FEED_UNKNOWN. */
  ROW_IDS: 1,
  /** Words before the name. */
  COUNT: 2,
} as const;

/** Words of one lock. */
export const LOCK_WORD = {
  /** Grows at each release that somebody waits for. */
  RELEASES: 2,
} as const;

/** The locks, in the order of their bits. */
export const LOCK_NAMES = [
  'WRITE',
  'CKPT',
  'RECOVER',
  'READ0',
  'READ1',
  'READ2',
  'READ3',
  'READ4',
  'RESERVED',
  'PENDING',
  'EXCLUSIVE',
] as const;

/** Offsets of the words of the control block that JavaScript reads or writes. */
export const WORD = {
  /** Not 0 after dispose(): no further connection; 2 if that was by force. */
  DISPOSED: 0,
  /** Commits since the runtime was created. */
  COMMITS: 7,
  /** Dead connections that were reaped since the runtime was created. */
  DEATHS: 10,
  /** Those of them that were evicted, after no sign of life for too long. */
  EVICTIONS: 52,
  /** Milliseconds without a sign of life before a connection is evicted; 0 for the default. */
  LOCK_STALE_MS: 50,
  /** 1 if connections are to prove nothing by Web Locks. */
  WEB_LOCKS_OFF: 51,
  /** Completed checkpoint runs since the runtime was created. */
  CHECKPOINTS: 8,
  /** Size of the database in units of 512 bytes. */
  DATABASE_UNITS: 54,
  /** Bytes of the database past its last whole unit. */
  DATABASE_TAIL: 53,
  /** Size of the write-ahead log in units of 512 bytes. */
  WRITE_AHEAD_UNITS: 58,
  /** Bytes of the write-ahead log past its last whole unit. */
  WRITE_AHEAD_TAIL: 57,
  /** Frames in the write-ahead log (mxFrame of the wal-index header). */
  WAL_FRAMES: 20,
  /** Frames that checkpoints have copied into the database (nBackfill). */
  WAL_BACKFILLED: 40,
  /** Grows when a connection is attached. */
  ROSTER: 9,
  /** Times that a connection slept for a lock. */
  LOCK_WAITS: 12,
  /** Milliseconds that connections slept for locks. */
  LOCK_WAIT_MS: 13,
  /** Times that a copy of the wal-index was made again. */
  RETRIES: 14,
  /** Times that SQLite built the wal-index anew from the log. */
  RECOVERIES: 15,
  /** Frames that holders of each READ lock may read (aReadMark). */
  READ_MARKS: 41,
  /** First lock: the slot + 1 of its exclusive owner. */
  LOCKS: 96,
  /** First connection. */
  CONNECTIONS: 400,
  /** Word of each connection slot: its generation, and its state in the lower byte. */
  SLOTS: 272,
  /** What listeners to commits want; 0 as long as there was none. */
  FEED_LISTENING: 6544,
  /** Number of the last commit record; its upper half follows. */
  FEED_SEQUENCE: 6560,
  /** Where the last record of an even number ends, and the last of an odd one. */
  FEED_ENDS: 6562,
  /** Up to which position the ring of records may be overwritten. */
  FEED_CLAIMED: 6564,
  /** The ring of commit records. */
  FEED_RING: 6576,
} as const;
