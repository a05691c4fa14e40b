//! The control block: which 32-bit word of it means what.
//!
//! Nobody else writes an offset. All zero is a valid initial state, so whoever creates a runtime
//! has only to allocate. `js/src/layout.ts` is generated from this file.
//!
//! | words | meaning |
//! |---|---|
//! | [`DISPOSED`] | 1 after `dispose()`, 2 after one by force: no further connection |
//! | [`LOCK_STALE_MS`], [`WEB_LOCKS_OFF`] | options of the runtime |
//! | [`PUBLISHER`], [`VERSION`], [`EPOCH`] | the ordered section of the wal-index: who is in it (slot + 1), its version (odd while words are being stored) and the version's upper half |
//! | [`ATTACHED`] | bitmap of the slots that have the wal-index mapped |
//! | [`INDEX_PAGES`] | wal-index pages in use |
//! | [`COMMITS`], [`CHECKPOINTS`], [`DEATHS`], [`LOCK_WAITS`], [`LOCK_WAIT_MS`], [`RETRIES`], [`RECOVERIES`], [`EVICTIONS`] | counters for diagnostics, which saturate |
//! | [`HEADER`] | the first 34 words of the wal-index: both header copies and the checkpoint information |
//! | [`file`] | per shared file: bytes past the last whole unit of 512 bytes, size in whole units, whether it exists |
//! | [`lock`] | per lock: exclusive owner (slot + 1), reservation, release counter, bitmap of waiting slots |
//! | [`slot`] | per connection slot: its state, and how many connections it has had |
//! | [`SLOTS_USED`] | slots that ever held a lock, from 0 on |
//! | [`connection`] | per connection slot: the locks it holds shared, and what it tells of itself |
//! | [`ROSTER`] | grows when a connection is attached, so that others watch over it |
//! | [`index_generation`] | per wal-index page: how often its page numbers or hash slots changed |
//! | [`feed`] | the change feed: who listens, and a ring of commit records |

/// Changes whenever a word changes its meaning; part of the runtime handle.
pub const LAYOUT_VERSION: u32 = 7;

/// Connections that one runtime can have at a time.
pub const SLOTS: u32 = 64;
/// Words of a bitmap over all slots.
pub const SLOT_WORDS: u32 = SLOTS / 32;

/// 1 after `dispose()`.
pub const DISPOSED: u32 = 0;
/// What [`DISPOSED`] is after a `dispose()` by force.
pub const BY_FORCE: u32 = 2;
/// Slot + 1 of the connection inside the ordered section, or 0.
pub const PUBLISHER: u32 = 1;
/// Lower half of the wal-index version; odd while words are being stored.
pub const VERSION: u32 = 2;
/// Upper half of the wal-index version.
pub const EPOCH: u32 = 3;
/// Bitmap of the slots that have the wal-index mapped.
pub const ATTACHED: u32 = 4;
/// wal-index pages in use since the first attacher zeroed it.
pub const INDEX_PAGES: u32 = 6;
/// Commits since the runtime was created; saturates.
pub const COMMITS: u32 = 7;
/// Completed checkpoint runs since the runtime was created; saturates.
pub const CHECKPOINTS: u32 = 8;

/// Grows when a connection is attached.
pub const ROSTER: u32 = 9;
/// Dead connections that were reaped since the runtime was created; saturates.
pub const DEATHS: u32 = 10;
/// No slot from this one on has ever held a lock.
pub const SLOTS_USED: u32 = 11;
/// Times that a connection slept for a lock; saturates.
pub const LOCK_WAITS: u32 = 12;
/// Milliseconds that connections slept for locks; saturates.
pub const LOCK_WAIT_MS: u32 = 13;
/// Times that a copy of the wal-index was made again because a publish came in between; saturates.
pub const RETRIES: u32 = 14;
/// Times that SQLite built the wal-index anew from the log; saturates.
pub const RECOVERIES: u32 = 15;

/// The first words of the wal-index: two header copies of 12 words and 10 of checkpoint information.
pub const HEADER: u32 = 16;
/// The two words in the first header copy that are new whenever the log begins anew (`aSalt`).
pub const HEADER_SALTS: u32 = HEADER + 8;
/// Length of [`HEADER`] in words.
pub const HEADER_WORDS: u32 = 34;

