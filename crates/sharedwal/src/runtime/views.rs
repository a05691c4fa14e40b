//! Images as JavaScript has them: bytes outside of the instance's memory, which need not be large
//! enough for them.

use std::sync::Arc;
use std::time::Duration;

use js_sys::Uint8Array;
use rusqlite::Connection;
use wasm_bindgen::prelude::*;

#[cfg(doc)]
use super::Runtime;
use super::connect::Reservation;
use super::image::{Done, Files, Progress, export, fill, import, options, serialize};
use crate::error::{Code, Error};
use crate::memory::Bytes;
use crate::memory::private::{PrivateBytes, View};

#[wasm_bindgen(module = "/src/memory/shared_array_buffer.js")]
extern "C" {
    /// Undefined where there is no memory for so many bytes.
    fn make_bytes(length: f64) -> JsValue;
}

/// As [`Runtime::export_database`]; a `Uint8Array`.
pub fn export_view(reservation: Reservation, busy_timeout: Duration) -> Result<JsValue, Error> {
    let source = reservation.connect(&options(busy_timeout))?;
    let mut bytes = JsValue::UNDEFINED;
    export(&source, |length| make_view(length, &mut bytes))?;
    Ok(bytes)
}

/// One of the databases of a connection, as the connection sees it; a `Uint8Array`.
pub fn serialize_view(source: &Connection, schema: &str) -> Result<JsValue, Error> {
    let mut bytes = JsValue::UNDEFINED;
    serialize(source, schema, |length| make_view(length, &mut bytes))?;
    Ok(bytes)
}

fn make_view(length: u64, bytes: &mut JsValue) -> Option<View> {
    *bytes = make_bytes(length as f64);
    bytes.dyn_ref::<Uint8Array>().map(View::new)
}

/// As [`Runtime::import_database`]; the image is in `Uint8Array`s of these lengths, the log may be
/// undefined. Who calls it puts the database into WAL mode again, if it left that.
pub fn import_views(
    reservation: Reservation,
    (database, database_length): (JsValue, f64),
    (wal, wal_length): (JsValue, f64),
    busy_timeout: Duration,
    progress: Progress<'_>,
) -> Result<Done, Error> {
    let runtime = reservation.runtime().clone();
    let target = reservation.connect(&options(busy_timeout))?;
    let wal: Arc<dyn Bytes> = match wal.is_undefined() {
        true => Arc::new(PrivateBytes::new(Vec::new())),
        false => Arc::new(view(&wal, wal_length, "wal")?),
    };
    let database = Arc::new(view(&database, database_length, "database")?);
    import(&runtime, target, Files { database, wal }, progress)
}

/// Copies the database of one runtime into another one that is new.
pub fn fill_runtime(
    source: Reservation,
    target: Reservation,
    busy_timeout: Duration,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let runtime = target.runtime().clone();
    let source = source.connect(&options(busy_timeout))?;
    fill(&source, &runtime, target.connect(&options(busy_timeout))?, progress)
}

/// A buffer can be taken away, by a transfer, while the connection is being opened.
fn view(value: &JsValue, length: f64, name: &str) -> Result<View, Error> {
    let view = value.dyn_ref::<Uint8Array>().map(View::new);
    view.filter(|view| view.capacity() == length as u64).ok_or_else(|| {
        let detail = format!("the buffer of {name} changed its length while the import was beginning");
        Error::new(Code::InvalidArgument, detail)
    })
}
