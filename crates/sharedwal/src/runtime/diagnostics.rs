//! What is going on in a runtime, as the control block tells: read without a connection, by anybody.

use std::time::Duration;

use super::Runtime;
use crate::file::SegmentCounts;
use crate::layout::{
    self, FileKind, HEADER, SLOTS, STATEMENT_BYTES, connection_word, lock_word, locks, slot_states,
};
use crate::memory::{Words, wall_clock};

/// Sizes, connections and counters of a runtime. Each figure is right in itself; while others
/// write, they need not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostics {
    /// The database file.
    pub database: FileDiagnostics,
    /// The write-ahead log. It is used again from its start, so its size falls rarely.
    pub write_ahead: FileDiagnostics,
    /// Frames in the log that belong to the database's present state or its history.
    pub write_ahead_frames: u32,
    /// How many of these frames checkpoints have copied into the database.
    pub checkpointed_frames: u32,
    /// The connection whose read transaction keeps the log from being checkpointed to its end:
    /// the slot of the one with the oldest snapshot.
    pub write_ahead_pinned_by: Option<u32>,
    /// Connections that exist now, in all workers or threads.
    pub connections: Vec<ConnectionDiagnostics>,
    /// What happened since the runtime was created.
    pub counters: Counters,
    /// Whether [`Runtime::dispose`] was called.
    pub disposed: bool,
}

/// One shared file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDiagnostics {
    /// Bytes in the file.
    pub size: u64,
    /// Bytes that it can grow to.
    pub max_capacity: u64,
    /// The segments that it is made of.
    pub segments: SegmentCounts,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionDiagnostics {
    /// Its number, for [`Runtime::interrupt`].
    pub id: u32,
    /// Its slot, from 0 on.
    pub slot: u32,
    /// How many connections the slot has had, this one included.
    pub generation: u32,
    /// What state it is in.
    pub state: ConnectionState,
    /// Time since its last sign of life: a read transaction began, or its timer ran.
    pub heartbeat_age: Duration,
    /// The locks it holds.
    pub locks: Vec<HeldLock>,
    /// Frames of the log that its read transaction may read; `None` without one, 0 if it reads the
    /// database alone.
    pub read_mark: Option<u32>,
    /// How long its read transaction has been open; `None` without one.
    pub transaction_age: Option<Duration>,
    /// The statement that began its read transaction, cut off after 256 bytes.
    pub statement: Option<String>,
}

/// Whether others know that a connection lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// It is being opened.
    Attaching,
    /// It is open, and nobody could prove its death.
    Unproven,
    /// It is open, and its death can be proved.
    Live,
    /// It died, and is being cleaned up after.
    Dead,
}

/// A lock that a connection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldLock {
    /// SQLite's name of the lock: `WRITE`, `CKPT`, `RECOVER` and `READ0` to `READ4` of the log;
    /// `RESERVED`, `PENDING` and `EXCLUSIVE` of the database file, whose shared side is SHARED.
    pub name: &'static str,
    /// Whether it is held alone.
    pub exclusive: bool,
}

/// Counters since the runtime was created. They stay at `u32::MAX` instead of beginning anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Transactions committed.
    pub commits: u32,
    /// Checkpoint runs completed.
    pub checkpoints: u32,
    /// Dead connections that were cleaned up after.
    pub deaths: u32,
    /// Those of them that were evicted: nothing was heard of them for too long.
    pub evictions: u32,
    /// Times that a connection slept for a lock.
    pub lock_waits: u32,
    /// Milliseconds that connections slept for locks.
    pub lock_wait_ms: u32,
    /// Times that a copy of the wal-index was made again because a commit came in between.
    pub retries: u32,
    /// Times that SQLite built the wal-index anew from the log; a new or emptied database counts
    /// one, and so does a death in the middle of a commit.
    pub recoveries: u32,
}

/// `WalCkptInfo.nBackfill` of the wal-index header, and `aReadMark[0]` after it.
const BACKFILLED: u32 = HEADER + 24;
const READ_MARKS: u32 = BACKFILLED + 1;
/// `WalIndexHdr.mxFrame`.
const FRAMES: u32 = HEADER + 4;
const READ_LOCKS: std::ops::Range<u32> = locks::READ..locks::WAL_LOCKS;