/// Milliseconds without a sign of life after which a connection may be evicted whose death nobody can
/// prove; 0 for the default.
pub const LOCK_STALE_MS: u32 = HEADER + HEADER_WORDS;
/// 1 if connections are to prove nothing by Web Locks.
pub const WEB_LOCKS_OFF: u32 = LOCK_STALE_MS + 1;
/// Connections that were evicted since the runtime was created; saturates.
pub const EVICTIONS: u32 = LOCK_STALE_MS + 2;

/// The files of one runtime that its connections share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The database itself.
    Database,
    /// The write-ahead log.
    WriteAhead,
    /// The rollback journal.
    Journal,
    /// A super-journal of a commit over several attached databases.
    SuperJournal(u32),
}

/// Super-journals that can exist at a time.
pub const SUPER_JOURNALS: u32 = 4;

const FILES: u32 = EVICTIONS + 1;
const FILE_STRIDE: u32 = 4;
const FILE_COUNT: u32 = 3 + SUPER_JOURNALS;

/// Words of one file, relative to [`file`].
pub mod file_word {
    /// Bytes past the last whole unit. Before the units, so that a reader that goes upwards meets
    /// a growing file's words in the opposite order to the one in which they are stored.
    pub const TAIL: u32 = 0;
    /// Whole units of [`super::SIZE_UNIT`] bytes.
    pub const UNITS: u32 = 1;
    /// Whether the file exists, see [`super::file_states`].
    pub const EXISTS: u32 = 2;
    /// A hash of the name, for super-journals alone.
    pub const NAME: u32 = 3;
    /// For the database alone: grows before somebody writes into it. While this stands, so does the file.
    pub const VERSION: u32 = 3;
}

/// States of a file.
pub mod file_states {
    /// It does not exist.
    pub const ABSENT: u32 = 0;
    /// It exists.
    pub const EXISTS: u32 = 1;
    /// Somebody is creating it.
    pub const CLAIMED: u32 = 2;
}

/// Bytes in a unit of file size: 32 bits of them reach 2 TiB.
pub const SIZE_UNIT: u64 = 512;

/// The first word of a file.
pub const fn file(kind: FileKind) -> u32 {
    let index = match kind {
        FileKind::Database => 0,
        FileKind::WriteAhead => 1,
        FileKind::Journal => 2,
        FileKind::SuperJournal(n) => 3 + n,
    };
    FILES + index * FILE_STRIDE
}

const LOCKS: u32 = (FILES + FILE_COUNT * FILE_STRIDE).next_multiple_of(LOCK_STRIDE);
/// A cache line: a lock that many take does not slow down the one beside it.
const LOCK_STRIDE: u32 = 16;

/// The locks of a runtime: SQLite's eight WAL locks, then those of the database file.
pub mod locks {
    /// SQLite's `WAL_WRITE_LOCK`; the other WAL locks follow in SQLite's order.
    pub const WRITE: u32 = 0;
    /// SQLite's `WAL_CKPT_LOCK`.
    pub const CHECKPOINT: u32 = 1;
    /// SQLite's `WAL_RECOVER_LOCK`.
    pub const RECOVER: u32 = 2;
    /// Number of WAL locks (`SQLITE_SHM_NLOCK`).
    pub const WAL_LOCKS: u32 = 8;
    /// The database file's RESERVED lock.
    pub const RESERVED: u32 = 8;
    /// The database file's PENDING lock.
    pub const PENDING: u32 = 9;
    /// The database file's EXCLUSIVE lock; its shared side is SHARED.
    pub const EXCLUSIVE: u32 = 10;
    /// Number of locks.
    pub const COUNT: u32 = 11;
    /// SQLite's `WAL_READ_LOCK(0)`; the other READ locks follow.
    pub const READ: u32 = 3;
    /// What they are called, by SQLite and in diagnostics.
    pub const NAMES: [&str; COUNT as usize] = [
        "WRITE",
        "CKPT",
        "RECOVER",
        "READ0",
        "READ1",
        "READ2",
        "READ3",
        "READ4",
        "RESERVED",
        "PENDING",
        "EXCLUSIVE",
    ];
}

