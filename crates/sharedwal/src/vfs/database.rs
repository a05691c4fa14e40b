//! An open database: the file, its locks, and this connection's copy of the wal-index.

use std::ffi::c_int;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ffi;

use super::activity::Activity;
use super::busy::Polling;
use super::checkpoints::Policy;
use super::progress::UserHandler;
use super::scope;
use crate::connections::Slot;
use crate::counters;
use crate::fence::Fence;
use crate::file::SharedFile;
use crate::injection::Mutation;
use crate::layout::{self, FileKind, connection_word, locks};
use crate::locks::{Contended, LockTable, Mode};
use crate::memory::now;
use crate::ordered_section::patience;
use crate::runtime::Inner;
use crate::signals::Signals;
use crate::wal_index::{Holding, MapError, WalIndex};

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
    /// Whether the last try to attach to the wal-index was in vain.
    unattached: bool,
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
        let adopted = scope::adopted(runtime.id());
        #[cfg(target_arch = "wasm32")]
        let attached = adopted.is_none();
        let slot = adopted.map_or_else(|| runtime.claim_slot(), Ok);
        let slot = slot.map_err(|error| {
            scope::set_reason(error.to_string());
            ffi::SQLITE_CANTOPEN
        })?;
        if !slot.attach() {
            scope::set_reason(
                "opening took longer than 30 s, and the connection's slot was given away".into(),
            );
            return Err(ffi::SQLITE_CANTOPEN);
        }
        let (fence, _inside) = Fence::around(runtime.control(), &slot);
        let mut locks = LockTable::new(runtime.control().clone(), slot.index());
        let (all, reaper) = (runtime.clone(), slot.index());
        locks.set_fence(fence.clone(), move || all.evict_silent(reaper));
        let (words, index) = (runtime.control().clone(), slot.index());
        let signals = Signals::new(words, index, slot.generation(), fence.clone());
        // Who disposes of a runtime sets the word, then asks those to stop whose word it finds: one of
        // the two sees the other.
        if runtime.is_disposed() {
            scope::set_reason(format!("the runtime '{}' was disposed of", runtime.name()));
            return Err(ffi::SQLITE_CANTOPEN);
        }
        // By SQL, which cannot wait for a proof.
        #[cfg(target_arch = "wasm32")]
        if attached {
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
            unattached: false,
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
            activity: Activity::new(runtime.control().clone(), slot.index(), runtime.worker()),
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

    /// What SQLite gave up although nothing of it can be changed any more: the connection was evicted.
    pub fn forget(&mut self) {
        (self.level, self.shared, self.exclusive) = (NONE, 0, 0);
        (self.owed_shared, self.owed_exclusive) = (0, 0);
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

    /// SQLite's xLock: raises the file lock to `level`.
    pub fn lock(&mut self, level: c_int) -> c_int {
        scope::enter(self);
        if level <= self.level {
            return ffi::SQLITE_OK;
        }
        let result = match level {
            SHARED => self.lock_shared(),
            RESERVED => self.locks.try_exclusive(locks::RESERVED),
            _ => self.lock_exclusive(),
        };
        if let Err(contended) = result {
            return self.refused(contended);
        }
        self.taken(&match level {
            RESERVED => locks::RESERVED..locks::PENDING,
            _ => locks::PENDING..locks::COUNT,
        });
        if level == EXCLUSIVE {
            // What others published until now is theirs: from here on every difference is ours.
            let holding = self.holding();
            if let Some(index) = &mut self.index
                && index.sync(holding).is_err()
            {
                self.locks.release_exclusive(locks::EXCLUSIVE);
                return ffi::SQLITE_BUSY;
            }
        }
        if level == EXCLUSIVE {
            self.runtime.control().add(FILE_VERSION, 1);
        }
        self.set_level(level);
        ffi::SQLITE_OK
    }

    fn set_level(&mut self, level: c_int) {
        self.level = level;
        self.fence.set_level(level);
    }

    fn lock_shared(&mut self) -> Result<(), Contended> {
        let pending = Contended { lock: locks::PENDING, mode: Mode::Shared };
        if self.locks.is_owned(locks::PENDING) {
            return Err(pending);
        }
        self.locks.try_shared(locks::EXCLUSIVE)
    }

    fn lock_exclusive(&mut self) -> Result<(), Contended> {
        if self.level < PENDING {
            self.locks.try_exclusive(locks::PENDING)?;
            self.set_level(PENDING);
        }
        self.locks.try_exclusive(locks::EXCLUSIVE)
    }

    /// SQLite's xUnlock: lowers the file lock to `level`.
    pub fn unlock(&mut self, level: c_int) -> c_int {
        scope::enter(self);
        if level >= self.level {
            return ffi::SQLITE_OK;
        }
        if self.level == EXCLUSIVE
            && !Mutation::ExclusiveGivenUpUnpublished.is_on()
            && self.sync(self.holding()).is_err()
        {
            self.owe(true);
            return ffi::SQLITE_IOERR_UNLOCK;
        }
        // RESERVED first: while it stands, nobody takes the journal for a hot one.
        if self.level >= RESERVED {
            self.locks.release_exclusive(locks::RESERVED);
        }
        if self.level == EXCLUSIVE {
            self.locks.release_exclusive(locks::EXCLUSIVE);
        }
        if self.level >= PENDING {
            self.locks.release_exclusive(locks::PENDING);
        }
        if level == NONE {
            self.locks.release_shared(locks::EXCLUSIVE);
        }
        self.set_level(level);
        ffi::SQLITE_OK
    }

    /// SQLite's xCheckReservedLock. RESERVED alone: answering for PENDING or EXCLUSIVE as well
    /// would hide a hot journal from a second reader.
    pub fn is_reserved(&self) -> bool {
        self.locks.is_owned(locks::RESERVED)
            || Mutation::PendingCountsAsReserved.is_on() && self.locks.is_owned(locks::PENDING)
    }

    /// SQLite's xShmMap.
    pub fn shm_map(&mut self, page: u32, extend: bool) -> Result<*mut u32, c_int> {
        scope::enter(self);
        let holding = self.holding();
        if self.index.is_none() {
            let (control, index) = (self.runtime.control().clone(), self.runtime.index().clone());
            // SQLite tries a hundred times: only the first try waits.
            let patience = if self.unattached { Duration::ZERO } else { patience() };
            let attached = WalIndex::attach(control, index, self.slot_index, patience);
            self.unattached = attached.is_err();
            self.index = Some(attached.map_err(|_| ffi::SQLITE_BUSY)?);
        }
        let Some(index) = &mut self.index else { return Err(ffi::SQLITE_IOERR_SHMMAP) };
        index.map(page, extend, holding).map_err(|error| match error {
            MapError::Full => ffi::SQLITE_FULL,
            MapError::Stalled => ffi::SQLITE_BUSY,
        })
    }

    /// SQLite's xShmLock: takes or gives up `count` WAL locks from `first` on.
    pub fn shm_lock(&mut self, first: u32, count: u32, flags: c_int) -> c_int {
        scope::enter(self);
        if first + count > locks::WAL_LOCKS {
            return ffi::SQLITE_IOERR_SHMLOCK;
        }
        let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
        let wanted = first..first + count;
        if flags & ffi::SQLITE_SHM_UNLOCK == 0 && self.settle().is_err() {
            return ffi::SQLITE_BUSY;
        }
        let holding = self.holding();
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            // Published before the lock is free: who takes it next sees what was done under it.
            // A lock whose work could not be published stays held; SQLite takes no notice of the
            // answer, so it is owed from now on.
            if Mutation::FreedBeforePublished.is_on() {
                wanted.clone().for_each(|lock| self.release(lock, exclusive));
            }
            if self.sync(holding).is_err() {
                let owed = if exclusive { &mut self.owed_exclusive } else { &mut self.owed_shared };
                *owed |= wanted.fold(0, |bits, lock| bits | 1 << lock);
                self.owe(true);
                return ffi::SQLITE_IOERR_SHMLOCK;
            }
            for lock in wanted {
                self.release(lock, exclusive);
            }
            return ffi::SQLITE_OK;
        }
        for lock in wanted.clone() {
            let taken = if exclusive { self.try_exclusive(lock) } else { self.locks.try_shared(lock) };
            if let Err(contended) = taken {
                (first..lock).for_each(|taken| self.release(taken, exclusive));
                // Refreshed on failure too: SQLite goes on from what it sees then.
                let _ = self.sync(holding);
                return self.refused(contended);
            }
            *self.held(exclusive) |= 1 << lock;
        }
        let holding = if Mutation::JudgedByLocksAfter.is_on() { self.holding() } else { holding };
        if !Mutation::NoRefreshAfterLock.is_on() && self.sync(holding).is_err() {
            wanted.clone().for_each(|lock| self.release(lock, exclusive));
            return ffi::SQLITE_BUSY;
        }
        self.taken(&wanted);
        if !exclusive && first >= locks::READ {
            self.activity.reads();
        }
        if exclusive && wanted.contains(&locks::RECOVER) {
            counters::count(self.runtime.control().as_ref(), layout::RECOVERIES, 1);
        }
        ffi::SQLITE_OK
    }

    /// Takes a lock. Somebody's look, for which it is claimed, is waited for: readers hold a writer up
    /// for that moment, also one without a busy timeout, but it is not refused.
    fn try_exclusive(&mut self, lock: u32) -> Result<(), Contended> {
        self.locks.try_exclusive(lock).or_else(|contended| {
            let looked_at = self.locks.is_looked_at(lock) && self.locks.wait_for(contended, LONGEST_LOOK);
            if looked_at { self.locks.try_exclusive(lock) } else { Err(contended) }
        })
    }

    /// One of these locks was waited for, if any was, and is had now.
    fn taken(&mut self, locks: &Range<u32>) {
        self.contended = None;
        self.polling = self.polling.filter(|polling| !polling.is_for(locks));
    }

    /// Publishes what could not be published before, and lets go of the locks that stood for it.
    fn settle(&mut self) -> Result<(), ()> {
        if self.owed_shared | self.owed_exclusive != 0 {
            self.sync(self.holding())?;
            for lock in 0..locks::WAL_LOCKS {
                for (owed, exclusive) in [(self.owed_shared, false), (self.owed_exclusive, true)] {
                    if owed & (1 << lock) != 0 {
                        self.release(lock, exclusive);
                    }
                }
            }
            (self.owed_shared, self.owed_exclusive) = (0, 0);
        }
        Ok(())
    }

    fn held(&mut self, exclusive: bool) -> &mut u32 {
        if exclusive { &mut self.exclusive } else { &mut self.shared }
    }

    fn release(&mut self, lock: u32, exclusive: bool) {
        if *self.held(exclusive) & (1 << lock) == 0 {
            return;
        }
        *self.held(exclusive) &= !(1 << lock);
        if exclusive {
            self.locks.release_exclusive(lock);
        } else {
            self.locks.release_shared(lock);
        }
    }

    fn sync(&mut self, holding: Holding) -> Result<(), ()> {
        if let Some(index) = &mut self.index {
            index.sync(holding).map_err(|_| ())?;
            if self.owes {
                self.owe(false);
            }
        }
        Ok(())
    }

    /// Tells whether what was done here is still to be published: who reaps this connection has
    /// SQLite recover it from the log then.
    fn owe(&mut self, owes: bool) {
        self.owes = owes;
        let at = layout::connection(self.slot_index) + connection_word::OWED;
        self.runtime.control().store(at, u32::from(owes));
    }

    /// SQLite's xShmBarrier. It cannot fail: a sync that does not come through shows at the next
    /// lock call, which every path of SQLite makes before it relies on what it read.
    pub fn shm_barrier(&mut self) {
        scope::enter(self);
        let holding = self.holding();
        let locked = self.shared | self.exclusive != 0 || self.level == EXCLUSIVE;
        if let Some(index) = &mut self.index {
            let _ = index.barrier(holding, locked);
        }
        // Whether the look was in vain is known to SQLite after this.
        if self.looks_in_turn && self.shared >> locks::READ != 0 {
            self.looks_in_turn = false;
            self.locks.give_up();
        }
    }

    /// SQLite's xShmUnmap.
    pub fn shm_unmap(&mut self) -> c_int {
        let holding = self.holding();
        if let Some(index) = self.index.take() {
            let published = index.detach(holding).is_ok();
            if self.owes == published {
                self.owe(!published);
            }
        }
        if self.owes { ffi::SQLITE_IOERR_SHMMAP } else { ffi::SQLITE_OK }
    }

    /// Refreshes the copy of the wal-index before SQLite looks at it anew.
    pub fn refresh(&mut self) {
        if let Ok(_inside) = self.fence.enter() {
            let _ = self.sync(self.holding());
        }
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
        if self.sync(self.holding()).is_err() { ffi::SQLITE_BUSY } else { ffi::SQLITE_OK }
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

    /// The runtime's identifier.
    #[cfg(feature = "snapshot")]
    pub fn runtime_id(&self) -> &str {
        self.runtime.id()
    }

    /// A checkpoint ended.
    pub fn checkpoint_done(&self) -> c_int {
        let Ok(_inside) = self.fence.enter() else { return EVICTED };
        counters::count(self.runtime.control().as_ref(), layout::CHECKPOINTS, 1);
        ffi::SQLITE_OK
    }

    /// A transaction was committed. Or it was not: if the connection was evicted before its commit was
    /// published, nobody will see it, and this is the place to say so.
    pub fn committed(&self) -> c_int {
        let Ok(_inside) = self.fence.enter() else {
            let published = self.index.as_ref().is_none_or(WalIndex::is_published);
            let done = published || Mutation::RefusedCommitDone.is_on();
            return if done { ffi::SQLITE_OK } else { EVICTED };
        };
        counters::count(self.runtime.control().as_ref(), layout::COMMITS, 1);
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

    /// The busy handler begins to wait for a lock.
    pub fn start_waiting(&mut self, now: Duration) {
        self.waiting_until = now.saturating_add(self.busy_timeout.unwrap_or_default());
    }

    /// The busy handler returns to SQLite.
    pub fn stop_waiting(&mut self, now: Duration) {
        self.last_waited = Some(now);
    }

    /// When the busy handler returned to SQLite the last time.
    pub fn last_waited(&self) -> Option<Duration> {
        self.last_waited
    }

    /// How much longer the busy handler may wait.
    pub fn time_left(&self, now: Duration) -> Duration {
        let until = self.deadline.map_or(self.waiting_until, |deadline| self.waiting_until.min(deadline));
        until.saturating_sub(now)
    }

    /// The lock that was refused last, and not had since.
    pub fn contended(&self) -> Option<Contended> {
        self.contended
    }

    /// Sleeps until the lock that was refused last may be free; true if it may be.
    pub fn wait_for_contended(&mut self, timeout: Duration) -> bool {
        self.contended.is_some_and(|contended| self.locks.wait_for(contended, timeout))
    }

    /// As [`Database::wait_for_contended`], for a connection that has attached this database: what its
    /// main database is asked for ends the wait.
    pub fn wait_on_behalf(&mut self, of: Signals, timeout: Duration) -> bool {
        self.locks.wait_on_behalf(Some(of));
        let free = self.wait_for_contended(timeout);
        self.locks.wait_on_behalf(None);
        free
    }

    /// A sleep of SQLite's own busy handler: ends when the lock that was refused last is free and
    /// claimed for this connection.
    pub fn poll(&mut self, duration: Duration) {
        let Some(contended) = self.contended else { return self.pause(duration) };
        let mut polling = Polling::step(self.polling, contended, duration);
        self.locks.wait_for_turn(contended, polling.left());
        polling.woken();
        self.polling = Some(polling);
    }

    /// SQLite's sleep before it looks for a snapshot once more. A look takes about as long as a small
    /// commit, and a writer that never pauses can overtake one after the other, up to the hundredth and
    /// SQLITE_PROTOCOL: after some in vain, writers wait until the next one is over.
    pub fn pause_before_look(&mut self, duration: Duration) {
        let Ok(_inside) = self.fence.enter() else { return };
        self.pause(duration);
        if duration >= OVERTAKEN && self.exclusive & (1 << locks::WRITE) == 0 {
            self.locks.claim_for_look(locks::WRITE, duration.max(LONGEST_LOOK));
            self.looks_in_turn = true;
        }
    }

    /// Sleeps for a time, on a word that nobody notifies.
    pub fn pause(&self, duration: Duration) {
        let (words, at) = (self.runtime.control(), layout::slot(self.slot_index));
        let _ = self.fence.outside(|| words.wait(at, words.load(at), duration));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        scope::leave(self);
        let Ok(_inside) = self.fence.enter() else {
            self.slot.iter_mut().for_each(Slot::lose);
            return;
        };
        if self.shm_unmap() != ffi::SQLITE_OK {
            // What could not be published is not there for others, so they must not get the
            // locks under which it was done: they stay held, and the slot stays taken.
            std::mem::forget(self.slot.take());
            return;
        }
        for lock in 0..locks::WAL_LOCKS {
            self.release(lock, true);
            self.release(lock, false);
        }
        self.unlock(NONE);
        self.locks.give_up();
        scope::leave(self);
        self.slot = None;
    }
}
