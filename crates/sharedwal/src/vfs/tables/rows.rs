//! Which rows of the main database a transaction changes, once somebody wants to know, as SQLite's
//! pre-update hook tells. Only that hook tells of rows that a `REPLACE` deletes; and while there is one,
//! SQLite deletes row by row, also where a `DELETE` has no condition.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};

use rusqlite::ffi;

use super::{MAIN, Tracker, text_of};
use crate::vfs::Database;

/// Whether rows are told.
pub struct Rows {
    wanted: Box<dyn Fn() -> bool>,
    watched: Cell<bool>,
}

impl Rows {
    pub fn new(database: &Database) -> Rows {
        Rows { wanted: Box::new(database.wants_row_ids()), watched: Cell::new(false) }
    }

    /// Whether those of the open transaction are told.
    pub fn are_watched(&self) -> bool {
        self.watched.get()
    }
}

impl Tracker {
    /// Before a transaction writes anything: from here on rows are told, if somebody wants to know.
    /// Statements that are compiled already would delete without a word, so they are compiled anew.
    pub(super) fn watch_rows(&self) {
        if self.rows.watched.get() || !(self.rows.wanted)() {
            return;
        }
        self.rows.watched.set(true);
        let context = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the connection is open; as who installs the tracker promises, it outlives it.
        unsafe { ffi::sqlite3_preupdate_hook(self.db, Some(changes_row), context) };
        self.set_authorizer();
    }
}

/// SQLite calls this before it changes a row.
unsafe extern "C" fn changes_row(
    tracker: *mut c_void,
    _db: *mut ffi::sqlite3,
    action: c_int,
    schema: *const c_char,
    table: *const c_char,
    before: i64,
    after: i64,
) {
    // SAFETY: `watch_rows` passed the tracker, which lives; SQLite passes C strings.
    unsafe {
        let tracker = &*tracker.cast::<Tracker>();
        if CStr::from_ptr(schema) == MAIN
            && let Some(table) = text_of(table)
        {
            let mut changes = tracker.main.lock();
            changes.add_row(table, before);
            if action == ffi::SQLITE_UPDATE && after != before {
                changes.add_row(table, after);
            }
        }
    }
}
