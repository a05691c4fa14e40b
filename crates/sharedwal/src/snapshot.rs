//! Snapshots that travel: a state of the database, taken in the read transaction of one connection,
//! at which other connections can read.
//!
//! SQLite's `sqlite3_snapshot` interface (<https://sqlite.org/c3ref/snapshot.html>), made safe: a
//! snapshot knows its runtime, and its bytes are checked. And made whole: SQLite names a state by a
//! place in the write-ahead log. A transaction that reads the database file alone, because the log is
//! empty or wholly checkpointed, does not keep the log from beginning anew, and with it that name.
//! But nobody can write into the file meanwhile, so such a state is named by the file's version as
//! well: as long as the file stands, it is the state at the beginning of whatever log there is.

use std::cmp::Ordering;
use std::ptr::null_mut;

use rusqlite::{Connection, TransactionState, ffi};

use crate::error::{Code, Error};
use crate::vfs::{self, Database};

/// SQLite's `sqlite3_snapshot`: 48 bytes, a `WalIndexHdr`.
type State = [u32; 12];
/// `WalIndexHdr.iVersion`; SQLite takes 0 for something else than a snapshot.
const VERSION: usize = 0;
/// SQLite's `WALINDEX_MAX_VERSION`.
const WAL_INDEX_VERSION: u32 = 3_007_000;
/// `WalIndexHdr.isInit`, the first byte of this word.
const IS_INIT: usize = 3;
/// `WalIndexHdr.mxFrame`.
const MX_FRAME: usize = 4;
/// `WalIndexHdr.nPage`.
const PAGES: usize = 5;
/// `WalIndexHdr.aSalt`.
const SALTS: std::ops::Range<usize> = 8..10;

/// Words of a snapshot as bytes: its state, whether it is the file alone, the file's version, and a
/// checksum. The runtime's identifier follows.
const WORDS: usize = 16;
const ALONE: usize = 12;
const FILE_VERSION: usize = 13;
const CHECKSUM: usize = 14;

/// A state of a runtime's database.
///
/// It stays valid for as long as the connection that took it keeps its read transaction open, or
/// another connection reads at it, whatever is written and checkpointed meanwhile. After that it
/// may be gone at any time: as soon as a checkpoint has copied newer pages into the database or the
/// log has begun anew, [`Snapshot::open`] fails with `SQLITE_ERROR_SNAPSHOT`.
///
/// ```ignore-wasm32
/// # use sharedwal::{Runtime, RuntimeOptions, Snapshot};
/// # let runtime = Runtime::create(&RuntimeOptions::default())?;
/// let mut maker = runtime.connect_blocking()?;
/// maker.execute_batch("create table t (x); insert into t values (7)")?;
/// let reading = maker.transaction()?;
/// let bytes = Snapshot::take(&reading)?.to_bytes();
/// // In another thread or worker, at any time before `reading` ends:
/// let mut db = runtime.connect_blocking()?;
/// let there = db.transaction()?;
/// Snapshot::from_bytes(&bytes)?.open(&there)?;
/// assert_eq!(there.query_row("select sum(x) from t", [], |row| row.get::<_, i64>(0))?, 7);
/// # Ok::<(), sharedwal::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// What SQLite calls it; zeros for the file before the first log.
    state: State,
    /// The version of the database file, if it is the state of the file alone.
    file: Option<u32>,
    runtime: String,
}

impl Snapshot {
    /// The state that the connection's transaction reads; it begins to read if it does not yet.
    ///
    /// # Errors
    /// [`Code::NoReadTransaction`] outside of a transaction, or if it has written;
    /// [`Code::SnapshotUnavailable`] outside of WAL mode; what SQLite says.
    pub fn take(connection: &Connection) -> Result<Snapshot, Error> {
        if transaction_state(connection)? == TransactionState::Write {
            return Err(Error::new(Code::NoReadTransaction, "The transaction has written"));
        }
        let state = get(connection);
        with_database(connection, |database| {
            let state = match state {
                // SQLite has no name for an empty log that nobody has written to yet.
                Err(ffi::SQLITE_ERROR) if database.reads_file_alone() => State::default(),
                Err(ffi::SQLITE_ERROR) => return Err(not_in_wal_mode()),
                Err(code) => return Err(sqlite_error(code, ffi::code_to_str(code))),
                Ok(state) => state,
            };
            let alone = database.reads_file_alone() || state[MX_FRAME] == 0;
            let file = alone.then(|| database.file_version());
            Ok(Snapshot { state, file, runtime: database.runtime().id().to_owned() })
        })?
    }

