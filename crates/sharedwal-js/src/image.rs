//! Whole databases in and out.

use std::time::Duration;

use sharedwal::{Error, Runtime, bindings, rusqlite};
use wasm_bindgen::prelude::*;

use crate::connection::{hint, to_js};

/// The database of a runtime handle as a `Uint8Array`.
#[wasm_bindgen]
pub async fn export_database(handle: JsValue, timeout_ms: f64) -> Result<JsValue, JsValue> {
    let runtime = Runtime::try_from(&handle).map_err(to_js)?;
    let exported = bindings::export_view(&runtime, timeout(timeout_ms)).await;
    exported.map_err(hinted)
}

/// Replaces the database of a runtime handle by what is in `Uint8Array`s of these lengths; `wal` may
/// be undefined.
#[wasm_bindgen]
pub async fn import_database(
    handle: JsValue,
    database: JsValue,
    database_length: f64,
    wal: JsValue,
    wal_length: f64,
    timeout_ms: f64,
) -> Result<(), JsValue> {
    let runtime = Runtime::try_from(&handle).map_err(to_js)?;
    let (database, wal) = ((database, database_length), (wal, wal_length));
    let imported = bindings::import_views(&runtime, database, wal, timeout(timeout_ms)).await;
    imported.map_err(hinted)
}

fn timeout(milliseconds: f64) -> Duration {
    Duration::from_millis(milliseconds.max(0.0) as u64)
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
