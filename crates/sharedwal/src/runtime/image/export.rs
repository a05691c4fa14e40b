//! An image is made: the shared database is backed up into memory of its size.

use std::sync::Arc;
use std::time::Duration;

#[cfg(any(test, target_arch = "wasm32"))]
use rusqlite::TransactionState;
use rusqlite::{Connection, ffi};

use super::files::{Files, back_up_schema, limit, unwatched};
use super::options;
use super::requests::Requests;
use crate::error::Error;
use crate::memory::Bytes;
use crate::memory::private::PrivateBytes;
use crate::runtime::Runtime;

/// Has the content of a database at one moment written into the bytes that `allocate` makes;
/// `None` from it means that there is no memory.
pub fn export<B: Bytes + 'static>(
    source: &Connection,
    allocate: impl FnOnce(u64) -> Option<B>,
) -> Result<Arc<B>, Error> {
    // One transaction for the size and the content; it ends with the connection.
    source.execute_batch("begin")?;
    copy(source, "main", allocate)
}

/// As [`export`], of one of the databases of a connection that goes on afterwards. In the middle of a
/// transaction it is what that sees.
#[cfg(any(test, target_arch = "wasm32"))]
pub fn serialize<B: Bytes + 'static>(
    source: &Connection,
    schema: &str,
    allocate: impl FnOnce(u64) -> Option<B>,
) -> Result<Arc<B>, Error> {
    if source.transaction_state(Some(schema)).is_ok_and(|state| state == TransactionState::Write) {
        // SQLite's backup refuses to copy what its own connection has not committed.
        return uncommitted(source, schema, allocate);
    }
    source.execute_batch("savepoint serialize")?;
    let image = copy(source, schema, allocate);
    let ended = source.execute_batch("release serialize");
    let image = image?;
    ended?;
    Ok(image)
}

/// By `sqlite3_serialize`, which needs a second copy in memory.
#[cfg(any(test, target_arch = "wasm32"))]
fn uncommitted<B: Bytes + 'static>(
    source: &Connection,
    schema: &str,
    allocate: impl FnOnce(u64) -> Option<B>,
) -> Result<Arc<B>, Error> {
    let name = std::ffi::CString::new(schema).map_err(rusqlite::Error::from)?;
    let mut size = 0;
    // SAFETY: the connection is open, and the name a C string. The result has `size` bytes, and is ours
    // to free, once.
    unsafe {
        let data = ffi::sqlite3_serialize(source.handle(), name.as_ptr(), &mut size, 0);
        let size = size.max(0) as u64;
        if data.is_null() {
            return Err(no_memory(size));
        }
        let image = allocate(size);
        if let Some(image) = &image {
            image.write(0, std::slice::from_raw_parts(data, size as usize));
        }
        ffi::sqlite3_free(data.cast());
        image.map(Arc::new).ok_or_else(|| no_memory(size))
    }
}

fn copy<B: Bytes + 'static>(
    source: &Connection,
    schema: &str,
    allocate: impl FnOnce(u64) -> Option<B>,
) -> Result<Arc<B>, Error> {
    let integer = |name| source.pragma_query_value(Some(schema), name, |row| row.get::<_, u32>(0));
    // In this order: the count reads the header, and SQLite answers for the size what it read last.
    let (pages, page_size) = (u64::from(integer("page_count")?), u64::from(integer("page_size")?));
    // SQLite makes a first page where there is none: an image is never without one.
    let size = pages.max(1) * page_size;
    let image = allocate(size).ok_or_else(|| no_memory(size))?;
    let image = Arc::new(image);
    let files = Files { database: image.clone(), wal: Arc::new(PrivateBytes::new(Vec::new())) };
    let runtime = Runtime::private(files)?;
    let mut copy = runtime.connect_in(runtime.0.claim_slot()?, &options(Duration::ZERO))?;
    limit(&copy, &runtime, page_size)?;
    copy.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
    back_up_schema(source, schema, &mut copy, &Requests::of(source), &mut unwatched)?;
    Ok(image)
}

fn no_memory(size: u64) -> Error {
    let reason = format!("out of memory: the image has {size} bytes");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOMEM), Some(reason)).into()
}
