//! Statements: what they are, and binding their parameters.

use std::ffi::{CStr, c_char};

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::memory::bytes;

type Statement = *mut ffi::sqlite3_stmt;

/// # Safety
/// `text` must be null or a C string.
unsafe fn string(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// Ends a statement's execution and forgets its parameters.
#[wasm_bindgen]
pub fn reset(statement: Statement) {
    // SAFETY: the statement exists.
    unsafe {
        ffi::sqlite3_reset(statement);
        ffi::sqlite3_clear_bindings(statement);
    }
}

/// The SQL with the bound values in place of the parameters.
#[wasm_bindgen]
pub fn expanded_sql(statement: Statement) -> Option<String> {
    // SAFETY: the statement exists; the text is SQLite's to free.
    unsafe {
        let text = ffi::sqlite3_expanded_sql(statement);
        let copy = string(text);
        ffi::sqlite3_free(text.cast());
        copy
    }
}

/// Largest index of a parameter.
#[wasm_bindgen]
pub fn parameter_count(statement: Statement) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_bind_parameter_count(statement) }
}

/// Name of a parameter, from 1.
#[wasm_bindgen]
pub fn parameter_name(statement: Statement, index: i32) -> Option<String> {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_bind_parameter_name(statement, index)) }
}

/// Columns of the result, 0 for a statement without one.
#[wasm_bindgen]
pub fn column_count(statement: Statement) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_column_count(statement) }
}

/// Name of a column, from 0.
#[wasm_bindgen]
pub fn column_name(statement: Statement, column: i32) -> String {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_column_name(statement, column)) }.unwrap_or_default()
}

/// Declared type of the table column behind a column.
#[wasm_bindgen]
pub fn column_decltype(statement: Statement, column: i32) -> Option<String> {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_column_decltype(statement, column)) }
}

/// Table of the table column behind a column.
#[wasm_bindgen]
pub fn column_table(statement: Statement, column: i32) -> Option<String> {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_column_table_name(statement, column)) }
}

/// Database of the table column behind a column.
#[wasm_bindgen]
pub fn column_database(statement: Statement, column: i32) -> Option<String> {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_column_database_name(statement, column)) }
}

/// Name of the table column behind a column.
#[wasm_bindgen]
pub fn column_origin(statement: Statement, column: i32) -> Option<String> {
    // SAFETY: the statement exists.
    unsafe { string(ffi::sqlite3_column_origin_name(statement, column)) }
}

/// Whether the statement writes nothing by itself.
#[wasm_bindgen]
pub fn is_readonly(statement: Statement) -> bool {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_stmt_readonly(statement) != 0 }
}

/// 1 for `EXPLAIN`, 2 for `EXPLAIN QUERY PLAN`, else 0.
#[wasm_bindgen]
pub fn is_explain(statement: Statement) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_stmt_isexplain(statement) }
}

/// Binds NULL.
#[wasm_bindgen]
pub fn bind_null(statement: Statement, index: i32) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_bind_null(statement, index) }
}

/// Binds an integer of 32 bits.
#[wasm_bindgen]
pub fn bind_int(statement: Statement, index: i32, value: i32) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_bind_int(statement, index, value) }
}

/// Binds a floating point number.
#[wasm_bindgen]
pub fn bind_double(statement: Statement, index: i32, value: f64) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_bind_double(statement, index, value) }
}

/// Binds an integer of 64 bits.
#[wasm_bindgen]
pub fn bind_i64(statement: Statement, index: i32, value: i64) -> i32 {
    // SAFETY: the statement exists.
    unsafe { ffi::sqlite3_bind_int64(statement, index, value) }
}

/// Binds a copy of a text in UTF-8.
#[wasm_bindgen]
pub fn bind_text(statement: Statement, index: i32, text: *const u8, length: usize) -> i32 {
    // SAFETY: the statement exists, and JavaScript wrote `length` bytes.
    unsafe {
        let text = if length == 0 { c"".as_ptr() } else { bytes(text, length).as_ptr().cast() };
        let utf8 = ffi::SQLITE_UTF8 as u8;
        ffi::sqlite3_bind_text64(statement, index, text, length as u64, ffi::SQLITE_TRANSIENT(), utf8)
    }
}

/// Binds a copy of bytes.
#[wasm_bindgen]
pub fn bind_blob(statement: Statement, index: i32, data: *const u8, length: usize) -> i32 {
    // SAFETY: the statement exists, and JavaScript wrote `length` bytes.
    unsafe {
        if length == 0 {
            return ffi::sqlite3_bind_zeroblob(statement, index, 0);
        }
        let data = bytes(data, length).as_ptr().cast();
        ffi::sqlite3_bind_blob64(statement, index, data, length as u64, ffi::SQLITE_TRANSIENT())
    }
}
