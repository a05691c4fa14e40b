//! The pragmas that the VFS answers itself: SQLite's own `PRAGMA busy_timeout` and
//! `PRAGMA wal_autocheckpoint` would put its polling handler and its hook in place of this crate's.

use std::ffi::{CStr, CString, c_char, c_int};
use std::time::Duration;

use rusqlite::ffi;

use super::{Database, busy, checkpoints};

/// Answers a pragma, or leaves it to SQLite. A value puts this crate's handler or hook back, if the
/// user has replaced it, as SQLite's pragma does with SQLite's.
///
/// # Safety
/// `arguments` must be what SQLITE_FCNTL_PRAGMA documents: result, name, value.
pub unsafe fn answer(database: &mut Database, arguments: *mut *mut c_char) -> c_int {
    // SAFETY: as the caller promises; the value may be null.
    unsafe {
        let value = *arguments.add(2);
        let value = (!value.is_null()).then(|| integer(&CStr::from_ptr(value).to_string_lossy()));
        let name = CStr::from_ptr(*arguments.add(1)).to_bytes();
        let answer = if name.eq_ignore_ascii_case(b"busy_timeout") {
            busy_timeout(database, value)
        } else if name.eq_ignore_ascii_case(b"wal_autocheckpoint") {
            wal_autocheckpoint(database, value)
        } else {
            None
        };
        let Some(answer) = answer else { return ffi::SQLITE_NOTFOUND };
        let Ok(text) = CString::new(answer.to_string()) else { return ffi::SQLITE_NOMEM };
        *arguments = ffi::sqlite3_mprintf(c"%s".as_ptr(), text.as_ptr());
        ffi::SQLITE_OK
    }
}

/// In milliseconds; `None` if the busy handler was never installed.
fn busy_timeout(database: &mut Database, value: Option<u32>) -> Option<u64> {
    database.busy_timeout()?;
    if let Some(value) = value {
        database.set_busy_timeout(Duration::from_millis(value.into()));
        busy::resume(database);
    }
    database.busy_timeout().map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
}

/// In frames; `None` if the hook was never installed.
fn wal_autocheckpoint(database: &mut Database, value: Option<u32>) -> Option<u64> {
    let policy = database.checkpoint_policy()?;
    if let Some(value) = value {
        policy.autocheckpoint = value;
        checkpoints::resume(database);
    }
    database.checkpoint_policy().map(|policy| policy.autocheckpoint.into())
}

/// A value as sqlite3Atoi() reads it: what is not a number is 0. Less than 0 is none too.
fn integer(value: &str) -> u32 {
    value.trim().parse::<i32>().unwrap_or(0).max(0) as u32
}
