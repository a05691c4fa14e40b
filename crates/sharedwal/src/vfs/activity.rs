//! What a connection tells the others of itself, for diagnostics: since when it reads, and which
//! statement began it. A reader that keeps the log from starting anew is found by that.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use crate::layout::{self, STATEMENT_BYTES, connection_word};
use crate::memory::{Change, Words};

/// Prepared statements that are looked at for the one that runs. They stand with the youngest
/// first; a connection that keeps more of them than this may not tell which one it was.
const STATEMENTS: usize = 128;

/// One connection's words, and what stands in them.
pub struct Activity {
    words: Arc<dyn Words>,
    first: u32,
    db: *mut ffi::sqlite3,
    /// The text that was told last.
    told: Vec<u8>,
}

impl Activity {
    /// For the connection in `slot`.
    pub fn new(words: Arc<dyn Words>, slot: u32) -> Self {
        let first = layout::connection(slot);
        words.stamp(first + connection_word::HEARTBEAT);
        let mut activity = Activity { words, first, db: ptr::null_mut(), told: Vec::new() };
        activity.store_statement();
        activity
    }

    /// Whose statements they are.
    pub fn set_connection(&mut self, db: *mut ffi::sqlite3) {
        self.db = db;
    }

    /// Has the statement that runs end as soon as it can.
    pub fn interrupt(&self) {
        if !self.db.is_null() {
            // SAFETY: the connection is open; SQLite allows this at any time.
            unsafe { ffi::sqlite3_interrupt(self.db) };
        }
    }

    /// A read transaction begins. Most often it is of the same statement as the one before, and
    /// then this stores one word.
    pub fn reads(&mut self) {
        self.words.stamp(self.first + connection_word::SINCE);
        // SAFETY: SQLite calls the VFS in the thread that uses the connection, which is open.
        let text = unsafe { running_statement(self.db) }.unwrap_or_default();
        let text = &text[..text.len().min(STATEMENT_BYTES as usize)];
        if text != self.told {
            self.told.clear();
            self.told.extend_from_slice(text);
            self.store_statement();
        }
    }

    fn store_statement(&mut self) {
        let version = self.first + connection_word::STATEMENT_VERSION;
        let was = self.words.load(version) | 1;
        self.words.store(version, was);
        let chunks = (0..).zip(self.told.chunks(4));
        let text: Vec<Change> = chunks
            .map(|(at, bytes)| {
                let mut word = [0; 4];
                word[..bytes.len()].copy_from_slice(bytes);
                let at = self.first + connection_word::STATEMENT + at;
                Change { at, value: u32::from_le_bytes(word) }
            })
            .collect();
        self.words.scatter(&text);
        self.words.store(self.first + connection_word::STATEMENT_LENGTH, self.told.len() as u32);
        self.words.store(version, was.wrapping_add(1));
    }
}

/// The text of the statement that runs now.
///
/// # Safety
/// `db` must be null or an open connection that this thread uses, and the text must not be used
/// after that statement.
unsafe fn running_statement<'a>(db: *mut ffi::sqlite3) -> Option<&'a [u8]> {
    if db.is_null() {
        return None;
    }
    let mut statement = ptr::null_mut();
    for _ in 0..STATEMENTS {
        // SAFETY: as the caller promises; the statements of a connection are valid until they are
        // finalized, which nobody does inside this call.
        unsafe {
            statement = ffi::sqlite3_next_stmt(db, statement);
            if statement.is_null() {
                return None;
            }
            if ffi::sqlite3_stmt_busy(statement) != 0 {
                let text = ffi::sqlite3_sql(statement);
                return (!text.is_null()).then(|| CStr::from_ptr(text).to_bytes());
            }
        }
    }
    None
}
