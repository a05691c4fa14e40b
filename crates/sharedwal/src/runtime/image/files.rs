//! The private runtime whose files are an image, and what exports and imports both do with it.

use std::sync::Arc;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use super::Image;
use super::requests::{Requests, interrupted};
use crate::error::Error;
use crate::layout::{FileKind, INDEX_MAX_PAGES, INDEX_PAGE_WORDS, SUPER_JOURNALS};
use crate::memory::Bytes;
use crate::memory::private::PrivateBytes;
use crate::runtime::{Parts, Runtime};

/// An image in memory of any kind.
pub struct Files {
    pub database: Arc<dyn Bytes>,
    pub wal: Arc<dyn Bytes>,
}

impl From<Image> for Files {
    fn from(image: Image) -> Files {
        let bytes = |bytes| Arc::new(PrivateBytes::new(bytes)) as Arc<dyn Bytes>;
        Files { database: bytes(image.database), wal: bytes(image.wal) }
    }
}

impl Runtime {
    /// A runtime over bytes of this thread alone, its files empty.
    pub(super) fn private(files: Files) -> Result<Runtime, Error> {
        // A frame takes at least 512 bytes of the log.
        let frames = files.wal.capacity() / 512;
        let pages = (frames / u64::from(INDEX_PAGE_WORDS / 2) + 2).min(u64::from(INDEX_MAX_PAGES)) as u32;
        let none = || Arc::new(PrivateBytes::new(Vec::new())) as Arc<dyn Bytes>;
        Ok(Runtime::register(Parts {
            database: vec![files.database],
            write_ahead: vec![files.wal],
            journal: vec![none()],
            super_journals: (0..SUPER_JOURNALS).map(|_| none()).collect(),
            ..Parts::without_files(pages * INDEX_PAGE_WORDS)?
        }))
    }
}

/// How large a database is, and in what its text is written.
pub struct Extent {
    pub page_size: u64,
    pub pages: u64,
    pub encoding: String,
}

impl Extent {
    pub fn of(db: &Connection) -> rusqlite::Result<Extent> {
        let integer = |name| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).map(u64::from);
        Ok(Extent {
            page_size: integer("page_size")?,
            pages: integer("page_count")?,
            encoding: db.pragma_query_value(None, "encoding", |row| row.get(0))?,
        })
    }

    pub fn bytes(&self) -> u64 {
        self.page_size * self.pages
    }
}

/// Tells SQLite how many pages of that size the runtime has room for.
pub fn limit(db: &Connection, runtime: &Runtime, page_size: u64) -> rusqlite::Result<()> {
    const SQLITE_MAX_PAGE_COUNT: u64 = 0xffff_fffe;
    let pages = (runtime.0.file(FileKind::Database).capacity() / page_size).clamp(1, SQLITE_MAX_PAGE_COUNT);
    db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}

/// Pages that are copied before another look at what others ask for: 1 MiB as a rule.
const PAGES_AT_ONCE: i32 = 256;

/// Is told how many bytes of how many have been copied; false ends the copying.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// For copies that nobody watches.
pub fn unwatched(_done: u64, _total: u64) -> bool {
    true
}

/// Copies all pages, as one transaction of `target`, unless others ask for an end.
pub fn back_up(
    source: &Connection,
    target: &mut Connection,
    requests: &Requests,
    progress: Progress<'_>,
) -> Result<(), Error> {
    back_up_schema(source, "main", target, requests, progress)
}

/// As [`back_up`], of the database that the source has attached under this name.
pub fn back_up_schema(
    source: &Connection,
    schema: &str,
    target: &mut Connection,
    requests: &Requests,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let page_size: u32 = source.pragma_query_value(Some(schema), "page_size", |row| row.get(0))?;
    let page_size = u64::from(page_size);
    let backup = Backup::new_with_names(source, schema, target, "main")?;
    loop {
        requests.check()?;
        let step = backup.step(PAGES_AT_ONCE)?;
        let copied = backup.progress();
        let bytes = |pages: i32| pages.max(0) as u64 * page_size;
        let mut tell = || progress(bytes(copied.pagecount - copied.remaining), bytes(copied.pagecount));
        match step {
            StepResult::Done => {
                // It is committed: there is nothing left to end.
                tell();
                return Ok(());
            }
            StepResult::More if tell() => {}
            StepResult::More => return Err(interrupted()),
            // Another holds a lock.
            _ => {
                let busy = ffi::Error::new(ffi::SQLITE_BUSY);
                let message = Some("database is locked".into());
                return Err(rusqlite::Error::SqliteFailure(busy, message).into());
            }
        }
    }
}
