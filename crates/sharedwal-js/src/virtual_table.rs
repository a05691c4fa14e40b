//! Virtual tables whose rows users make in JavaScript.
//!
//! Their parameters are hidden columns, before the others: a constraint `parameter = value`, or an
//! argument of the table-valued function, becomes an argument of the generator.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::callbacks::{self, Definition, FAILED, c_name, with_cells};
use crate::cell::{Cell, kind};
use crate::memory::{bytes, free};
use crate::stopping;

#[repr(C)]
struct Table {
    base: ffi::sqlite3_vtab,
    db: *mut ffi::sqlite3,
    id: i32,
    safe_integers: bool,
    parameters: Vec<CString>,
}

#[repr(C)]
struct Cursor {
    base: ffi::sqlite3_vtab_cursor,
    /// Its number in JavaScript, 0 where no scan is going on.
    scan: i32,
    rowid: i64,
}

/// Gives SQL the module with the number `id`; an eponymous one is a table by itself, and no other can
/// be created of it.
#[wasm_bindgen]
pub fn create_module(db: *mut ffi::sqlite3, name: *const u8, length: usize, id: i32, eponymous: bool) -> i32 {
    let module = if eponymous { &EPONYMOUS } else { &MODULE };
    // SAFETY: the connection is open, and JavaScript wrote `length` bytes.
    unsafe {
        let name = c_name(name, length);
        ffi::sqlite3_create_module_v2(db, name.as_ptr(), module, id as *mut c_void, Some(destroy))
    }
}

unsafe extern "C" fn destroy(module: *mut c_void) {
    callbacks::release_module(module as i32);
}

const MODULE: ffi::sqlite3_module = ffi::sqlite3_module {
    iVersion: 0,
    // Another function than xConnect, or the module would be eponymous.
    xCreate: Some(create),
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xDestroy: Some(disconnect),
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(eof),
    xColumn: Some(column),
    xRowid: Some(rowid),
    xUpdate: None,
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
};

static EPONYMOUS: ffi::sqlite3_module = ffi::sqlite3_module { xCreate: None, ..MODULE };

/// Text that SQLite frees.
fn owned_by_sqlite(text: &str) -> *mut c_char {
    // SAFETY: as many bytes are written as were taken, if they were.
    unsafe {
        let copy = ffi::sqlite3_malloc64(text.len() as u64 + 1).cast::<u8>();
        if !copy.is_null() {
            copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
            copy.add(text.len()).write(0);
        }
        copy.cast()
    }
}

unsafe extern "C" fn create(
    db: *mut ffi::sqlite3,
    module: *mut c_void,
    count: c_int,
    names: *const *const c_char,
    out: *mut *mut ffi::sqlite3_vtab,
    error: *mut *mut c_char,
) -> c_int {
    // SAFETY: called by SQLite.
    unsafe { connect(db, module, count, names, out, error) }
}