/// Words of one lock, relative to [`lock`].
pub mod lock_word {
    /// Slot + 1 of the exclusive owner, or 0.
    pub const OWNER: u32 = 0;
    /// A long waiter's claim to be next: since when it waits, and its slot + 1 in the lower byte; or 0.
    pub const RESERVATION: u32 = 1;
    /// Grows at each release that somebody waits for.
    pub const RELEASES: u32 = 2;
    /// Bitmap of the waiting slots.
    pub const WAITING: u32 = 3;
}

/// The first word of a lock.
pub const fn lock(index: u32) -> u32 {
    LOCKS + index * LOCK_STRIDE
}

const SLOT_WORDS_AT: u32 = LOCKS + locks::COUNT * LOCK_STRIDE;
const CONNECTIONS: u32 = (SLOT_WORDS_AT + SLOTS).next_multiple_of(CONNECTION_STRIDE);
const CONNECTIONS_END: u32 = CONNECTIONS + SLOTS * CONNECTION_STRIDE;

/// States of a connection slot: the lower byte of its word. The rest is the slot's generation, so
/// that one operation changes a slot of one connection and never that of the next.
pub mod slot_states {
    /// Nobody's.
    pub const FREE: u32 = 0;
    /// A connection's that is yet to prove that it lives; it holds nothing.
    pub const ATTACHING: u32 = 1;
    /// A connection's whose death nobody could prove. It is outside of its fence, and changes nothing.
    pub const UNPROVEN: u32 = 2;
    /// The same, inside of its fence.
    pub const INSIDE: u32 = 3;
    /// A connection's whose death can be proved.
    pub const LIVE: u32 = 4;
    /// Its connection died, or was evicted; what it held is yet to be given back.
    pub const DEAD: u32 = 5;
    /// The same, and the connection in the slot whose number is added is doing it.
    pub const REAPING: u32 = 128;
    /// The bits of a slot's word that are its state.
    pub const MASK: u32 = 0xff;
    /// Where the generation begins.
    pub const GENERATION_SHIFT: u32 = 8;
}

/// The word of a slot.
pub const fn slot(index: u32) -> u32 {
    SLOT_WORDS_AT + index
}

/// What stands in the word of a slot.
pub const fn slot_word(generation: u32, state: u32) -> u32 {
    generation << slot_states::GENERATION_SHIFT | state
}

/// Words of one connection, in cache lines of its own: readers that run side by side then change
/// no word of each other's.
pub const CONNECTION_STRIDE: u32 = connection_word::STATEMENT + STATEMENT_BYTES.div_ceil(4);
/// Bytes of a statement's text that a connection tells, in UTF-8; the rest is cut off.
pub const STATEMENT_BYTES: u32 = 256;

/// Words of one connection, relative to [`connection`].
pub mod connection_word {
    /// The locks held shared, a bit each.
    pub const SHARED: u32 = 0;
    /// When the connection last began to read, in milliseconds since 1970 modulo 2^32.
    pub const SINCE: u32 = 1;
    /// When the connection last gave a sign of life by its timer, in the same way.
    pub const HEARTBEAT: u32 = 2;
    /// Grows by 2 when the statement changes; odd while its text is being stored.
    pub const STATEMENT_VERSION: u32 = 3;
    /// Bytes of the text of the statement that began to read.
    pub const STATEMENT_LENGTH: u32 = 4;
    /// What others ask of the connection, see [`super::signals`], below its slot's generation.
    pub const SIGNALS: u32 = 5;
    /// Grows with each sign of life of a connection whose death nobody can prove.
    pub const BEATS: u32 = 6;
    /// 1 while the connection holds the file's EXCLUSIVE lock. The lock's owner word is no such sign:
    /// who tries it stands there before it has looked at the others.
    pub const HOLDS_EXCLUSIVE: u32 = 7;
    /// A number that all connections of one worker have, see `share()` in JavaScript, and
    /// [`super::WORKER_VOUCHED`]; or 0.
    pub const WORKER: u32 = 8;
    /// That, exclusive-or the connection's id, see [`super::check`].
    pub const WORKER_CHECK: u32 = 9;
    /// The id of the connection for which the Web Lock was taken that proves this one's life: the first
    /// one of its worker.
    pub const PROOF: u32 = 10;
    /// That, exclusive-or the connection's id, see [`super::check`].
    pub const PROOF_CHECK: u32 = 11;
    /// 1 while something that was done under WRITE or EXCLUSIVE could not be published, and the lock
    /// is kept for it.
    pub const OWED: u32 = 15;
    /// That text.
    pub const STATEMENT: u32 = 16;
}

