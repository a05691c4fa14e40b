//! The wal-index as SQLite uses it: mapping it, the WAL locks, and the barrier. `docs/design.md` has the
//! rules when this connection's copy is published and refreshed.

use std::ffi::c_int;
use std::ops::Range;
use std::time::Duration;

use rusqlite::ffi;

use super::{Database, EXCLUSIVE, LONGEST_LOOK};
use crate::counters;
use crate::injection::Mutation;
use crate::layout::{self, connection_word, locks};
use crate::locks::Contended;
use crate::ordered_section::patience;
use crate::vfs::scope;
use crate::wal_index::{Holding, MapError, WalIndex};

impl Database {
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
        if !exclusive
            && flags & ffi::SQLITE_SHM_UNLOCK == 0
            && let Err(ended) = self.unless_ended()
        {
            return ended;
        }
        let holding = self.holding();
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            if exclusive && wanted.contains(&locks::RECOVER) {
                self.name_recovery();
            }
            // Published before the lock is free: who takes it next sees what was done under it.
            // A lock whose work could not be published stays held; SQLite takes no notice of the
            // answer, so it is owed from now on.
            if Mutation::FreedBeforePublished.is_on() {
                wanted.clone().for_each(|lock| self.release(lock, exclusive));
            }
            if self.sync(holding).is_err() {
                let owed = if exclusive { &mut self.owed_exclusive } else { &mut self.owed_shared };
                *owed |= wanted.clone().fold(0, |bits, lock| bits | 1 << lock);
                self.owe(true);
                if exclusive && wanted.contains(&locks::WRITE) {
                    self.write_is_owed();
                }
                return ffi::SQLITE_IOERR_SHMLOCK;
            }
            for lock in wanted {
                self.release(lock, exclusive);
            }
            self.release_owed();
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
        if exclusive && wanted.contains(&locks::WRITE) {
            self.write_begins();
        }
        if exclusive && wanted.contains(&locks::RECOVER) {
            self.recovers();
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
    pub(super) fn taken(&mut self, locks: &Range<u32>) {
        self.contended = None;
        self.polling = self.polling.filter(|polling| !polling.is_for(locks));
    }

    /// Publishes what could not be published before. Whether it still could not.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub fn settle_while_idle(&mut self) -> bool {
        let Ok(_inside) = self.fence.enter() else { return false };
        !Mutation::OwedWhileIdle.is_on() && self.settle().is_err()
    }

    /// Publishes what could not be published before, and lets go of the locks that stood for it.
    fn settle(&mut self) -> Result<(), ()> {
        if self.owed_shared | self.owed_exclusive != 0 {
            self.publish()?;
            self.release_owed();
        }
        Ok(())
    }

    /// Lets go of the locks under which something was done that is published by now.
    fn release_owed(&mut self) {
        if self.owed_shared | self.owed_exclusive == 0 || Mutation::OwedKept.is_on() {
            return;
        }
        for lock in 0..locks::WAL_LOCKS {
            for (owed, exclusive) in [(self.owed_shared, false), (self.owed_exclusive, true)] {
                if owed & (1 << lock) != 0 {
                    self.release(lock, exclusive);
                }
            }
        }
        (self.owed_shared, self.owed_exclusive) = (0, 0);
    }

    /// SQLite has built the wal-index anew, if it could.
    fn name_recovery(&mut self) {
        let recovery = self.runtime.control().load(layout::RECOVERIES);
        if let Some(index) = &mut self.index
            && !Mutation::RecoveriesAlike.is_on()
        {
            index.name_recovery(recovery);
        }
    }

    fn held(&mut self, exclusive: bool) -> &mut u32 {
        if exclusive { &mut self.exclusive } else { &mut self.shared }
    }

    pub(super) fn release(&mut self, lock: u32, exclusive: bool) {
        if *self.held(exclusive) & (1 << lock) == 0 {
            return;
        }
        if exclusive && lock == locks::WRITE {
            self.write_ends();
        }
        *self.held(exclusive) &= !(1 << lock);
        if exclusive {
            self.locks.release_exclusive(lock);
        } else {
            self.locks.release_shared(lock);
        }
    }

    /// Has others see what was changed of the wal-index up to now, and this connection what they changed.
    pub fn publish(&mut self) -> Result<(), ()> {
        self.sync(self.holding())
    }

    pub(super) fn sync(&mut self, holding: Holding) -> Result<(), ()> {
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
    pub(super) fn owe(&mut self, owes: bool) {
        self.owes = owes;
        #[cfg(any(test, target_arch = "wasm32"))]
        scope::owes(self, owes);
        let words = self.runtime.control();
        words.store(layout::connection(self.slot_index) + connection_word::OWED, u32::from(owes));
        if owes {
            // Its own context waits for that while it runs nothing.
            words.add(layout::ROSTER, 1);
            words.notify(layout::ROSTER);
        }
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
            let commits = index.commits();
            let published = index.detach(holding).is_ok();
            if published {
                self.write_ended_with(Some(commits));
            }
            if self.owes == published {
                self.owe(!published);
            }
        }
        if self.owes { ffi::SQLITE_IOERR_SHMMAP } else { ffi::SQLITE_OK }
    }

    /// Refreshes the copy of the wal-index before SQLite looks at it anew.
    pub fn refresh(&mut self) {
        if let Ok(_inside) = self.fence.enter() {
            let _ = self.publish();
        }
    }
}
