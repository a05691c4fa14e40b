//! Values on their way to JavaScript and back: cells of 16 bytes that both sides read.

use sharedwal::rusqlite::ffi;

use crate::memory;

/// What kind of value a cell has. JavaScript knows these numbers.
pub mod kind {
    /// An integer, as a 64-bit float that holds it exactly.
    pub const INTEGER: u32 = 1;
    /// A floating point number.
    pub const FLOAT: u32 = 2;
    /// UTF-8.
    pub const TEXT: u32 = 3;
    /// Bytes.
    pub const BLOB: u32 = 4;
    /// NULL.
    pub const NULL: u32 = 5;
    /// An integer of 64 bits.
    pub const BIGINT: u32 = 6;
    /// Beside the kind of a text or blob from JavaScript: it is in memory of [`crate::memory::alloc`]
    /// that has no other owner.
    pub const OWNED: u32 = 8;
}

/// Integers whose neighbours a JavaScript number can tell apart.
const SAFE: i64 = (1 << 53) - 1;

/// A value: its kind, the length of text or blob, and 8 bytes of number or place.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub struct Cell {
    kind: u32,
    length: u32,
    value: [u8; 8],
}

impl Cell {
    /// SQL's NULL.
    pub const NULL: Cell = Cell { kind: kind::NULL, length: 0, value: [0; 8] };

    /// An integer; with `safe_integers`, or if no number of JavaScript's holds it, as 64 bits.
    pub fn integer(value: i64, safe_integers: bool) -> Cell {
        if safe_integers || !(-SAFE..=SAFE).contains(&value) {
            Cell { kind: kind::BIGINT, length: 0, value: value.to_le_bytes() }
        } else {
            Cell { kind: kind::INTEGER, length: 0, value: (value as f64).to_le_bytes() }
        }
    }

    /// A floating point number.
    pub fn float(value: f64) -> Cell {
        Cell { kind: kind::FLOAT, length: 0, value: value.to_le_bytes() }
    }

    /// Text or a blob: where it is, from the address that goes with the cells.
    pub fn placed(kind: u32, at: usize, length: usize) -> Cell {
        Cell { kind, length: length as u32, value: (at as u64).to_le_bytes() }
    }

    /// A value of SQLite's; text and blobs stay where SQLite has them.
    ///
    /// # Safety
    /// The value must exist. The cell is good until the value is used for anything else.
    pub unsafe fn of_value(value: *mut ffi::sqlite3_value, safe_integers: bool) -> Cell {
        // SAFETY: as the caller promises; the text is asked for before its length.
        unsafe {
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Cell::integer(ffi::sqlite3_value_int64(value), safe_integers),
                ffi::SQLITE_FLOAT => Cell::float(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_value_text(value);
                    Cell::placed(kind::TEXT, text as usize, ffi::sqlite3_value_bytes(value) as usize)
                }
                ffi::SQLITE_BLOB => {
                    let blob = ffi::sqlite3_value_blob(value);
                    Cell::placed(kind::BLOB, blob as usize, ffi::sqlite3_value_bytes(value) as usize)
                }
                _ => Cell::NULL,
            }
        }
    }

    /// Makes the value that JavaScript wrote the result of a function or column.
    ///
    /// # Safety
    /// The context must be that of a call that is going on, and JavaScript have written the cell.
    pub unsafe fn give(self, context: *mut ffi::sqlite3_context) {
        let place = u64::from_le_bytes(self.value) as usize;
        let length = u64::from(self.length);
        let transient = ffi::SQLITE_TRANSIENT();
        // SAFETY: as the caller promises; SQLite copies the bytes.
        unsafe {
            match self.kind & !kind::OWNED {
                kind::FLOAT => ffi::sqlite3_result_double(context, f64::from_le_bytes(self.value)),
                kind::BIGINT => ffi::sqlite3_result_int64(context, i64::from_le_bytes(self.value)),
                kind::TEXT => {
                    let utf8 = ffi::SQLITE_UTF8 as u8;
                    ffi::sqlite3_result_text64(context, place as *const _, length, transient, utf8);
                }
                kind::BLOB if length == 0 => ffi::sqlite3_result_zeroblob(context, 0),
                kind::BLOB => ffi::sqlite3_result_blob64(context, place as *const _, length, transient),
                _ => ffi::sqlite3_result_null(context),
            }
        }
        self.free();
    }

    /// Frees what belongs to the cell.
    pub fn free(self) {
        if self.kind & kind::OWNED != 0 {
            memory::free(u64::from_le_bytes(self.value) as usize as *mut u8, self.length as usize);
        }
    }
}