    /// Has the connection's transaction read this state. It must have been begun, and not have read
    /// or written yet. A checkpoint that is going on is waited for, within the busy timeout.
    ///
    /// A write in the transaction fails with `SQLITE_BUSY_SNAPSHOT`, unless the state is still the
    /// newest.
    ///
    /// # Errors
    /// [`Code::ForeignSnapshot`]; [`Code::NoReadTransaction`] outside of a transaction,
    /// [`Code::InTransaction`] if it has read or written; [`Code::SnapshotUnavailable`] if the
    /// database is not in WAL mode any more; what SQLite says: `SQLITE_ERROR_SNAPSHOT` if the
    /// snapshot is gone, `SQLITE_BUSY`.
    pub fn open(&self, connection: &Connection) -> Result<(), Error> {
        if !with_database(connection, |database| database.runtime().id() == self.runtime)? {
            return Err(Error::new(Code::ForeignSnapshot, ""));
        }
        if transaction_state(connection)? != TransactionState::None {
            return Err(Error::new(Code::InTransaction, "The transaction has read or written"));
        }
        let mut result = self.try_open(connection)?;
        if result == ffi::SQLITE_ERROR {
            // SQLite must have read the database once to know that it is in WAL mode.
            connection.query_row("pragma application_id", [], |_| Ok(()))?;
            result = self.try_open(connection)?;
        }
        match result {
            ffi::SQLITE_OK => Ok(()),
            ffi::SQLITE_ERROR_SNAPSHOT => Err(sqlite_error(result, GONE)),
            ffi::SQLITE_ERROR => Err(not_in_wal_mode()),
            code => Err(sqlite_error(code, ffi::code_to_str(code))),
        }
    }

    fn try_open(&self, connection: &Connection) -> Result<i32, Error> {
        let mut result = ffi::SQLITE_ERROR_SNAPSHOT;
        if self.state[VERSION] != 0 {
            result = open_state(connection, self.state);
        }
        if result != ffi::SQLITE_ERROR_SNAPSHOT || self.file.is_none() {
            return Ok(result);
        }
        // The log has begun anew, or for the first time. Once more if that happens meanwhile.
        for _ in 0..BEGINNINGS {
            let (version, salts) = look(connection)?;
            if Some(version) != self.file {
                break;
            }
            match open_state(connection, beginning(self.state[PAGES], salts)) {
                ffi::SQLITE_ERROR_SNAPSHOT => {}
                // From here on nobody writes into the file; if somebody has begun to since the look
                // at its version, this is the state at a later beginning.
                ffi::SQLITE_OK if Some(look(connection)?.0) != self.file => break,
                result => return Ok(result),
            }
        }
        Ok(ffi::SQLITE_ERROR_SNAPSHOT)
    }

    /// The identifier of the runtime whose state this is.
    pub fn runtime_id(&self) -> &str {
        &self.runtime
    }

    /// The snapshot as bytes, for another worker or thread of this page or process.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut words = [0; WORDS];
        words[..ALONE].copy_from_slice(&self.state);
        words[ALONE] = self.file.is_some().into();
        words[FILE_VERSION] = self.file.unwrap_or_default();
        let sum = checksum(&words[..CHECKSUM]);
        words[CHECKSUM..].copy_from_slice(&sum);
        words.iter().flat_map(|word| word.to_ne_bytes()).chain(self.runtime.bytes()).collect()
    }

    /// A snapshot from its bytes.
    ///
    /// # Errors
    /// [`Code::InvalidSnapshot`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot, Error> {
        let invalid = |detail| Error::new(Code::InvalidSnapshot, detail);
        let (head, runtime) = bytes.split_at_checked(WORDS * 4).ok_or_else(|| invalid("It is too short"))?;
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(head.as_chunks::<4>().0) {
            *word = u32::from_ne_bytes(*bytes);
        }
        let (content, sum) = words.split_at(CHECKSUM);
        // A sum over nothing but zeros is zero.
        if *sum != checksum(content) || (words[VERSION], words[ALONE]) == (0, 0) {
            return Err(invalid("Its bytes are damaged"));
        }
        let mut state = State::default();
        state.copy_from_slice(&words[..ALONE]);
        let file = (words[ALONE] != 0).then_some(words[FILE_VERSION]);
        let runtime = str::from_utf8(runtime).map_err(|_| invalid("Its runtime is not text"))?;
        Ok(Snapshot { state, file, runtime: runtime.to_owned() })
    }
}

