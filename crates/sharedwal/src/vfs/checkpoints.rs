//! Checkpoints after commits, as `wal_autocheckpoint` has SQLite do them, and one thing more: a log
//! that readers who follow each other without a gap keep from starting anew is held at a high-water
//! mark.
//!
//! A passive checkpoint copies what it can, but the log starts anew only when a writer finds no
//! reader in it. Past the mark, the writer that committed last checkpoints with RESTART instead:
//! other writers queue behind it, new readers read the database itself, and when the last old
//! reader has finished, the log is free. A reader that stays is not waited for: while a RESTART
//! waits, nobody can write, or open a snapshot.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;
use std::time::Duration;

use rusqlite::ffi;

use super::Database;
use super::io_methods::database_of;
use crate::layout::FileKind;
use crate::memory;

/// The mark in frames: 64 MiB of pages of 4096 bytes, or half of a smaller log.
const HIGH_WATER_FRAMES: u32 = 16_384;

/// How long a RESTART after a commit waits for each lock at the longest; a shorter busy timeout holds.
const RESTART_PATIENCE: Duration = Duration::from_millis(250);

/// How long after one that was in vain another is tried, if the log did not grow by much before.
const RESTART_AGAIN: Duration = Duration::from_secs(5);

/// The page size of a database that is yet to be written, as far as the log's room goes.
const USUAL_PAGE_SIZE: u32 = 4096;
const SMALLEST_PAGE_SIZE: u32 = 512;
const SQLITE_MAX_PAGE_COUNT: u64 = 0xffff_fffe;

/// When one connection checkpoints.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The page size that frames are counted in; 0 if the database had none yet.
    page_size: u32,
    /// Frames in the log from which a commit checkpoints; 0 for never.
    pub autocheckpoint: u32,
    /// Frames in the log from which it has the log start anew.
    high_water: u32,
    /// Frames that the log has room for.
    room: u32,
    in_vain: Option<InVain>,
}

/// The last RESTART, if a reader held it up: up to how many frames, and until when none is tried.
#[derive(Debug, Clone, Copy)]
struct InVain {
    frames: u32,
    until: Duration,
}

impl Policy {
    /// For a log that has room for so many bytes.
    fn new(page_size: u32, capacity: u64) -> Self {
        let size = if page_size == 0 { USUAL_PAGE_SIZE } else { page_size };
        let room = (capacity / u64::from(size)).min(i32::MAX as u64) as u32;
        let high_water = HIGH_WATER_FRAMES.min(room / 2).max(1);
        Policy { page_size, autocheckpoint: 1000.min(room / 4).max(1), high_water, room, in_vain: None }
    }

    /// The same for pages of another size; what the user has set stays.
    fn resized(self, page_size: u32, capacity: u64) -> Self {
        let (before, mut after) = (Policy::new(self.page_size, capacity), Policy::new(page_size, capacity));
        if self.autocheckpoint != before.autocheckpoint {
            after.autocheckpoint = self.autocheckpoint;
        }
        after
    }

    /// What to do about a log of so many frames.
    fn mode(&mut self, frames: u32, now: Duration) -> Option<c_int> {
        // A log that began anew meanwhile has left the reader behind.
        self.in_vain =
            self.in_vain.filter(|it| (self.high_water..it.frames).contains(&frames) && now < it.until);
        if self.autocheckpoint == 0 || frames < self.autocheckpoint {
            None
        } else if frames < self.high_water || self.in_vain.is_some() {
            Some(ffi::SQLITE_CHECKPOINT_PASSIVE)
        } else {
            Some(ffi::SQLITE_CHECKPOINT_RESTART)
        }
    }

    /// Notes how a RESTART went. One that a reader held up is not tried again at each commit, but
    /// when the log has grown by another part, or some time has passed. Near the log's end the parts
    /// are smaller: who keeps it from starting anew then may be another reader, that soon ends.
    fn restarted(&mut self, frames: u32, now: Duration, done: bool) {
        let part = (self.high_water / 4).min(self.room.saturating_sub(frames) / 4).max(1);
        self.in_vain = (!done).then(|| InVain {
            frames: frames.saturating_add(part),
            until: now.saturating_add(RESTART_AGAIN),
        });
    }
}

