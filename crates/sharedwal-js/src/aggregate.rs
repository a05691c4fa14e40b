//! Aggregates and window functions that users write in JavaScript, where their totals are.

use std::ffi::{c_int, c_void};
use std::mem::size_of;

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::callbacks::{self, FAILED, answer, c_name, with_cells};
use crate::cell::Cell;
use crate::functions::{Function, flags};

/// What SQLite keeps for one group of rows, zeroed at first.
#[repr(C)]
struct Group {
    /// The number of its total in JavaScript; 0 before the first row, [`FAILED`] when it is no more.
    total: i32,
    /// Whether it is a window, whose results were asked for before its end.
    is_window: bool,
}

/// Gives SQL the aggregate with the number `id`, which is a window function too if it `can_invert`.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "JavaScript's side of it has them by name")]
pub fn create_aggregate(
    db: *mut ffi::sqlite3,
    name: *const u8,
    length: usize,
    id: i32,
    arguments: i32,
    safe_integers: bool,
    deterministic: bool,
    direct_only: bool,
    can_invert: bool,
) -> i32 {
    // SAFETY: the connection is open, and JavaScript wrote `length` bytes.
    unsafe {
        let name = c_name(name, length);
        ffi::sqlite3_create_window_function(
            db,
            name.as_ptr(),
            arguments,
            flags(deterministic, direct_only),
            Function::leak(id, safe_integers),
            Some(step),
            Some(finish),
            can_invert.then_some(value as _),
            can_invert.then_some(invert as _),
            Some(destroy),
        )
    }
}

unsafe extern "C" fn destroy(aggregate: *mut c_void) {
    // SAFETY: called by SQLite, once.
    callbacks::release_aggregate(unsafe { Function::take_back(aggregate) });
}

/// # Safety
/// The context must be that of a call of an aggregate.
unsafe fn group<'a>(context: *mut ffi::sqlite3_context) -> Option<&'a mut Group> {
    // SAFETY: SQLite keeps so many zeroed bytes for the group, and uses them for nothing else.
    let group = unsafe {
        let group = ffi::sqlite3_aggregate_context(context, size_of::<Group>() as c_int);
        group.cast::<Group>().as_mut()
    };
    if group.is_none() {
        // SAFETY: the context is that of a call.
        unsafe { ffi::sqlite3_result_error_nomem(context) };
    }
    group
}

type Take = fn(i32, i32, i32, i32) -> i32;

/// # Safety
/// As SQLite calls `xStep`.
unsafe fn take(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    take: Take,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let Some(group) = group(context).filter(|group| group.total != FAILED) else { return };
        let Function { id, safe_integers } = *Function::of(context);
        let total = with_cells(count, values, safe_integers, |cells| take(id, group.total, count, cells));
        group.total = total;
        answer(context, total, Cell::NULL);
    }
}

unsafe extern "C" fn step(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: called by SQLite.
    unsafe { take(context, count, values, callbacks::step_aggregate) }
}

unsafe extern "C" fn invert(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: called by SQLite.
    unsafe { take(context, count, values, callbacks::invert_aggregate) }
}

/// The result as it is now; the window goes on.
unsafe extern "C" fn value(context: *mut ffi::sqlite3_context) {
    // SAFETY: called by SQLite.
    unsafe {
        let Some(group) = group(context).filter(|group| group.total != FAILED) else { return };
        group.is_window = true;
        give_result(context, group, false);
    }
}

/// The end of a group, or of a window, whose result nobody asks for again.
unsafe extern "C" fn finish(context: *mut ffi::sqlite3_context) {
    // SAFETY: called by SQLite.
    unsafe {
        let Some(group) = group(context).filter(|group| group.total != FAILED) else { return };
        if group.is_window {
            callbacks::release_total(Function::of(context).id, group.total);
            group.total = FAILED;
        } else {
            give_result(context, group, true);
        }
    }
}

/// # Safety
/// As for [`group`].
unsafe fn give_result(context: *mut ffi::sqlite3_context, group: &mut Group, is_final: bool) {
    let mut result = Cell::NULL;
    let place = (&raw mut result) as i32;
    // SAFETY: as the caller promises.
    unsafe {
        let id = Function::of(context).id;
        let total = callbacks::aggregate_result(id, group.total, i32::from(is_final), place);
        group.total = if is_final { FAILED } else { total };
        answer(context, total, result);
    }
}
