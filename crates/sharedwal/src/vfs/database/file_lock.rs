//! The database file's lock, in SQLite's five levels. Rollback-journal modes live by it; in WAL mode a
//! connection holds SHARED all the time.

use std::ffi::c_int;

use rusqlite::ffi;

use super::{Database, EXCLUSIVE, FILE_VERSION, NONE, PENDING, RESERVED, SHARED};
use crate::injection::Mutation;
use crate::layout::locks;
use crate::locks::{Contended, Mode};
use crate::vfs::scope;

impl Database {
    /// SQLite's xLock: raises the file lock to `level`.
    pub fn lock(&mut self, level: c_int) -> c_int {
        scope::enter(self);
        if level <= self.level {
            return ffi::SQLITE_OK;
        }
        if let Err(ended) = self.unless_ended() {
            return ended;
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
            self.exclusive_begins();
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
            && self.publish().is_err()
        {
            self.owe(true);
            return ffi::SQLITE_IOERR_UNLOCK;
        }
        // The last one to close, which waits for SHARED, would delete the log without what is owed. SQLite, which
        // is closing this connection, takes no notice: its reaper gives the lock up.
        if level == NONE && self.owes && !Mutation::SharedBeforeOwed.is_on() {
            return ffi::SQLITE_IOERR_UNLOCK;
        }
        // RESERVED first: while it stands, nobody takes the journal for a hot one.
        if self.level >= RESERVED {
            self.locks.release_exclusive(locks::RESERVED);
        }
        if self.level == EXCLUSIVE {
            self.exclusive_ends();
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
}