/// Has the connection checkpoint by its [`Policy`], and count the database's capacity in pages of this
/// size, or 0 if that is not known yet: a statement that needs a page too many then fails itself, not the
/// commit after it.
///
/// # Safety
/// `db` must be an open connection whose main database is of this VFS.
pub unsafe fn install(db: *mut ffi::sqlite3, page_size: u32) {
    // SAFETY: as the caller promises.
    if let Some(database) = unsafe { database_of(db) } {
        database.set_connection(db);
        database.set_checkpoint_policy(Policy::new(page_size, database.capacity(FileKind::WriteAhead)));
        resume(database);
        let capacity = database.capacity(FileKind::Database);
        // SAFETY: as the caller promises; no reference to the database is used any more.
        unsafe { limit(db, page_size, capacity) };
    }
}

/// Tells SQLite of the capacity. A page size that is not known yet may be the smallest: what SQLite then
/// allows and the file has no room for fails when it is written.
///
/// # Safety
/// `db` must be an open connection, and no reference to its database may be in use.
unsafe fn limit(db: *mut ffi::sqlite3, page_size: u32, capacity: u64) {
    let pages = capacity / u64::from(page_size.max(SMALLEST_PAGE_SIZE));
    let pragma = format!("pragma main.max_page_count = {}\0", pages.clamp(1, SQLITE_MAX_PAGE_COUNT));
    // SAFETY: as the caller promises; the text ends with a NUL. Without the limit, writing fails instead.
    unsafe { ffi::sqlite3_exec(db, pragma.as_ptr().cast(), None, null_mut(), null_mut()) };
}

/// A database can get its page size, or another one, after a connection was opened: from the first
/// commit in WAL mode on, capacities are counted in pages as they are.
///
/// # Safety
/// As for [`limit`]; `database` must be the main database of `db`.
unsafe fn follow_page_size(db: *mut ffi::sqlite3, database: *mut Database) {
    // SAFETY: as the caller promises; the reference ends before SQLite is called.
    let capacity = unsafe {
        let database = &mut *database;
        let (page_size, log) = (database.page_size(), database.capacity(FileKind::WriteAhead));
        match database.checkpoint_policy() {
            Some(policy) if page_size != 0 && policy.page_size != page_size => {
                *policy = policy.resized(page_size, log);
            }
            _ => return,
        }
        (page_size, database.capacity(FileKind::Database))
    };
    // SAFETY: as the caller promises.
    unsafe { limit(db, capacity.0, capacity.1) };
}

/// Puts the hook back in its place.
pub fn resume(database: &mut Database) {
    let db = database.connection();
    if !db.is_null() {
        // SAFETY: a connection is noted by `install` alone, and lives as long as its database; SQLite
        // calls no hook after that.
        unsafe { ffi::sqlite3_wal_hook(db, Some(after_commit), std::ptr::from_mut(database).cast()) };
    }
}

/// SQLite calls this after each commit in WAL mode, with the frames in the log.
unsafe extern "C" fn after_commit(
    database: *mut c_void,
    db: *mut ffi::sqlite3,
    name: *const c_char,
    frames: c_int,
) -> c_int {
    // SAFETY: `install` passed the database, and only this thread uses the connection now; each
    // reference ends before SQLite is called, which makes its own.
    unsafe {
        let database = database.cast::<Database>();
        let frames = frames.max(0) as u32;
        follow_page_size(db, database);
        let mode = (*database).checkpoint_policy().and_then(|policy| policy.mode(frames, memory::now()));
        let Some(mode) = mode else {
            return ffi::SQLITE_OK;
        };
        let restart = mode == ffi::SQLITE_CHECKPOINT_RESTART;
        let timeout = (*database).busy_timeout().filter(|_| restart);
        if let Some(timeout) = timeout {
            (*database).set_busy_timeout(timeout.min(RESTART_PATIENCE));
        }
        // As with SQLite's own hook, a checkpoint that does not get through is no error.
        let result = ffi::sqlite3_wal_checkpoint_v2(db, name, mode, null_mut(), null_mut());
        if let Some(timeout) = timeout {
            (*database).set_busy_timeout(timeout);
        }
        if restart && let Some(policy) = (*database).checkpoint_policy() {
            policy.restarted(frames, memory::now(), result == ffi::SQLITE_OK);
        }
    }
    ffi::SQLITE_OK
}
