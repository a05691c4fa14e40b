//! Databases that this instance shares with nobody: empty ones, and those that are bytes.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::slice::from_raw_parts_mut;
use std::time::Duration;

use js_sys::Uint8Array;
use sharedwal::rusqlite::{self, Connection, ffi};
use sharedwal::{Error, bindings};
use wasm_bindgen::prelude::*;

use crate::connection::{keep, to_js};

type Sqlite = *mut ffi::sqlite3;

thread_local! {
    /// The connections whose statements have a time limit, and when that ends.
    static DEADLINES: RefCell<Vec<(Sqlite, Duration)>> = const { RefCell::new(Vec::new()) };
}

/// Opens a private database, over a copy of the bytes in a `Uint8Array` if these are not undefined; its
/// number, else the error.
#[wasm_bindgen]
pub fn connect_private(image: &JsValue, readonly: bool) -> JsValue {
    open(image.dyn_ref(), readonly).map_or_else(to_js, |connection| keep(connection, None))
}

fn open(image: Option<&Uint8Array>, readonly: bool) -> Result<Connection, Error> {
    /// Virtual-machine instructions between two looks at the time.
    const STEPS: c_int = 1000;
    let connection = bindings::connect_private(readonly)?;
    if let Some(image) = image.filter(|image| image.length() > 0) {
        deserialize(&connection, image, readonly)?;
        connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    }
    // SAFETY: the connection is open.
    unsafe {
        let db = connection.handle();
        ffi::sqlite3_progress_handler(db, STEPS, Some(tick), db.cast());
    }
    Ok(connection)
}

/// Bytes of a database's header that say which journal it needs: 1 for a rollback journal, 2 for a log
/// (<https://sqlite.org/fileformat.html>, offsets 18 and 19).
const VERSIONS: [usize; 2] = [18, 19];

fn deserialize(connection: &Connection, image: &Uint8Array, readonly: bool) -> Result<(), Error> {
    let length = image.length() as usize;
    // SAFETY: SQLite's memory is written before it is read, and SQLite's to free from the call on,
    // whatever that returns.
    let code = unsafe {
        let data = ffi::sqlite3_malloc64(length as u64).cast::<u8>();
        if data.is_null() {
            return Err(failure(ffi::SQLITE_NOMEM, format!("out of memory ({length} bytes)")));
        }
        image.copy_to_uninit(from_raw_parts_mut(data.cast::<MaybeUninit<u8>>(), length));
        // Bytes alone have no log, so the database is whole, and memory has none to offer.
        let data_bytes = from_raw_parts_mut(data, length);
        if VERSIONS.iter().all(|at| data_bytes.get(*at) == Some(&2)) {
            VERSIONS.iter().for_each(|at| data_bytes[*at] = 1);
        }
        let access =
            if readonly { ffi::SQLITE_DESERIALIZE_READONLY } else { ffi::SQLITE_DESERIALIZE_RESIZEABLE };
        let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | access;
        let size = length as i64;
        ffi::sqlite3_deserialize(connection.handle(), c"main".as_ptr(), data, size, size, flags as _)
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(failure(code, "SQLite refused the bytes".into())),
    }
}

fn failure(code: c_int, message: String) -> Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message)).into()
}

unsafe extern "C" fn tick(db: *mut c_void) -> c_int {
    is_late(db.cast()).into()
}

/// Has the statements of a private database end when so much time has passed; never for `None`.
pub fn limit_time(db: Sqlite, limit: Option<Duration>) {
    forget(db);
    if let Some(limit) = limit {
        let deadline = bindings::now().saturating_add(limit);
        DEADLINES.with_borrow_mut(|deadlines| deadlines.push((db, deadline)));
    }
}

/// Whether the time is over that they had.
pub fn is_late(db: Sqlite) -> bool {
    DEADLINES.with_borrow(|deadlines| {
        deadlines.iter().any(|(limited, deadline)| *limited == db && bindings::now() >= *deadline)
    })
}

/// A connection is being closed, or has no time limit any more.
pub fn forget(db: Sqlite) {
    DEADLINES.with_borrow_mut(|deadlines| deadlines.retain(|(limited, _)| *limited != db));
}
