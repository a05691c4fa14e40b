//! Images as JavaScript has them: bytes outside of the instance's memory, which need not be large
//! enough for them.

use std::sync::Arc;
use std::time::Duration;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::Runtime;
use super::image::Files;
use crate::error::{Code, Error};
use crate::memory::Bytes;
use crate::memory::private::{PrivateBytes, View};

#[wasm_bindgen(module = "/src/memory/shared_array_buffer.js")]
extern "C" {
    /// Undefined where there is no memory for so many bytes.
    fn make_bytes(length: f64) -> JsValue;
}

/// As [`Runtime::export_database`]; a `Uint8Array`.
pub async fn export_view(runtime: &Runtime, busy_timeout: Duration) -> Result<JsValue, Error> {
    let mut bytes = JsValue::UNDEFINED;
    let allocate = |length: u64| {
        bytes = make_bytes(length as f64);
        bytes.dyn_ref::<Uint8Array>().map(View::new)
    };
    runtime.export_to(busy_timeout, allocate).await?;
    Ok(bytes)
}

/// As [`Runtime::import_database`]; the image is in `Uint8Array`s of these lengths, the log may be
/// undefined.
pub async fn import_views(
    runtime: &Runtime,
    (database, database_length): (JsValue, f64),
    (wal, wal_length): (JsValue, f64),
    busy_timeout: Duration,
) -> Result<(), Error> {
    let files = || {
        let wal: Arc<dyn Bytes> = match wal.is_undefined() {
            true => Arc::new(PrivateBytes::new(Vec::new())),
            false => Arc::new(view(&wal, wal_length, "wal")?),
        };
        Ok(Files { database: Arc::new(view(&database, database_length, "database")?), wal })
    };
    runtime.import_from(busy_timeout, files).await
}

/// A buffer can be taken away, by a transfer, while the connection is being opened.
fn view(value: &JsValue, length: f64, name: &str) -> Result<View, Error> {
    let view = value.dyn_ref::<Uint8Array>().map(View::new);
    view.filter(|view| view.capacity() == length as u64).ok_or_else(|| {
        let detail = format!("the buffer of {name} changed its length while the import was beginning");
        Error::new(Code::InvalidArgument, detail)
    })
}