/// Set beside a worker's number: who started it is told of its end, which proves the death of its
/// connections. So it is in Node.
pub const WORKER_VOUCHED: u32 = 1 << 31;

const _: () = assert!(connection_word::WORKER_CHECK == connection_word::WORKER + 1);
const _: () = assert!(connection_word::PROOF_CHECK == connection_word::PROOF + 1);

/// What stands behind a word that a connection says of itself before it is attached. Where it is not, the
/// word is of another connection: of an earlier one in the slot, or of one that was so slow that the slot
/// was taken away from it, and that wrote here all the same.
pub const fn check(said: u32, slot: u32, generation: u32) -> u32 {
    said ^ connection_id(slot, generation)
}

/// The number by which others know the connection of this generation in a slot.
pub const fn connection_id(slot: u32, generation: u32) -> u32 {
    generation * SLOTS + slot
}

/// What others ask of a connection, and its answer.
pub mod signals {
    /// To end the statement that runs now.
    pub const INTERRUPT: u32 = 1;
    /// To roll back, and to run no statement any more.
    pub const STOP: u32 = 2;
    /// It has rolled back, and will run no statement any more.
    pub const STOPPED: u32 = 4;
    /// To clean up after the dead: somebody has the proof, but no connection to do it with.
    pub const REAP: u32 = 8;
    /// The reason for which it is to stop: the runtime was disposed of.
    pub const DISPOSED: u32 = 16;
    /// The bits that ask for something.
    pub const ASKED: u32 = INTERRUPT | STOP | REAP;
}

/// The first word of the connection in a slot.
pub const fn connection(slot: u32) -> u32 {
    CONNECTIONS + slot * CONNECTION_STRIDE
}

/// wal-index pages of 32 KiB that a runtime can have: 4 million frames.
pub const INDEX_MAX_PAGES: u32 = 1024;
/// Bytes of a wal-index page (`WALINDEX_PGSZ`).
pub const INDEX_PAGE_BYTES: u32 = 32768;
/// Words of a wal-index page.
pub const INDEX_PAGE_WORDS: u32 = INDEX_PAGE_BYTES / 4;

/// The generation word of a wal-index page.
pub const fn index_generation(page: u32) -> u32 {
    CONNECTIONS_END + page
}

/// The change feed, see `feed::ring` for what the words are for.
pub mod feed {
    use super::{CONNECTIONS_END, INDEX_MAX_PAGES, LOCK_STRIDE};

    /// What listeners want, see [`wants`]; 0 as long as there was none. In a cache line of its own,
    /// since every commit looks here.
    pub const LISTENING: u32 = (CONNECTIONS_END + INDEX_MAX_PAGES).next_multiple_of(LOCK_STRIDE);
    /// Lower half of the number of the last record.
    pub const SEQUENCE: u32 = LISTENING + LOCK_STRIDE;
    /// Upper half of that number.
    pub const SEQUENCE_UPPER: u32 = SEQUENCE + 1;
    /// Where the last record of an even number ends, and the last one of an odd number: positions in
    /// the ring, which grow beyond its length.
    pub const ENDS: u32 = SEQUENCE + 2;
    /// Up to which position the ring may be overwritten.
    pub const CLAIMED: u32 = SEQUENCE + 4;
    /// The ring.
    pub const RING: u32 = SEQUENCE + LOCK_STRIDE;
    /// Words of the ring; a power of two, so that positions stay right when they wrap.
    pub const RING_WORDS: u32 = 1 << 16;

    /// Bits of [`LISTENING`].
    pub mod wants {
        /// The tables that each commit changed.
        pub const TABLES: u32 = 1;
        /// The row ids as well.
        pub const ROW_IDS: u32 = 2;
    }

    /// Words of a record, relative to its beginning. The tables follow, each with [`table_word`].
    pub mod record_word {
        /// Words of the record.
        pub const LENGTH: u32 = 0;
        /// Lower half of its number.
        pub const SEQUENCE: u32 = 1;
        /// Upper half of its number.
        pub const SEQUENCE_UPPER: u32 = 2;
        /// The connection that committed.
        pub const CONNECTION: u32 = 3;
        /// How many tables follow, or [`super::UNKNOWN`].
        pub const TABLES: u32 = 4;
        /// Words before the tables.
        pub const COUNT: u32 = 5;
    }

