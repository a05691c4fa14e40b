//! Rows for JavaScript: a call steps over many of them and leaves them in one place, so that a
//! row costs no call of its own.

use std::cell::UnsafeCell;

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::connection;
use crate::memory::bytes;
use crate::tables;

/// What kind of value a cell has. JavaScript knows these numbers.
mod kind {
    /// An integer, as a 64-bit float that holds it exactly.
    pub const INTEGER: u32 = 1;
    /// A floating point number.
    pub const FLOAT: u32 = 2;
    /// UTF-8 in the arena.
    pub const TEXT: u32 = 3;
    /// Bytes in the arena.
    pub const BLOB: u32 = 4;
    /// NULL.
    pub const NULL: u32 = 5;
    /// An integer of 64 bits.
    pub const BIGINT: u32 = 6;
}

/// A value: its kind, the length of text or blob, and 8 bytes of number or place in the arena.
#[repr(C, align(8))]
struct Cell {
    kind: u32,
    length: u32,
    value: [u8; 8],
}

/// What JavaScript reads; its address never changes.
#[repr(C)]
struct Header {
    rows: u32,
    columns: u32,
    cells: *const Cell,
    arena: *const u8,
    arena_length: usize,
    reprepares: u32,
}

struct Batch {
    header: Header,
    cells: Vec<Cell>,
    arena: Vec<u8>,
}

struct Global(UnsafeCell<Batch>);
// SAFETY: wasm32 without shared linear memory has one thread an instance.
unsafe impl Sync for Global {}

static BATCH: Global = Global(UnsafeCell::new(Batch {
    header: Header {
        rows: 0,
        columns: 0,
        cells: std::ptr::null(),
        arena: std::ptr::null(),
        arena_length: 0,
        reprepares: 0,
    },
    cells: Vec::new(),
    arena: Vec::new(),
}));

/// An arena that grew beyond this for one batch is given back with the next.
const KEPT_ARENA: usize = 1 << 20;

/// Integers whose neighbours a JavaScript number can tell apart.
const SAFE: i64 = (1 << 53) - 1;

/// The address of the batch: six words, which are its rows, columns, cells, arena, bytes of the
/// arena, and how often SQLite has compiled the statement anew.
#[wasm_bindgen]
pub fn batch() -> *const u8 {
    // SAFETY: a place inside of a static, of which no reference is made.
    unsafe { (&raw const (*BATCH.0.get()).header).cast() }
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
    // SAFETY: one thread, and SQLite calls nothing that calls `fetch_rows`: no other reference exists.
    let batch = unsafe { &mut *BATCH.0.get() };
    if batch.arena.capacity() > KEPT_ARENA {
        batch.arena = Vec::new();
    }
    batch.arena.clear();
    batch.cells.clear();
    batch.header.rows = 0;
    let mut result = ffi::SQLITE_ROW;
    // SAFETY: the statement exists; its columns are read before it is stepped again.
    unsafe {
        let db = ffi::sqlite3_db_handle(statement);
        let busy = ffi::sqlite3_stmt_busy(statement) != 0;
        if !connection::begins(db, busy) {
            ffi::sqlite3_reset(statement);
            return ffi::SQLITE_INTERRUPT;
        }
        if !busy {
            tables::begins(db, statement);
        }
        while batch.header.rows < max_rows && (batch.header.rows == 0 || batch.arena.len() < max_bytes) {
            if ffi::sqlite3_step(statement) != ffi::SQLITE_ROW {
                // Tells the error that step may have hidden, and ends the transaction.
                result = match ffi::sqlite3_reset(statement) {
                    ffi::SQLITE_OK => ffi::SQLITE_DONE,
                    error => error,
                };
                break;
            }
            batch.header.columns = ffi::sqlite3_data_count(statement) as u32;
            for column in 0..batch.header.columns as i32 {
                let cell = read(statement, column, safe_integers, &mut batch.arena);
                batch.cells.push(cell);
            }
            batch.header.rows += 1;
            if once {
                result = match ffi::sqlite3_reset(statement) {
                    ffi::SQLITE_OK => ffi::SQLITE_DONE,
                    error => error,
                };
                break;
            }
        }
        result = connection::ended(db, result);
        let reprepares = ffi::sqlite3_stmt_status(statement, ffi::SQLITE_STMTSTATUS_REPREPARE, 0);
        batch.header.reprepares = reprepares as u32;
    }
    batch.header.cells = batch.cells.as_ptr();
    batch.header.arena = batch.arena.as_ptr();
    batch.header.arena_length = batch.arena.len();
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
        let at = arena.len() as u64;
        // SAFETY: SQLite keeps `length` bytes there until the next step.
        arena.extend_from_slice(unsafe { bytes(data, length) });
        Cell { kind, length: length as u32, value: at.to_le_bytes() }
    };
    // SAFETY: as the caller promises; the text is asked for before its length.
    unsafe {
        match ffi::sqlite3_column_type(statement, column) {
            ffi::SQLITE_INTEGER => {
                let value = ffi::sqlite3_column_int64(statement, column);
                if safe_integers || !(-SAFE..=SAFE).contains(&value) {
                    Cell { kind: kind::BIGINT, length: 0, value: value.to_le_bytes() }
                } else {
                    Cell { kind: kind::INTEGER, length: 0, value: (value as f64).to_le_bytes() }
                }
            }
            ffi::SQLITE_FLOAT => {
                let value = ffi::sqlite3_column_double(statement, column);
                Cell { kind: kind::FLOAT, length: 0, value: value.to_le_bytes() }
            }
            ffi::SQLITE_TEXT => {
                let text = ffi::sqlite3_column_text(statement, column);
                stored(text, ffi::sqlite3_column_bytes(statement, column) as usize, kind::TEXT)
            }
            ffi::SQLITE_BLOB => {
                let blob = ffi::sqlite3_column_blob(statement, column);
                stored(blob.cast(), ffi::sqlite3_column_bytes(statement, column) as usize, kind::BLOB)
            }
            _ => Cell { kind: kind::NULL, length: 0, value: [0; 8] },
        }
    }
}