/// Makes a table: the names are those of the module, the database and the table, then its arguments.
unsafe extern "C" fn connect(
    db: *mut ffi::sqlite3,
    module: *mut c_void,
    count: c_int,
    names: *const *const c_char,
    out: *mut *mut ffi::sqlite3_vtab,
    error: *mut *mut c_char,
) -> c_int {
    // SAFETY: SQLite calls this with `count` C strings and places for the results.
    unsafe {
        let text = |at: usize| CStr::from_ptr(*names.add(at)).to_bytes();
        let cells: Vec<Cell> = (0..count as usize)
            .map(|at| Cell::placed(kind::TEXT, text(at).as_ptr() as usize, text(at).len()))
            .collect();
        let mut definition = Definition::default();
        let place = (&raw mut definition) as i32;
        if callbacks::connect_table(module as i32, count, cells.as_ptr() as i32, place) == FAILED {
            return ffi::SQLITE_ERROR;
        }
        let written = definition.text as *mut u8;
        let mut texts = bytes(written, definition.length)
            .split_inclusive(|byte| *byte == 0)
            .map(|text| CStr::from_bytes_with_nul(text).unwrap_or_default().to_owned());
        let declaration = texts.next().unwrap_or_default();
        let parameters = texts.collect();
        free(written, definition.length);
        let Definition { table, safe_integers, direct_only, .. } = definition;
        let declared = ffi::sqlite3_declare_vtab(db, declaration.as_ptr()) == ffi::SQLITE_OK
            && (direct_only == 0
                || ffi::sqlite3_vtab_config(db, ffi::SQLITE_VTAB_DIRECTONLY) == ffi::SQLITE_OK);
        if !declared {
            callbacks::release_table(table);
            let reason = CStr::from_ptr(ffi::sqlite3_errmsg(db)).to_string_lossy();
            let name = String::from_utf8_lossy(text(2));
            *error = owned_by_sqlite(&format!("failed to declare virtual table \"{name}\": {reason}"));
            return ffi::SQLITE_ERROR;
        }
        let base = ffi::sqlite3_vtab { pModule: null(), nRef: 0, zErrMsg: null_mut() };
        let table = Table { base, db, id: table, safe_integers: safe_integers != 0, parameters };
        *out = Box::into_raw(Box::new(table)).cast();
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn disconnect(table: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: SQLite gives back what `connect` made, once.
    let table = unsafe { Box::from_raw(table.cast::<Table>()) };
    callbacks::release_table(table.id);
    ffi::SQLITE_OK
}

/// Passes what the parameters must be equal to on to [`filter`], in their order; the plan's number has
/// a bit for each that is given.
unsafe extern "C" fn best_index(table: *mut ffi::sqlite3_vtab, info: *mut ffi::sqlite3_index_info) -> c_int {
    // SAFETY: SQLite calls this with a table that `connect` made, and `nConstraint` constraints.
    unsafe {
        let table = &mut *table.cast::<Table>();
        let info = &mut *info;
        let mut given: Vec<(c_int, usize)> = Vec::new();
        for at in 0..info.nConstraint as usize {
            let constraint = &*info.aConstraint.add(at);
            let op = c_int::from(constraint.op);
            // These two have no column.
            if op == ffi::SQLITE_INDEX_CONSTRAINT_LIMIT || op == ffi::SQLITE_INDEX_CONSTRAINT_OFFSET {
                continue;
            }
            let Some(name) = usize::try_from(constraint.iColumn).ok().and_then(|at| table.parameters.get(at))
            else {
                continue;
            };
            if op != ffi::SQLITE_INDEX_CONSTRAINT_EQ {
                let name = name.to_string_lossy();
                let message =
                    format!("virtual table parameter \"{name}\" can only be constrained by the '=' operator");
                ffi::sqlite3_free(table.base.zErrMsg.cast());
                table.base.zErrMsg = owned_by_sqlite(&message);
                return ffi::SQLITE_ERROR;
            }
            if constraint.usable == 0 {
                // A plan without it would leave out an argument that was given.
                return ffi::SQLITE_CONSTRAINT;
            }
            // Kept in order: the standard library's sort is ten times the code.
            let one = (constraint.iColumn, at);
            given.insert(given.partition_point(|other| *other < one), one);
        }
        let mut plan = 0_u32;
        let mut arguments = 0;
        for (parameter, at) in given {
            let bit = 1_u32 << parameter;
            if plan & bit == 0 {
                plan |= bit;
                arguments += 1;
                let usage = &mut *info.aConstraintUsage.add(at);
                usage.argvIndex = arguments;
                usage.omit = 1;
            }
        }
        info.idxNum = plan as c_int;
        // Much, so that SQLite runs the generator in no inner loop if it can avoid that.
        let rows = 1_000_000_000 / i64::from(arguments + 1);
        info.estimatedRows = rows;
        info.estimatedCost = rows as f64;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn open(_: *mut ffi::sqlite3_vtab, out: *mut *mut ffi::sqlite3_vtab_cursor) -> c_int {
    let base = ffi::sqlite3_vtab_cursor { pVtab: null_mut() };
    let cursor = Box::new(Cursor { base, scan: 0, rowid: 0 });
    // SAFETY: SQLite's place for the result.
    unsafe { *out = Box::into_raw(cursor).cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite gives back what `open` made, once.
    let mut cursor = unsafe { Box::from_raw(cursor.cast::<Cursor>()) };
    cursor.end();
    ffi::SQLITE_OK
}

impl Cursor {
    /// Ends the scan that is going on; whether that went well.
    fn end(&mut self) -> bool {
        match std::mem::take(&mut self.scan) {
            0 => true,
            scan => callbacks::end_scan(scan) != FAILED,
        }
    }

    /// # Safety
    /// The cursor must be SQLite's.
    unsafe fn table(&self) -> &Table {
        // SAFETY: SQLite set it to what `connect` made.
        unsafe { &*self.base.pVtab.cast::<Table>() }
    }
}

unsafe extern "C" fn filter(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    plan: c_int,
    _: *const c_char,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> c_int {
    // SAFETY: SQLite calls this with a cursor that `open` made, and `count` values.
    unsafe {
        let own = &mut *cursor.cast::<Cursor>();
        if !own.end() {
            return ffi::SQLITE_ERROR;
        }
        own.rowid = 0;
        // Nothing is equal to NULL.
        let is_null = |at| ffi::sqlite3_value_type(*values.add(at)) == ffi::SQLITE_NULL;
        if (0..count as usize).any(is_null) {
            return ffi::SQLITE_OK;
        }
        let Table { id, safe_integers, .. } = *own.table();
        match with_cells(count, values, safe_integers, |cells| callbacks::start_scan(id, plan, cells)) {
            FAILED => ffi::SQLITE_ERROR,
            scan => {
                own.scan = scan;
                next(cursor)
            }
        }
    }
}

unsafe extern "C" fn next(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite calls this with a cursor that `open` made.
    let (cursor, db) = unsafe {
        let cursor = &mut *cursor.cast::<Cursor>();
        let db = cursor.table().db;
        (cursor, db)
    };
    let answered = callbacks::next_row(cursor.scan);
    if answered == FAILED || answered == 0 {
        cursor.scan = 0;
    }
    cursor.rowid += 1;
    if answered == FAILED {
        ffi::SQLITE_ERROR
    } else if stopping::must_end(db) {
        ffi::SQLITE_INTERRUPT
    } else {
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn eof(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite calls this with a cursor that `open` made.
    c_int::from(unsafe { (*cursor.cast::<Cursor>()).scan } == 0)
}

unsafe extern "C" fn column(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    context: *mut ffi::sqlite3_context,
    column: c_int,
) -> c_int {
    let mut result = Cell::NULL;
    let place = (&raw mut result) as i32;
    // SAFETY: SQLite calls this with a cursor that `open` made, on a row.
    unsafe {
        if callbacks::read_column((*cursor.cast::<Cursor>()).scan, column, place) == FAILED {
            return ffi::SQLITE_ERROR;
        }
        result.give(context);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn rowid(cursor: *mut ffi::sqlite3_vtab_cursor, out: *mut i64) -> c_int {
    // SAFETY: SQLite calls this with a cursor that `open` made, and a place for the result.
    unsafe { *out = (*cursor.cast::<Cursor>()).rowid };
    ffi::SQLITE_OK
}
