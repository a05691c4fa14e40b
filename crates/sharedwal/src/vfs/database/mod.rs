//! An open database: the file, its locks, and this connection's copy of the wal-index.

mod announcing;
mod file_lock;
mod shared_memory;
mod waiting;

use std::ffi::c_int;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ffi;

use crate::connections::Slot;
use crate::counters;
use crate::feed::Changes;
use crate::fence::{self, Fence};
use crate::file::SharedFile;
use crate::injection::Mutation;
use crate::layout::{self, FileKind, locks};
use crate::locks::{Contended, LockTable};
use crate::memory::now;
use crate::runtime::Inner;
use crate::signals::Signals;
use crate::vfs::activity::Activity;
use crate::vfs::busy::Polling;
use crate::vfs::checkpoints::Policy;
use crate::vfs::progress::UserHandler;
use crate::vfs::scope;
use crate::wal_index::{Holding, WalIndex};

/// Levels of the database file's lock, as SQLite orders them.
const NONE: c_int = ffi::SQLITE_LOCK_NONE;
const SHARED: c_int = ffi::SQLITE_LOCK_SHARED;
const RESERVED: c_int = ffi::SQLITE_LOCK_RESERVED;
const PENDING: c_int = ffi::SQLITE_LOCK_PENDING;
const EXCLUSIVE: c_int = ffi::SQLITE_LOCK_EXCLUSIVE;

/// What every call of an evicted connection fails with.
pub const EVICTED: c_int = ffi::SQLITE_IOERR_LOCK;

/// The version of the database file.
const FILE_VERSION: u32 = layout::file(FileKind::Database) + layout::file_word::VERSION;

/// From such a sleep on, SQLite has looked for a snapshot in vain often enough: 15 times.
const OVERTAKEN: Duration = Duration::from_millis(1);
/// A writer waits so long for somebody's look, and somebody who looks for a writer.
const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// One connection's end of a database.
pub struct Database {
    runtime: Arc<Inner>,
    locks: LockTable,
    level: c_int,
    /// WAL locks held, a bit each.
    shared: u32,
    exclusive: u32,
    /// Those of them that SQLite has given up, but under which something was done that could not
    /// be published: they are let go after the next sync that comes through.
    owed_shared: u32,
    owed_exclusive: u32,
    /// Whether others can see that something is owed.
    owes: bool,
    index: Option<WalIndex>,
    /// What the open transaction changes.
    changes: Changes,
    /// What the wal-index told of commits when WRITE was taken, while it is held.
    commits_before: Option<u32>,
    /// Whether SQLite built the wal-index anew since then.
    recovered: bool,
    /// Whether SQLite has given WRITE up, and what it committed is not published yet.
    commit_owed: bool,
    /// Whether the last try to attach to the wal-index was in vain.
    unattached: bool,
    /// Whether a checkpoint could not tell others of what it is about to do.
    checkpoint_refused: bool,
    contended: Option<Contended>,
    /// Whether writers are held up until this connection has looked for a snapshot.
    looks_in_turn: bool,
    persist_wal: bool,
    /// SQLite's connection, for what is installed in it; null where nothing is.
    connection: *mut ffi::sqlite3,
    busy_timeout: Option<Duration>,
    checkpoint_policy: Option<Policy>,
    waiting_until: Duration,
    last_waited: Option<Duration>,
    activity: Activity,
    user_progress: Option<UserHandler>,
    /// When the statement that runs is to end.
    deadline: Option<Duration>,
    signals: Signals,
    polling: Option<Polling>,
    fence: Arc<Fence>,
    slot_index: u32,
    /// Freed after all that was held in its name.
    slot: Option<Slot>,
}

impl Database {
    /// Opens a runtime's database: takes the slot that was kept for this, or claims one.
    pub fn open(runtime: Arc<Inner>, flags: c_int) -> Result<Database, c_int> {
        let create = flags & ffi::SQLITE_OPEN_CREATE != 0;
        if !create && runtime.file(FileKind::Database).size() == 0 {
            scope::set_reason(format!("the runtime '{}' has no database yet", runtime.name()));
            return Err(ffi::SQLITE_CANTOPEN);
        }
        // What was kept is taken away if opening takes long: it is done in another slot then.
        let kept = scope::adopted(runtime.id()).filter(Slot::attach);
        #[cfg(target_arch = "wasm32")]
        let is_kept = kept.is_some();
        let slot = kept.map_or_else(|| attached(&runtime), Ok)?;
        let (fence, _inside) = Fence::around(runtime.control(), &slot);
        let mut locks = LockTable::new(runtime.control().clone(), slot.index());
        let (all, reaper) = (runtime.clone(), slot.index());
        locks.set_fence(fence.clone(), move || {
            fence::show_life();
            all.evict_silent(reaper);
        });
        let signals = Signals::new(runtime.control().clone(), fence.clone());
        // Who disposes of a runtime sets the word, then asks those to stop whose word it finds: one of
        // the two sees the other.
        if runtime.is_disposed() {
            scope::set_reason(format!("the runtime '{}' was disposed of", runtime.name()));
            return Err(ffi::SQLITE_CANTOPEN);
        }
        // It could not wait for a proof, as none by SQL can.
        #[cfg(target_arch = "wasm32")]
        if !is_kept && !slot.is_proven() {
            runtime.prove(&fence);
        }
        // From here on the living are asked for this; who came before may have left it undone.
        #[cfg(any(test, target_arch = "wasm32"))]
        crate::reaping::reap_marked(runtime.control(), slot.index());
        Ok(Database {
            locks,
            level: NONE,
            shared: 0,
            exclusive: 0,
            owed_shared: 0,
            owed_exclusive: 0,
            owes: false,
            index: None,
            changes: Changes::default(),
            commits_before: None,
            recovered: false,
            commit_owed: false,
            unattached: false,
            checkpoint_refused: false,
            contended: None,
            looks_in_turn: false,
            persist_wal: false,
            connection: std::ptr::null_mut(),
            busy_timeout: None,
            checkpoint_policy: None,
            waiting_until: Duration::ZERO,
            last_waited: None,
            user_progress: None,
            deadline: None,
            signals,
            activity: Activity::new(runtime.control().clone(), slot.index()),
            polling: None,
            fence,
            slot_index: slot.index(),
            slot: Some(slot),
            runtime,
        })
    }

