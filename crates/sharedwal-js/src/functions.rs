//! Functions that users write in JavaScript.

use std::ffi::{c_int, c_void};

use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::callbacks::{self, answer, c_name, with_cells};
use crate::cell::Cell;

/// What SQLite keeps of a function or an aggregate.
pub struct Function {
    /// Its number in JavaScript.
    pub id: i32,
    /// Whether its arguments are integers of 64 bits.
    pub safe_integers: bool,
}

impl Function {
    /// For SQLite, which gives it back to [`Function::take_back`].
    pub fn leak(id: i32, safe_integers: bool) -> *mut c_void {
        Box::into_raw(Box::new(Function { id, safe_integers })).cast()
    }

    /// The function that is called.
    ///
    /// # Safety
    /// The context must be that of a call of what was made with [`Function::leak`].
    pub unsafe fn of<'a>(context: *mut ffi::sqlite3_context) -> &'a Function {
        // SAFETY: as the caller promises; SQLite refuses to replace a function that is running.
        unsafe { &*ffi::sqlite3_user_data(context).cast::<Function>() }
    }

    /// SQLite has forgotten a function; its number.
    ///
    /// # Safety
    /// Must be what [`Function::leak`] returned, and be given once.
    pub unsafe fn take_back(function: *mut c_void) -> i32 {
        // SAFETY: as the caller promises.
        unsafe { Box::from_raw(function.cast::<Function>()) }.id
    }
}

/// SQLite's flags of a function.
pub fn flags(deterministic: bool, direct_only: bool) -> c_int {
    let deterministic = if deterministic { ffi::SQLITE_DETERMINISTIC } else { 0 };
    let direct_only = if direct_only { ffi::SQLITE_DIRECTONLY } else { 0 };
    ffi::SQLITE_UTF8 | deterministic | direct_only
}

/// Gives SQL the function with the number `id`. `arguments` is -1 for any number of them.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "JavaScript's side of it has them by name")]
pub fn create_function(
    db: *mut ffi::sqlite3,
    name: *const u8,
    length: usize,
    id: i32,
    arguments: i32,
    safe_integers: bool,
    deterministic: bool,
    direct_only: bool,
) -> i32 {
    let flags = flags(deterministic, direct_only);
    // SAFETY: the connection is open, and JavaScript wrote `length` bytes.
    unsafe {
        let name = c_name(name, length);
        let function = Function::leak(id, safe_integers);
        ffi::sqlite3_create_function_v2(
            db,
            name.as_ptr(),
            arguments,
            flags,
            function,
            Some(call),
            None,
            None,
            Some(destroy),
        )
    }
}

unsafe extern "C" fn destroy(function: *mut c_void) {
    // SAFETY: called by SQLite, once.
    callbacks::release_function(unsafe { Function::take_back(function) });
}

unsafe extern "C" fn call(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    let mut result = Cell::NULL;
    let place = (&raw mut result) as i32;
    // SAFETY: SQLite calls this with `count` values for a function that `create_function` registered.
    unsafe {
        let Function { id, safe_integers } = *Function::of(context);
        let answered = with_cells(count, values, safe_integers, |cells| {
            callbacks::call_function(id, count, cells, place)
        });
        answer(context, answered, result);
    }
}
