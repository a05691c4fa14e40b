//! An image is made: the shared database is backed up into memory of its size.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::files::{Extent, Files, back_up, limit, unwatched};
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
    let Extent { page_size, pages, .. } = Extent::of(source)?;
    // SQLite makes a first page where there is none: an image is never without one.
    let size = pages.max(1) * page_size;
    let image = allocate(size).ok_or_else(|| no_memory(size))?;
    let image = Arc::new(image);
    let files = Files { database: image.clone(), wal: Arc::new(PrivateBytes::new(Vec::new())) };
    let runtime = Runtime::private(files)?;
    let mut copy = runtime.connect_in(runtime.0.claim_slot()?, &options(Duration::ZERO))?;
    limit(&copy, &runtime, page_size)?;
    copy.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
    back_up(source, &mut copy, &Requests::of(source), &mut unwatched)?;
    Ok(image)
}

fn no_memory(size: u64) -> Error {
    let reason = format!("out of memory: the image has {size} bytes");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOMEM), Some(reason)).into()
}
