//! Whole databases of a connection that goes on: as bytes, and page by page into another one.

use std::ffi::{CStr, CString};

use sharedwal::bindings;
use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::connection::{self, begins, ended, errcode};
use crate::stopping;

type Sqlite = *mut ffi::sqlite3;
type Backup = *mut ffi::sqlite3_backup;

const MAIN: &CStr = c"main";

/// One of the connection's databases as a `Uint8Array`, else the error.
#[wasm_bindgen]
pub fn serialize(db: Sqlite, schema: &str) -> JsValue {
    connection::with(db, |connection| bindings::serialize_view(connection, schema))
        .unwrap_or_else(|error| error)
}

/// Begins to copy one of a connection's databases over the main one of another connection; 0 for an
/// error, which is the other connection's.
#[wasm_bindgen]
pub fn backup_begin(source: Sqlite, schema: &str, target: Sqlite) -> Backup {
    let Ok(schema) = CString::new(schema) else { return std::ptr::null_mut() };
    // Requests from before are not meant for it.
    begins(source, false);
    // SAFETY: both connections are open, and the names are C strings.
    unsafe { ffi::sqlite3_backup_init(target, MAIN.as_ptr(), source, schema.as_ptr()) }
}

/// Copies so many pages, all for a negative number. Returns a result code; both connections must be
/// open.
#[wasm_bindgen]
pub fn backup_step(backup: Backup, source: Sqlite, target: Sqlite, pages: i32) -> i32 {
    for db in [source, target] {
        // An interrupt that is asked for between two steps is not cleared.
        if !begins(db, true) || stopping::end_if_asked(db) {
            return errcode(db);
        }
    }
    // SAFETY: the backup has begun, and is not finished.
    ended(source, unsafe { ffi::sqlite3_backup_step(backup, pages) })
}

/// How many pages the source has, as of the last step.
#[wasm_bindgen]
pub fn backup_page_count(backup: Backup) -> i32 {
    // SAFETY: the backup has begun, and is not finished.
    unsafe { ffi::sqlite3_backup_pagecount(backup) }
}

/// How many of them are still to be copied, as of the last step.
#[wasm_bindgen]
pub fn backup_remaining(backup: Backup) -> i32 {
    // SAFETY: the backup has begun, and is not finished.
    unsafe { ffi::sqlite3_backup_remaining(backup) }
}

/// Ends a backup; one that is not complete leaves the other database as it was. Returns the result
/// code of the whole. Both connections must be open.
#[wasm_bindgen]
pub fn backup_finish(backup: Backup) -> i32 {
    // SAFETY: the backup has begun, and is not used after this.
    unsafe { ffi::sqlite3_backup_finish(backup) }
}
