//! What statements read and change: noted for the change feed, and told to JavaScript.

use std::cell::RefCell;
use std::ptr::null_mut;
use std::rc::Rc;

use js_sys::Array;
use sharedwal::bindings::Tracker;
use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::connection;

type Sqlite = *mut ffi::sqlite3;
type Statement = *mut ffi::sqlite3_stmt;

thread_local! {
    /// The connection used last, and its tracker.
    static LAST: RefCell<(Sqlite, Option<Rc<Tracker>>)> = const { RefCell::new((null_mut(), None)) };
}

fn tracker(db: Sqlite) -> Option<Rc<Tracker>> {
    LAST.with_borrow_mut(|(last, tracker)| {
        if *last != db {
            (*last, *tracker) = (db, connection::tracker(db));
        }
        tracker.clone()
    })
}

/// A connection is being closed.
pub fn forget() {
    LAST.set((null_mut(), None));
}

/// Has `compile` compile a statement of the connection.
pub fn compile(db: Sqlite, compile: impl FnOnce() -> Statement) -> Statement {
    match tracker(db) {
        Some(tracker) => tracker.compile(compile),
        None => compile(),
    }
}

/// A statement is being finalized.
pub fn finalize(db: Sqlite, statement: Statement) {
    if let Some(tracker) = tracker(db) {
        tracker.forget(statement);
    }
}

/// A statement is about to be executed, from its beginning.
///
/// # Safety
/// The statement must exist, and be of this connection.
pub unsafe fn begins(db: Sqlite, statement: Statement) {
    // SAFETY: as the caller promises.
    unsafe {
        if ffi::sqlite3_stmt_readonly(statement) == 0
            && let Some(tracker) = tracker(db)
        {
            tracker.begins(statement);
        }
    }
}

/// The tables of the main database that a statement reads, and those that it may change; each undefined
/// where that cannot be told.
#[wasm_bindgen]
pub fn statement_tables(statement: Statement) -> Array {
    let list = |names: Option<Vec<String>>| match names {
        Some(names) => names.iter().map(JsValue::from).collect::<Array>().into(),
        None => JsValue::UNDEFINED,
    };
    // SAFETY: the statement exists.
    let tables = unsafe {
        let tracker = tracker(ffi::sqlite3_db_handle(statement));
        tracker.map(|tracker| tracker.tables(statement)).unwrap_or_default()
    };
    Array::of2(&list(tables.reads), &list(tables.writes))
}