    /// The connection's fence.
    pub fn fence(&self) -> &Arc<Fence> {
        &self.fence
    }

    /// Bytes that a file has room for.
    pub fn capacity(&self, kind: FileKind) -> u64 {
        self.runtime.file(kind).capacity()
    }

    /// The page size that the wal-index tells; 0 if there is none.
    pub fn page_size(&self) -> u32 {
        self.index.as_ref().map_or(0, WalIndex::page_size)
    }

    /// The database file.
    pub fn file(&self) -> &SharedFile {
        self.runtime.file(FileKind::Database)
    }

    fn holding(&self) -> Holding {
        let exclusive = self.level == EXCLUSIVE && !Mutation::ExclusivePagesNotCompared.is_on();
        if exclusive || self.exclusive & (1 << locks::RECOVER) != 0 {
            Holding::Everything
        } else if self.exclusive & (1 << locks::WRITE) != 0 {
            Holding::Write
        } else {
            Holding::Nothing
        }
    }

    fn refused(&mut self, contended: Contended) -> c_int {
        self.contended = Some(contended);
        ffi::SQLITE_BUSY
    }

    #[cfg(test)]
    pub fn control(&self) -> &Arc<dyn crate::memory::Words> {
        self.runtime.control()
    }

    #[cfg(test)]
    pub fn locks(&self) -> &LockTable {
        &self.locks
    }

    /// The connection's slot, and its generation.
    #[cfg(test)]
    pub fn identity(&self) -> (u32, u32) {
        (self.slot_index, self.slot.as_ref().map_or(0, Slot::generation))
    }

    #[cfg(test)]
    pub fn wal_index(&self) -> Option<&WalIndex> {
        self.index.as_ref()
    }

    /// A checkpoint is about to write into the database: `nBackfillAttempted` must be known
    /// before, or a snapshot could be opened of which pages are already overwritten.
    pub fn checkpoint_starts(&mut self) -> c_int {
        let Ok(_inside) = self.fence.enter() else { return EVICTED };
        self.runtime.control().add(FILE_VERSION, 1);
        if Mutation::CheckpointStartsUnpublished.is_on() {
            return ffi::SQLITE_OK;
        }
        // With EXCLUSIVE nobody else can open one, and the last to close deletes the log after this.
        self.checkpoint_refused =
            self.publish().is_err() && self.level != EXCLUSIVE && !Mutation::CheckpointNotRefused.is_on();
        ffi::SQLITE_OK
    }

    /// Whether a checkpoint must not write. SQLite ignores what [`Database::checkpoint_starts`] answers, and
    /// asks for the size of the database next.
    pub fn is_checkpoint_refused(&self) -> bool {
        self.checkpoint_refused
    }

    /// Whether the read transaction reads the database file alone, which nobody can write into then.
    #[cfg(feature = "snapshot")]
    pub fn reads_file_alone(&self) -> bool {
        self.shared & (1 << locks::READ) != 0
    }

    /// The version of the database file.
    #[cfg(feature = "snapshot")]
    pub fn file_version(&self) -> u32 {
        self.runtime.control().load(FILE_VERSION)
    }

    /// What tells the log from the one before it began anew, as it is shared now.
    #[cfg(feature = "snapshot")]
    pub fn log_salts(&self) -> [u32; 2] {
        [0, 1].map(|word| self.runtime.control().load(layout::HEADER_SALTS + word))
    }

    /// The runtime whose database it is.
    pub fn runtime(&self) -> &Arc<Inner> {
        &self.runtime
    }

    /// A checkpoint ended.
    pub fn checkpoint_done(&mut self) -> c_int {
        let Ok(_inside) = self.fence.enter() else { return EVICTED };
        if !std::mem::take(&mut self.checkpoint_refused) {
            counters::count(self.runtime.control().as_ref(), layout::CHECKPOINTS, 1);
        }
        ffi::SQLITE_OK
    }

