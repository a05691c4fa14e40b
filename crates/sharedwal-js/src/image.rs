//! Whole databases in and out, by a connection in a slot that was kept for it, see `reserve`.

use js_sys::Function;
use sharedwal::{Error, bindings, rusqlite};
use wasm_bindgen::prelude::*;

use crate::connection::{hint, milliseconds, to_js};
use crate::reservation::take;

#[wasm_bindgen(inline_js = "
export function imported(leftWal, refused) { return { leftWal, refused }; }
export function go_on(progress, done, total) { return progress(done, total); }
")]
extern "C" {
    fn imported(left_wal: bool, refused: &JsValue) -> JsValue;
    /// What `progress` says. It throws after a crash of this instance alone, of which nothing may go on.
    fn go_on(progress: &Function, done: f64, total: f64) -> bool;
}

/// The database as a `Uint8Array`, else the error.
#[wasm_bindgen]
pub fn export_database(reservation: u32, lease: &JsValue, timeout_ms: f64) -> JsValue {
    take(reservation, lease)
        .and_then(|reservation| bindings::export_view(reservation, milliseconds(timeout_ms)))
        .unwrap_or_else(hinted)
}

/// Replaces the database by what is in `Uint8Array`s of these lengths; `wal` may be undefined. The
/// error, if it is `refused`; and whether the database left WAL mode for that, and is to be opened in
/// it again. `progress` gets to know how many bytes of how many are copied, and must not throw; false
/// from it ends the import.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments)]
pub fn import_database(
    reservation: u32,
    lease: &JsValue,
    database: JsValue,
    database_length: f64,
    wal: JsValue,
    wal_length: f64,
    timeout_ms: f64,
    progress: &Function,
) -> JsValue {
    let (database, wal) = ((database, database_length), (wal, wal_length));
    let done = take(reservation, lease).and_then(|reservation| {
        let timeout = milliseconds(timeout_ms);
        bindings::import_views(reservation, database, wal, timeout, &mut |done, total| {
            go_on(progress, done as f64, total as f64)
        })
    });
    let (left_wal, copied) = match done {
        Ok(done) => (done.left_wal, done.copied),
        Err(error) => (false, Err(error)),
    };
    imported(left_wal, &copied.map_or_else(hinted, |()| JsValue::UNDEFINED))
}

/// Copies the database of one slot's runtime into that of another, which is new; the error, if that
/// fails. `progress` as for `import_database`.
#[wasm_bindgen]
pub fn fill_runtime(
    reservation: u32,
    lease: &JsValue,
    target_reservation: u32,
    target_lease: &JsValue,
    timeout_ms: f64,
    progress: &Function,
) -> JsValue {
    let source = take(reservation, lease);
    let target = take(target_reservation, target_lease);
    source
        .and_then(|source| {
            let timeout = milliseconds(timeout_ms);
            bindings::fill_runtime(source, target?, timeout, &mut |done, total| {
                go_on(progress, done as f64, total as f64)
            })
        })
        .map_or_else(hinted, |()| JsValue::UNDEFINED)
}

/// The error for JavaScript, with what to do where this thread could not wait.
fn hinted(error: Error) -> JsValue {
    match error {
        Error::Sqlite(rusqlite::Error::SqliteFailure(code, Some(message))) => {
            let message = hint(code.extended_code, message);
            to_js(Error::Sqlite(rusqlite::Error::SqliteFailure(code, Some(message))))
        }
        error => to_js(error),
    }
}