    /// Words of a table in a record. Its name in UTF-8 follows, then its row ids, of two words each.
    pub mod table_word {
        /// Bytes of the name.
        pub const NAME_BYTES: u32 = 0;
        /// How many row ids follow, or [`super::UNKNOWN`].
        pub const ROW_IDS: u32 = 1;
        /// Words before the name.
        pub const COUNT: u32 = 2;
    }

    /// In place of a count: it cannot be told.
    pub const UNKNOWN: u32 = u32::MAX;
    /// Row ids that a record has at the most.
    pub const MAX_ROW_IDS: u32 = 1000;
}

/// Length of the control block in words.
pub const CONTROL_WORDS: u32 = feed::RING + feed::RING_WORDS;
/// Length of the control block in bytes.
pub const CONTROL_BYTES: u32 = CONTROL_WORDS * 4;

/// What JavaScript needs to know, by name: `js/src/layout.ts` is generated from this.
pub const EXPORTED: &[(&str, u32, &str)] = &[
    ("DISPOSED", DISPOSED, "Not 0 after dispose(): no further connection; 2 if that was by force."),
    ("COMMITS", COMMITS, "Commits since the runtime was created."),
    ("DEATHS", DEATHS, "Dead connections that were reaped since the runtime was created."),
    ("EVICTIONS", EVICTIONS, "Those of them that were evicted, after no sign of life for too long."),
    (
        "LOCK_STALE_MS",
        LOCK_STALE_MS,
        "Milliseconds without a sign of life before a connection is evicted; 0 for the default.",
    ),
    ("WEB_LOCKS_OFF", WEB_LOCKS_OFF, "1 if connections are to prove nothing by Web Locks."),
    ("CHECKPOINTS", CHECKPOINTS, "Completed checkpoint runs since the runtime was created."),
    (
        "DATABASE_UNITS",
        file(FileKind::Database) + file_word::UNITS,
        "Size of the database in units of 512 bytes.",
    ),
    (
        "DATABASE_TAIL",
        file(FileKind::Database) + file_word::TAIL,
        "Bytes of the database past its last whole unit.",
    ),
    (
        "WRITE_AHEAD_UNITS",
        file(FileKind::WriteAhead) + file_word::UNITS,
        "Size of the write-ahead log in units of 512 bytes.",
    ),
    (
        "WRITE_AHEAD_TAIL",
        file(FileKind::WriteAhead) + file_word::TAIL,
        "Bytes of the write-ahead log past its last whole unit.",
    ),
    ("WAL_FRAMES", HEADER + 4, "Frames in the write-ahead log (mxFrame of the wal-index header)."),
    ("WAL_BACKFILLED", HEADER + 24, "Frames that checkpoints have copied into the database (nBackfill)."),
    ("ROSTER", ROSTER, "Grows when a connection is attached."),
    ("LOCK_WAITS", LOCK_WAITS, "Times that a connection slept for a lock."),
    ("LOCK_WAIT_MS", LOCK_WAIT_MS, "Milliseconds that connections slept for locks."),
    ("RETRIES", RETRIES, "Times that a copy of the wal-index was made again."),
    ("RECOVERIES", RECOVERIES, "Times that SQLite built the wal-index anew from the log."),
    ("READ_MARKS", HEADER + 25, "Frames that holders of each READ lock may read (aReadMark)."),
    ("LOCKS", LOCKS, "First lock: the slot + 1 of its exclusive owner."),
    ("CONNECTIONS", CONNECTIONS, "First connection."),
    (
        "SLOTS",
        SLOT_WORDS_AT,
        "Word of each connection slot: its generation, and its state in the lower byte.",
    ),
    ("FEED_LISTENING", feed::LISTENING, "What listeners to commits want; 0 as long as there was none."),
    ("FEED_SEQUENCE", feed::SEQUENCE, "Number of the last commit record; its upper half follows."),
    ("FEED_ENDS", feed::ENDS, "Where the last record of an even number ends, and the last of an odd one."),
    ("FEED_CLAIMED", feed::CLAIMED, "Up to which position the ring of records may be overwritten."),
    ("FEED_RING", feed::RING, "The ring of commit records."),
];
