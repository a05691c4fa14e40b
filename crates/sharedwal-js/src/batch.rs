//! Rows for JavaScript: a call steps over many of them and leaves them in one place, so that a
//! row costs no call of its own.

use std::cell::{Cell as Slot, UnsafeCell};
use std::ptr::null;

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::cell::{Cell, kind};
use crate::connection;
use crate::memory::bytes;
use crate::tables;

/// What JavaScript reads; its address never changes.
#[repr(C)]
struct Header {
    rows: u32,
    columns: u32,
    cells: *const Cell,
    arena: *const u8,
    arena_length: usize,
    reprepares: u32,
    changes: f64,
    last_insert_rowid: i64,
}

struct Global(UnsafeCell<Header>);
// SAFETY: wasm32 without shared linear memory has one thread an instance.
unsafe impl Sync for Global {}

const NOTHING: Header = Header {
    rows: 0,
    columns: 0,
    cells: null(),
    arena: null(),
    arena_length: 0,
    reprepares: 0,
    changes: 0.0,
    last_insert_rowid: 0,
};

static HEADER: Global = Global(UnsafeCell::new(NOTHING));

/// Where the rows are.
#[derive(Default)]
struct Rows {
    cells: Vec<Cell>,
    arena: Vec<u8>,
}

thread_local! {
    /// The last batch's rows. A call takes them out: a user's function that SQLite calls meanwhile may
    /// read from other connections, and JavaScript decodes what those give before it returns.
    static ROWS: Slot<Rows> = const { Slot::new(Rows { cells: Vec::new(), arena: Vec::new() }) };
}

/// An arena that grew beyond this for one batch is given back with the next.
const KEPT_ARENA: usize = 1 << 20;

/// The address of the batch: six words, which are its rows, columns, cells, arena, bytes of the
/// arena, and how often SQLite has compiled the statement anew; then the rows that it changed, as a
/// double, and the connection's last rowid, in 64 bits.
#[wasm_bindgen]
pub fn batch() -> *const u8 {
    HEADER.0.get().cast_const().cast()
}

/// Steps over up to `max_rows` rows, fewer if they have more than `max_bytes` of text and blobs.
/// Returns `SQLITE_ROW` if there may be more, else the statement was reset: `SQLITE_DONE`, or an
/// error code. With `once` it is reset after the first row, and that is `SQLITE_DONE`.
#[wasm_bindgen]
pub fn fetch_rows(
    statement: *mut ffi::sqlite3_stmt,
    max_rows: u32,
    max_bytes: usize,
    once: bool,
    safe_integers: bool,
) -> i32 {
    let mut rows = ROWS.take();
    if rows.arena.capacity() > KEPT_ARENA {
        rows.arena = Vec::new();
    }
    rows.arena.clear();
    rows.cells.clear();
    let mut header = NOTHING;
    // SAFETY: the statement exists; its columns are read before it is stepped again.
    let result = unsafe {
        let db = ffi::sqlite3_db_handle(statement);
        let changed_before = ffi::sqlite3_total_changes64(db);
        let busy = ffi::sqlite3_stmt_busy(statement) != 0;
        if connection::begins(db, busy) {
            if !busy {
                tables::begins(db, statement);
            }
            let mut result = ffi::SQLITE_ROW;
            while result == ffi::SQLITE_ROW
                && header.rows < max_rows
                && (header.rows == 0 || rows.arena.len() < max_bytes)
            {
                if ffi::sqlite3_step(statement) == ffi::SQLITE_ROW {
                    header.columns = ffi::sqlite3_data_count(statement) as u32;
                    for column in 0..header.columns as i32 {
                        rows.cells.push(read(statement, column, safe_integers, &mut rows.arena));
                    }
                    header.rows += 1;
                    if !once {
                        continue;
                    }
                }
                // Tells the error that step may have hidden, and ends the transaction.
                result = match ffi::sqlite3_reset(statement) {
                    ffi::SQLITE_OK => ffi::SQLITE_DONE,
                    error => error,
                };
            }
            let reprepares = ffi::sqlite3_stmt_status(statement, ffi::SQLITE_STMTSTATUS_REPREPARE, 0);
            header.reprepares = reprepares as u32;
            if ffi::sqlite3_total_changes64(db) != changed_before {
                header.changes = ffi::sqlite3_changes64(db) as f64;
            }
            header.last_insert_rowid = ffi::sqlite3_last_insert_rowid(db);
            connection::ended(db, result)
        } else {
            ffi::sqlite3_reset(statement);
            ffi::SQLITE_INTERRUPT
        }
    };
    header.cells = rows.cells.as_ptr();
    header.arena = rows.arena.as_ptr();
    header.arena_length = rows.arena.len();
    // SAFETY: one thread, and nobody has a reference to it.
    unsafe { *HEADER.0.get() = header };
    ROWS.set(rows);
    result
}

/// # Safety
/// The statement must stand on a row that has the column.
unsafe fn read(
    statement: *mut ffi::sqlite3_stmt,
    column: i32,
    safe_integers: bool,
    arena: &mut Vec<u8>,
) -> Cell {
    let mut stored = |data: *const u8, length: usize, kind| {
        let at = arena.len();
        // SAFETY: SQLite keeps `length` bytes there until the next step.
        arena.extend_from_slice(unsafe { bytes(data, length) });
        Cell::placed(kind, at, length)
    };
    // SAFETY: as the caller promises; the text is asked for before its length.
    unsafe {
        match ffi::sqlite3_column_type(statement, column) {
            ffi::SQLITE_INTEGER => Cell::integer(ffi::sqlite3_column_int64(statement, column), safe_integers),
            ffi::SQLITE_FLOAT => Cell::float(ffi::sqlite3_column_double(statement, column)),
            ffi::SQLITE_TEXT => {
                let text = ffi::sqlite3_column_text(statement, column);
                stored(text, ffi::sqlite3_column_bytes(statement, column) as usize, kind::TEXT)
            }
            ffi::SQLITE_BLOB => {
                let blob = ffi::sqlite3_column_blob(statement, column);
                stored(blob.cast(), ffi::sqlite3_column_bytes(statement, column) as usize, kind::BLOB)
            }
            _ => Cell::NULL,
        }
    }
}