/// Older is less. Snapshots of two runtimes have no order, nor have those between which the log has
/// begun anew.
impl PartialOrd for Snapshot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        if self.runtime != other.runtime || self.state[SALTS] != other.state[SALTS] {
            return None;
        }
        let (mut one, mut two) = (self.state, other.state);
        // SAFETY: both are snapshots of 48 bytes, which SQLite only reads.
        let order = unsafe { ffi::sqlite3_snapshot_cmp((&raw mut one).cast(), (&raw mut two).cast()) };
        Some(order.cmp(&0)).filter(|order| order.is_ne())
    }
}

/// Times that the log begins while one snapshot is being opened. It does so for each transaction at
/// its beginning that is rolled back.
const BEGINNINGS: usize = 100;

const GONE: &str = "the snapshot is gone: its maker has ended its transaction, and a checkpoint has overwritten the state; take another one, and keep its transaction open";

fn sqlite_error(code: i32, message: &str) -> Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message.into())).into()
}

fn not_in_wal_mode() -> Error {
    Error::new(Code::SnapshotUnavailable, "The database is not in WAL mode")
}

/// The state at the beginning of the log that has these salts, before its first frame.
fn beginning(pages: u32, salts: [u32; 2]) -> State {
    let mut state = State::default();
    state[VERSION] = WAL_INDEX_VERSION;
    state[IS_INIT] = u32::from_ne_bytes([1, 0, 0, 0]);
    state[PAGES] = pages;
    state[SALTS].copy_from_slice(&salts);
    state
}

fn look(connection: &Connection) -> Result<(u32, [u32; 2]), Error> {
    with_database(connection, |database| (database.file_version(), database.log_salts()))
}

/// The state of the open transaction.
fn transaction_state(connection: &Connection) -> Result<TransactionState, Error> {
    if connection.is_autocommit() {
        return Err(Error::new(Code::NoReadTransaction, "No transaction is open"));
    }
    Ok(connection.transaction_state(Some("main"))?)
}

/// sqlite3_snapshot_get; else SQLite's result code.
fn get(connection: &Connection) -> Result<State, i32> {
    let mut snapshot: *mut ffi::sqlite3_snapshot = null_mut();
    // SAFETY: the connection is open; a snapshot that SQLite returns has 48 bytes, and is freed once.
    unsafe {
        let result = ffi::sqlite3_snapshot_get(connection.handle(), c"main".as_ptr(), &mut snapshot);
        if result != ffi::SQLITE_OK {
            return Err(result);
        }
        let state = snapshot.cast::<State>().read_unaligned();
        ffi::sqlite3_snapshot_free(snapshot);
        Ok(state)
    }
}

/// sqlite3_snapshot_open; SQLite's result code.
fn open_state(connection: &Connection, mut state: State) -> i32 {
    // SAFETY: the connection is open, and SQLite uses the snapshot during the call alone. One that
    // no log ever had leads it to read what is not there, not out of bounds.
    unsafe { ffi::sqlite3_snapshot_open(connection.handle(), c"main".as_ptr(), (&raw mut state).cast()) }
}

fn with_database<T>(connection: &Connection, f: impl FnOnce(&mut Database) -> T) -> Result<T, Error> {
    // SAFETY: the connection is open, and SQLite is not called while the reference lives.
    let database = unsafe { vfs::database_of(connection.handle()) };
    let database = database.ok_or_else(|| {
        Error::new(Code::InvalidArgument, "The connection is not one to a runtime of this crate")
    })?;
    Ok(f(database))
}

/// walChecksumBytes() of wal.c.
fn checksum(words: &[u32]) -> [u32; 2] {
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().fold([0u32; 2], |[one, two], [a, b]| {
        let one = one.wrapping_add(*a).wrapping_add(two);
        [one, two.wrapping_add(*b).wrapping_add(one)]
    })
}