impl Runtime {
    /// Sizes, connections and counters, from shared memory: cheap, and without a connection.
    ///
    /// ```ignore-wasm32
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// let (writer, reader) = (runtime.connect_blocking()?, runtime.connect_blocking()?);
    /// writer.execute_batch("create table t (x); insert into t values (1)")?;
    /// reader.execute_batch("begin")?;
    /// reader.query_row("select x from t", [], |row| row.get::<_, i64>(0))?;
    /// writer.execute_batch("insert into t values (2)")?;
    ///
    /// // Who keeps the log from starting anew, since when, and by what?
    /// let diagnostics = runtime.diagnostics();
    /// let slot = diagnostics.write_ahead_pinned_by.expect("a reader is behind");
    /// let culprit = diagnostics.connections.iter().find(|one| one.slot == slot).unwrap();
    /// assert_eq!(culprit.statement.as_deref(), Some("select x from t"));
    /// assert!(culprit.transaction_age.is_some());
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    pub fn diagnostics(&self) -> Diagnostics {
        let words = self.0.control().as_ref();
        let connections: Vec<_> = (0..SLOTS).filter_map(|slot| connection(words, slot)).collect();
        let (frames, backfilled) = (words.load(FRAMES), words.load(BACKFILLED));
        Diagnostics {
            database: self.file_diagnostics(FileKind::Database),
            write_ahead: self.file_diagnostics(FileKind::WriteAhead),
            write_ahead_frames: frames,
            checkpointed_frames: backfilled,
            write_ahead_pinned_by: pinned_by(&connections, frames, backfilled),
            connections,
            counters: Counters {
                commits: words.load(layout::COMMITS),
                checkpoints: words.load(layout::CHECKPOINTS),
                deaths: words.load(layout::DEATHS),
                evictions: words.load(layout::EVICTIONS),
                lock_waits: words.load(layout::LOCK_WAITS),
                lock_wait_ms: words.load(layout::LOCK_WAIT_MS),
                retries: words.load(layout::RETRIES),
                recoveries: words.load(layout::RECOVERIES),
            },
            disposed: self.0.is_disposed(),
        }
    }

    fn file_diagnostics(&self, kind: FileKind) -> FileDiagnostics {
        let file = self.0.file(kind);
        FileDiagnostics { size: file.size(), max_capacity: file.capacity(), segments: file.segments() }
    }
}

/// A reader of frames up to its mark keeps the later ones from being copied. One that reads the
/// database alone keeps all from it that were not copied when it began.
fn pinned_by(connections: &[ConnectionDiagnostics], frames: u32, backfilled: u32) -> Option<u32> {
    let snapshot = |mark: u32| if mark == 0 { backfilled } else { mark };
    connections
        .iter()
        .filter_map(|connection| Some((snapshot(connection.read_mark?), connection)))
        .filter(|(snapshot, _)| *snapshot < frames)
        .min_by_key(|(snapshot, connection)| (*snapshot, std::cmp::Reverse(connection.transaction_age)))
        .map(|(_, connection)| connection.slot)
}

fn connection(words: &dyn Words, slot: u32) -> Option<ConnectionDiagnostics> {
    let word = words.load(layout::slot(slot));
    let state = match word & slot_states::MASK {
        slot_states::FREE => return None,
        slot_states::ATTACHING => ConnectionState::Attaching,
        slot_states::UNPROVEN | slot_states::INSIDE => ConnectionState::Unproven,
        slot_states::LIVE => ConnectionState::Live,
        _ => ConnectionState::Dead,
    };
    let first = layout::connection(slot);
    let shared = words.load(first + connection_word::SHARED);
    let read_lock = READ_LOCKS.into_iter().find(|lock| shared & 1 << lock != 0);
    let age = |at: u32| {
        let age = wall_clock().wrapping_sub(words.load(first + at));
        // What was stored after the clock was read is not of the future.
        Duration::from_millis(if age > u32::MAX / 2 { 0 } else { age.into() })
    };
    let reads_since = age(connection_word::SINCE);
    Some(ConnectionDiagnostics {
        id: layout::connection_id(slot, word >> slot_states::GENERATION_SHIFT),
        slot,
        generation: word >> slot_states::GENERATION_SHIFT,
        state,
        heartbeat_age: reads_since.min(age(connection_word::HEARTBEAT)),
        locks: held_locks(words, slot, shared),
        read_mark: read_lock.map(|lock| words.load(READ_MARKS + lock - locks::READ)),
        transaction_age: read_lock.map(|_| reads_since),
        statement: read_lock.and_then(|_| statement(words, first)),
    })
}

fn held_locks(words: &dyn Words, slot: u32, shared: u32) -> Vec<HeldLock> {
    (0..)
        .zip(locks::NAMES)
        .filter_map(|(lock, name)| {
            let exclusive = words.load(layout::lock(lock) + lock_word::OWNER) == slot + 1;
            (exclusive || shared & 1 << lock != 0).then_some(HeldLock { name, exclusive })
        })
        .collect()
}

/// The text that a connection tells; `None` if there is none, or it changes all the time.
fn statement(words: &dyn Words, first: u32) -> Option<String> {
    const TRIES: u32 = 4;
    (0..TRIES).find_map(|_| {
        let version = words.load(first + connection_word::STATEMENT_VERSION);
        let length = words.load(first + connection_word::STATEMENT_LENGTH).min(STATEMENT_BYTES);
        let mut text = [0; STATEMENT_BYTES.div_ceil(4) as usize];
        words.copy_out(first + connection_word::STATEMENT, &mut text);
        let whole =
            version & 1 == 0 && words.load_after(first + connection_word::STATEMENT_VERSION) == version;
        if !whole || length == 0 {
            return None;
        }
        let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_le_bytes()).take(length as usize).collect();
        Some(String::from_utf8_lossy(&bytes).into_owned())
    })
}
