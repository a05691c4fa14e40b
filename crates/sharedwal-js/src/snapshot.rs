//! Snapshots that another worker's connection can read at. What these functions refuse they return,
//! since an exception out of the instance means that it crashed.

use sharedwal::Snapshot;
use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::connection;

/// The state that the connection's transaction reads, as a `Uint8Array`; else the error.
#[wasm_bindgen]
pub fn take_snapshot(db: *mut ffi::sqlite3) -> JsValue {
    match connection::with(db, Snapshot::take) {
        Ok(snapshot) => js_sys::Uint8Array::from(snapshot.to_bytes().as_slice()).into(),
        Err(error) => error,
    }
}

/// Has the transaction that was just begun read a snapshot; undefined, else the error.
#[wasm_bindgen]
pub fn open_snapshot(db: *mut ffi::sqlite3, snapshot: &[u8]) -> JsValue {
    let open = |connection: &_| Snapshot::from_bytes(snapshot)?.open(connection);
    connection::with(db, open).map_or_else(|error| error, |()| JsValue::UNDEFINED)
}
