//! The functions, aggregates and tables that users write in JavaScript, as SQLite's callbacks reach
//! them: by numbers that JavaScript gave them, with values in cells.
//!
//! A callback that fails says [`FAILED`]; JavaScript keeps what was thrown. It throws through this
//! instance only when that is poisoned.

use std::ffi::{c_char, c_int};

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::cell::Cell;
use crate::memory::bytes;
use crate::stopping;

/// What a callback returns after an exception.
pub const FAILED: i32 = -1;

/// What [`connect_table`] tells of a table.
#[repr(C)]
#[derive(Default)]
pub struct Definition {
    /// Its number.
    pub table: i32,
    /// Whether triggers and views may not use it.
    pub direct_only: u32,
    /// Whether its arguments are integers of 64 bits.
    pub safe_integers: u32,
    /// The `CREATE TABLE` and the names of the parameters, each with a NUL at its end, in memory that
    /// is the caller's to free.
    pub text: usize,
    /// Bytes of the text.
    pub length: usize,
}

// Pointers as signed integers: the generated glue passes these through.
#[wasm_bindgen(module = "/src/callbacks.js")]
extern "C" {
    fn install_callbacks(callbacks: &JsValue);
    /// Calls a function; writes the cell `result`.
    pub fn call_function(id: i32, count: i32, cells: i32, result: i32) -> i32;
    /// Takes a row into a total, 0 for a new one; the total's number, which is its own from then on.
    pub fn step_aggregate(id: i32, total: i32, count: i32, cells: i32) -> i32;
    /// Takes a row out of a total, as [`step_aggregate`] takes it in.
    pub fn invert_aggregate(id: i32, total: i32, count: i32, cells: i32) -> i32;
    /// Writes what a total comes to; its number, which is forgotten if that is final or failed.
    pub fn aggregate_result(id: i32, total: i32, is_final: i32, result: i32) -> i32;
    /// Forgets a total.
    pub fn release_total(id: i32, total: i32);
    /// SQLite has forgotten a function.
    pub fn release_function(id: i32);
    /// SQLite has forgotten an aggregate.
    pub fn release_aggregate(id: i32);
    /// Makes a table of a module; writes a [`Definition`].
    pub fn connect_table(module: i32, count: i32, cells: i32, definition: i32) -> i32;
    /// SQLite has let go of a table.
    pub fn release_table(table: i32);
    /// SQLite has forgotten a module.
    pub fn release_module(module: i32);
    /// Begins to read a table, with those parameters whose bits are set in `given`; the scan's number.
    pub fn start_scan(table: i32, given: i32, cells: i32) -> i32;
    /// Goes to the next row; 0 when there is none. After that, and after a failure, the scan is over.
    pub fn next_row(scan: i32) -> i32;
    /// Writes a value of the row.
    pub fn read_column(scan: i32, column: i32, result: i32) -> i32;
    /// Ends a scan that is not over.
    pub fn end_scan(scan: i32) -> i32;
}

/// Has SQLite's callbacks go to the methods of `callbacks`. Must be the first call of all.
#[wasm_bindgen(js_name = install_callbacks)]
pub fn install(callbacks: &JsValue) {
    install_callbacks(callbacks);
}

/// Up to so many arguments are passed without taking memory.
const FEW: usize = 8;

/// Calls `f` with the cells of some values.
///
/// # Safety
/// There must be `count` values.
pub unsafe fn with_cells<T>(
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    safe_integers: bool,
    f: impl FnOnce(i32) -> T,
) -> T {
    let count = count as usize;
    // SAFETY: as the caller promises.
    let cell = |at: usize| unsafe { Cell::of_value(*values.add(at), safe_integers) };
    if count <= FEW {
        let mut cells = [Cell::NULL; FEW];
        for (at, place) in cells.iter_mut().enumerate().take(count) {
            *place = cell(at);
        }
        f(cells.as_ptr() as i32)
    } else {
        let cells: Vec<Cell> = (0..count).map(cell).collect();
        f(cells.as_ptr() as i32)
    }
}

/// Ends a call of a function that answered [`FAILED`] or not.
///
/// # Safety
/// The context must be that of the call.
pub unsafe fn answer(context: *mut ffi::sqlite3_context, answered: i32, result: Cell) {
    // SAFETY: as the caller promises.
    unsafe {
        if answered == FAILED {
            ffi::sqlite3_result_error(context, c"".as_ptr(), 0);
        } else if stopping::must_end(ffi::sqlite3_context_db_handle(context)) {
            result.free();
            ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERRUPT);
        } else {
            result.give(context);
        }
    }
}

/// A name as SQLite wants it: up to its first NUL.
///
/// # Safety
/// There must be `length` bytes.
pub unsafe fn c_name(name: *const u8, length: usize) -> Vec<c_char> {
    // SAFETY: as the caller promises.
    let name = unsafe { bytes(name, length) };
    name.iter().copied().take_while(|byte| *byte != 0).chain([0]).map(|byte| byte as c_char).collect()
}