    /// A transaction was committed. Or it was not: if the connection was evicted before its commit was
    /// published, nobody will see it, and this is the place to say so.
    pub fn committed(&mut self) -> c_int {
        let Ok(_inside) = self.fence.enter() else {
            let published = self.index.as_ref().is_none_or(WalIndex::is_published);
            let done = published || Mutation::RefusedCommitDone.is_on();
            return if done { ffi::SQLITE_OK } else { EVICTED };
        };
        counters::count(self.runtime.control().as_ref(), layout::COMMITS, 1);
        self.announce_exclusive();
        ffi::SQLITE_OK
    }

    /// Whether the write-ahead log stays when the last connection closes.
    pub fn persist_wal(&self) -> bool {
        self.persist_wal
    }

    /// Sets [`Database::persist_wal`].
    pub fn set_persist_wal(&mut self, persist: bool) {
        self.persist_wal = persist;
    }

    /// What others ask of the connection.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The user's own progress handler.
    pub fn user_progress(&mut self) -> Option<&mut UserHandler> {
        self.user_progress.as_mut()
    }

    /// Whether the runtime was disposed of by force: no transaction begins or commits any more. SQLite
    /// passes the answer on.
    pub fn unless_ended(&self) -> Result<(), c_int> {
        if self.runtime.is_disposed_by_force() { Err(ffi::SQLITE_INTERRUPT) } else { Ok(()) }
    }

    /// Sets [`Database::user_progress`].
    pub fn set_user_progress(&mut self, handler: Option<UserHandler>) {
        self.user_progress = handler;
    }

    /// Does what others ask for. If that is an end, has SQLite give up what it does as soon as it
    /// can, and returns true.
    pub fn obey(&self) -> bool {
        // Shows by the way that the connection lives.
        if self.fence.enter().is_err() {
            self.activity.interrupt();
            return true;
        }
        if !self.signals.any_asked() {
            return false;
        }
        self.signals.reap_if_asked();
        // Another request to reap may have come meanwhile: it is for the next time.
        let asked = self.signals.end_asked();
        if asked {
            self.signals.clear_interrupt();
            // Stays until the statement ends, so that what it was refused is known for this.
            self.activity.interrupt();
        }
        asked
    }

    /// Has statements end at this time.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    /// Whether the time that statements had is over.
    pub fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| now() >= deadline)
    }

    /// A checkpoint is about to write a page. It looks at SQLite's own word alone.
    pub fn obey_in_checkpoint(&self) {
        if !self.obey() && self.is_late() {
            self.activity.interrupt();
        }
    }

    /// Has SQLite give up what it does as soon as it can.
    pub fn interrupt(&self) {
        self.activity.interrupt();
    }

    /// Tells which connection this is the main database of.
    pub fn set_connection(&mut self, db: *mut ffi::sqlite3) {
        self.activity.set_connection(db);
        self.connection = db;
    }

    /// The connection that was told; null where none was.
    pub fn connection(&self) -> *mut ffi::sqlite3 {
        self.connection
    }

    /// Sets how long the busy handler waits.
    pub fn set_busy_timeout(&mut self, timeout: Duration) {
        self.busy_timeout = Some(timeout);
    }

    /// How long the busy handler waits, if this crate's was installed.
    pub fn busy_timeout(&self) -> Option<Duration> {
        self.busy_timeout
    }

    /// Has the hook of this crate checkpoint after commits.
    pub fn set_checkpoint_policy(&mut self, policy: Policy) {
        self.checkpoint_policy = Some(policy);
    }

    /// When to checkpoint, if the hook of this crate does.
    pub fn checkpoint_policy(&mut self) -> Option<&mut Policy> {
        self.checkpoint_policy.as_mut()
    }
}

/// A slot that is claimed and attached at once.
fn attached(runtime: &Inner) -> Result<Slot, c_int> {
    let refused = |reason: String| {
        scope::set_reason(reason);
        ffi::SQLITE_CANTOPEN
    };
    let slot = runtime.claim_slot().map_err(|error| refused(error.to_string()))?;
    match slot.attach() {
        true => Ok(slot),
        false => Err(refused("the connection's slot was taken away while it was being opened".into())),
    }
}

impl Database {
    /// Gives up all that the connection holds, and its slot.
    fn give_up(&mut self) {
        if self.shm_unmap() != ffi::SQLITE_OK {
            // What could not be published is not there for others, so they must not get the locks under
            // which it was done: whoever reaps the connection has SQLite recover it first.
            if let Some(slot) = self.slot.take() {
                slot.mark_dead();
            }
            return;
        }
        for lock in 0..locks::WAL_LOCKS {
            self.release(lock, true);
            self.release(lock, false);
        }
        self.unlock(NONE);
        self.locks.give_up();
        self.slot = None;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(_inside) = self.fence.enter() {
            self.give_up();
        }
        scope::leave(self);
    }
}
