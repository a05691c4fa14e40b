//! The busy handler: it sleeps until the contended lock is released, instead of polling.

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::time::Duration;

use rusqlite::ffi;

use super::Database;
use super::io_methods::database_of;
use super::scope::{self, Asked};
use crate::locks::Contended;
use crate::memory::{self, can_block};
use crate::signals::Signals;

/// Gives a connection the busy handler, with this timeout.
///
/// # Safety
/// `db` must be an open connection whose main database is of this VFS.
pub unsafe fn install(db: *mut ffi::sqlite3, timeout: Duration) -> bool {
    // SAFETY: as the caller promises.
    let Some(database) = (unsafe { database_of(db) }) else { return false };
    database.set_connection(db);
    database.set_busy_timeout(timeout);
    resume(database)
}

/// Puts the busy handler back in its place.
pub fn resume(database: &mut Database) -> bool {
    let db = database.connection();
    // SAFETY: a connection is noted by `install` alone, and lives as long as its database; SQLite
    // calls no busy handler after that.
    !db.is_null()
        && unsafe { ffi::sqlite3_busy_handler(db, Some(busy), std::ptr::from_mut(database).cast()) }
            == ffi::SQLITE_OK
}

/// Tries in a row without a pause where no lock was refused. The commonest reason is that another
/// connection committed between this one's snapshot and its WRITE lock: the next try is as good as
/// any later one.
const RETRIES: c_int = 10;

/// SQLite counts on within a statement, which may wait for one lock when it begins and for another
/// one when it commits. Between two tries for one lock it does next to nothing, so a call that
/// comes so long after the last one begins another wait, with all of the timeout before it.
const ANOTHER_WAIT: Duration = Duration::from_millis(100);

/// SQLite calls this with the number of times it was called before within the same statement.
unsafe extern "C" fn busy(database: *mut c_void, count: c_int) -> c_int {
    // SAFETY: `install` passed it, and only this thread uses the connection now. The references
    // end before and begin after the one that `wait` makes.
    unsafe {
        let now = memory::now();
        let main = &mut *database.cast::<Database>();
        if count == 0 || main.last_waited().is_none_or(|last| now.saturating_sub(last) > ANOTHER_WAIT) {
            main.start_waiting(now);
        }
        let left = main.time_left(now);
        let requests = main.signals().clone();
        let mut again = !left.is_zero() && wait(database.cast(), requests, left, count);
        let attached = scope::obey_attached(database.cast());
        let main = &mut *database.cast::<Database>();
        match attached {
            Asked::Nothing => {}
            Asked::Reap => again |= !main.time_left(memory::now()).is_zero(),
            Asked::End => {
                main.interrupt();
                again = false;
            }
        }
        // Woken for the dead: what they held may be free now.
        again |= main.signals().any_asked() && !main.time_left(memory::now()).is_zero();
        let asked_to_end = main.obey() || main.is_late();
        (*database.cast::<Database>()).stop_waiting(memory::now());
        c_int::from(again && !asked_to_end)
    }
}

/// Waits for `left` at the longest; whether to try again.
fn wait(main: *const Database, requests: Signals, left: Duration, count: c_int) -> bool {
    match scope::contended() {
        Some(_) => scope::wait_for_contended(main, requests, left),
        None if count < RETRIES => can_block(),
        None => {
            scope::sleep(left.min(Duration::from_millis(1)));
            can_block()
        }
    }
}

/// A wait by SQLite's own handler, which `sqlite3_busy_timeout` installs. It gives up after so many
/// sleeps, counting how long each was to be. One that a release ends early would make the time-out
/// shorter than was said, so what it left is added to the next.
#[derive(Debug, Clone, Copy)]
pub struct Polling {
    lock: u32,
    until: Duration,
    last: Duration,
}

impl Polling {
    /// The wait that goes on with another sleep for this lock, or begins with it.
    pub fn step(polling: Option<Polling>, contended: Contended, sleep: Duration) -> Polling {
        let now = memory::now();
        let lock = contended.lock;
        let same = polling.filter(|was| was.lock == lock && now.saturating_sub(was.last) <= ANOTHER_WAIT);
        let until = same.map_or(now, |was| was.until.max(now)) + sleep;
        Polling { lock, until, last: now }
    }

    /// How long this sleep may take.
    pub fn left(&self) -> Duration {
        self.until.saturating_sub(memory::now())
    }

    /// SQLite tries the lock again.
    pub fn woken(&mut self) {
        self.last = memory::now();
    }

    /// Whether the wait is for one of these locks.
    pub fn is_for(&self, locks: &Range<u32>) -> bool {
        locks.contains(&self.lock)
    }
}
