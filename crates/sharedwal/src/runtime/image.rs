//! Whole databases as bytes. SQLite itself copies, by its backup, between the shared database and
//! a private runtime whose files are the image: so an image is what SQLite has in files, a log
//! beside it is replayed by SQLite's own recovery, and an import is one transaction.
//!
//! This module knows SQLite and its file format, and nothing of how the shared database is kept.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, ffi};

use super::{ConnectOptions, JournalMode, Parts, Runtime};
use crate::error::{Code, Error};
use crate::layout::{FileKind, INDEX_MAX_PAGES, INDEX_PAGE_WORDS, SUPER_JOURNALS};
use crate::memory::Bytes;
use crate::memory::private::PrivateBytes;

/// A database as SQLite keeps it in files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// The database file.
    pub database: Vec<u8>,
    /// The write-ahead log beside it (`-wal`); empty for none. SQLite replays what is committed in
    /// it, and ignores from the first frame on that is torn or does not belong to it.
    pub wal: Vec<u8>,
}

impl From<Vec<u8>> for Image {
    fn from(database: Vec<u8>) -> Image {
        Image { database, wal: Vec::new() }
    }
}

/// An image in memory of any kind.
pub(crate) struct Files {
    pub(crate) database: Arc<dyn Bytes>,
    pub(crate) wal: Arc<dyn Bytes>,
}

impl From<Image> for Files {
    fn from(image: Image) -> Files {
        let bytes = |bytes| Arc::new(PrivateBytes::new(bytes)) as Arc<dyn Bytes>;
        Files { database: bytes(image.database), wal: bytes(image.wal) }
    }
}

/// How long an import or export waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How the connections that copy are made: nothing is to change but the content.
pub(crate) fn options(busy_timeout: Duration) -> ConnectOptions {
    ConnectOptions { busy_timeout, journal_mode: JournalMode::Keep, ..ConnectOptions::default() }
}

/// Has the content of a database at one moment written into the bytes that `allocate` makes;
/// `None` from it means that there is no memory.
pub(crate) fn export<B: Bytes + 'static>(
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
    back_up(source, &mut copy)?;
    Ok(image)
}

/// Replaces the content of the runtime's database by an image, as one transaction of `target`, a
/// connection to it. True if the database was in WAL mode and is to be put into it again.
pub(crate) fn import(runtime: &Runtime, mut target: Connection, files: Files) -> Result<bool, Error> {
    let private = open(files)?;
    let source = private.connect_in(private.0.claim_slot()?, &read_only()).map_err(invalid)?;
    let image = check(&source)?;
    let capacity = runtime.0.file(FileKind::Database).capacity();
    if image.bytes() > capacity {
        let detail = format!("the image has {} bytes, and the database can have {capacity}", image.bytes());
        return Err(Error::new(Code::ImageTooLarge, detail));
    }
    let present = Extent::of(&target)?;
    let was_wal = is_wal(&target)?;
    // Alone, the database is replaced in rollback mode: the log then needs no room for it.
    let alone = take_all(&target, was_wal)? && (was_wal || runtime.connections() == 1);
    if !alone && (image.page_size, &image.encoding) != (present.page_size, &present.encoding) {
        let detail = format!(
            "the image has pages of {} bytes and {}, the database {} and {}, which only the one connection \
             that is open can change",
            image.page_size, image.encoding, present.page_size, present.encoding
        );
        return Err(Error::new(Code::RuntimeInUse, detail));
    }
    limit(&target, runtime, image.page_size)?;
    // What the log can be rid of now need not find room beside the image.
    let checkpoint = |target: &Connection| {
        let _ = target.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    };
    if !alone && was_wal {
        checkpoint(&target);
    }
    back_up(&source, &mut target).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) if !alone && was_wal => full(&image, runtime),
        _ => error.into(),
    })?;
    if !alone && was_wal {
        checkpoint(&target);
    }
    Ok(alone && was_wal)
}

/// A runtime over an image, for this thread alone.
fn open(files: Files) -> Result<Runtime, Error> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    const HEADER_BYTES: u64 = 100;
    let refused = |detail: &str| Err(Error::new(Code::InvalidImage, detail));
    let mut header = [0; HEADER_BYTES as usize];
    if files.database.capacity() < HEADER_BYTES {
        return refused(&format!("the database has {} bytes", files.database.capacity()));
    }
    files.database.read(0, &mut header);
    if header[..16] != MAGIC[..] {
        return refused("the database does not begin with 'SQLite format 3'");
    }
    // https://sqlite.org/fileformat.html#the_write_ahead_log: a log that does not begin like one is
    // none to SQLite. One with pages of another size than the database's would be read all the same.
    const WAL_HEADER_BYTES: u64 = 32;
    let mut log = [0; WAL_HEADER_BYTES as usize];
    if files.wal.capacity() >= WAL_HEADER_BYTES {
        files.wal.read(0, &mut log);
        let word = |at: usize| u32::from_be_bytes([log[at], log[at + 1], log[at + 2], log[at + 3]]);
        let page_size = match u32::from(u16::from_be_bytes([header[16], header[17]])) {
            1 => 65_536,
            size => size,
        };
        if word(0) & !1 == 0x377f_0682 && word(8) != page_size {
            return refused(&format!(
                "the write-ahead log has pages of {} bytes, the database of {page_size}",
                word(8)
            ));
        }
    }
    let (database, log) = (files.database.capacity(), files.wal.capacity());
    let runtime = Runtime::private(files)?;
    runtime.0.file(FileKind::Database).adopt(database);
    if log > 0 {
        runtime.0.file(FileKind::WriteAhead).adopt(log);
    }
    Ok(runtime)
}

/// The image is only read, its log included: SQLite keeps what it recovers in the wal-index.
fn read_only() -> ConnectOptions {
    ConnectOptions { read_only: true, ..options(Duration::ZERO) }
}

/// Whether SQLite finds a sound database in the image, and how large it is.
fn check(source: &Connection) -> Result<Extent, Error> {
    let extent = Extent::of(source).map_err(invalid)?;
    source.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).map_err(invalid)?;
    let found = source.query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0));
    match found {
        Ok(found) if found == "ok" => Ok(extent),
        Ok(found) => Err(Error::new(Code::InvalidImage, format!("quick_check says: {found}"))),
        // A collation or a module that only its application has: so much cannot be checked here.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => Ok(extent),
        Err(error) => Err(invalid(error)),
    }
}

/// What SQLite says of an image that it cannot read.
fn invalid(error: impl Into<Error>) -> Error {
    match error.into() {
        Error::Sqlite(error) if error.sqlite_error_code() != Some(ErrorCode::OutOfMemory) => {
            Error::new(Code::InvalidImage, format!("SQLite says: {error}"))
        }
        error => error,
    }
}

/// How large a database is, and in what its text is written.
struct Extent {
    page_size: u64,
    pages: u64,
    encoding: String,
}

impl Extent {
    fn of(db: &Connection) -> rusqlite::Result<Extent> {
        let integer = |name| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).map(u64::from);
        Ok(Extent {
            page_size: integer("page_size")?,
            pages: integer("page_count")?,
            encoding: db.pragma_query_value(None, "encoding", |row| row.get(0))?,
        })
    }

    fn bytes(&self) -> u64 {
        self.page_size * self.pages
    }
}

fn is_wal(db: &Connection) -> rusqlite::Result<bool> {
    db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).map(|mode| mode == "wal")
}

/// Takes the whole database, until the connection is closed, so that nobody else reads or writes;
/// one in WAL mode is in rollback mode then. False if that cannot be, because others have a
/// database in WAL mode open.
fn take_all(target: &Connection, was_wal: bool) -> rusqlite::Result<bool> {
    let none = |_: &rusqlite::Row<'_>| Ok(());
    target.query_row("pragma locking_mode = exclusive", [], none)?;
    if !was_wal {
        return target.execute_batch("begin exclusive; commit").map(|()| true);
    }
    match target.query_row("pragma journal_mode = delete", [], none) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            target.query_row("pragma locking_mode = normal", [], none).map(|()| false)
        }
        result => result.map(|()| true),
    }
}

/// Tells SQLite how many pages of that size the runtime has room for.
fn limit(db: &Connection, runtime: &Runtime, page_size: u64) -> rusqlite::Result<()> {
    const SQLITE_MAX_PAGE_COUNT: u64 = 0xffff_fffe;
    let pages = (runtime.0.file(FileKind::Database).capacity() / page_size).clamp(1, SQLITE_MAX_PAGE_COUNT);
    db.pragma_update_and_check(None, "max_page_count", pages as u32, |_| Ok(()))
}

fn back_up(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(source, target)?.step(-1)? {
        StepResult::Done => Ok(()),
        // It does not copy a part of them: without all pages, another holds a lock.
        _ => Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_BUSY),
            Some("database is locked".into()),
        )),
    }
}

fn no_memory(size: u64) -> Error {
    let reason = format!("out of memory: the image has {size} bytes");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOMEM), Some(reason)).into()
}

fn full(image: &Extent, runtime: &Runtime) -> Error {
    const FRAME_HEADER_BYTES: u64 = 24;
    let needed = 32 + image.pages * (image.page_size + FRAME_HEADER_BYTES);
    let there = runtime.0.file(FileKind::WriteAhead).capacity();
    let reason = format!(
        "database or disk is full: while others have the database open, an import goes through the \
         write-ahead log, where this one needs {needed} bytes of {there}, and those that no reader \
         keeps; close the other connections, or create the runtime with room for a larger log"
    );
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), Some(reason)).into()
}

impl Runtime {
    /// A runtime over bytes of this thread alone, its files empty.
    fn private(files: Files) -> Result<Runtime, Error> {
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

    /// Copies the whole database as it is at this moment, with all that is committed: the file that
    /// SQLite would have after a checkpoint. One that was never written to has one empty page.
    ///
    /// # Errors
    /// As for [`Runtime::connect_blocking_with`]; what SQLite says, `SQLITE_NOMEM` among it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn export_database_blocking(&self) -> Result<Vec<u8>, Error> {
        let source = self.connect_blocking_with(&options(BUSY_TIMEOUT))?;
        Ok(export(&source, PrivateBytes::zeroed)?.take())
    }

    /// Replaces the whole database by an image, for everybody at once: whoever is in a read
    /// transaction keeps what it sees, and the next transaction sees the image. On an error nothing
    /// has changed. With other connections open the image goes through the write-ahead log, which
    /// must have room for it, and its page size and encoding must be the database's.
    ///
    /// A database in WAL mode stays in it; else the image brings its mode along.
    ///
    /// # Errors
    /// [`Code::InvalidImage`], [`Code::ImageTooLarge`], [`Code::RuntimeInUse`] for another page size
    /// or encoding while other connections are open, `SQLITE_FULL` where the log has no room,
    /// `SQLITE_BUSY`; as for [`Runtime::connect_blocking_with`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn import_database_blocking(&self, image: impl Into<Image>) -> Result<(), Error> {
        let target = self.connect_blocking_with(&options(BUSY_TIMEOUT))?;
        if import(self, target, image.into().into())? {
            // The import is done. If others are in the way, the next to open the database does this.
            let _ = self.connect_blocking();
        }
        Ok(())
    }

    /// Copies the whole database as it is at this moment, with all that is committed: the file that
    /// SQLite would have after a checkpoint. One that was never written to has one empty page.
    ///
    /// # Errors
    /// As for [`Runtime::connect_with`]; what SQLite says, `SQLITE_NOMEM` among it.
    #[cfg(target_arch = "wasm32")]
    pub async fn export_database(&self) -> Result<Vec<u8>, Error> {
        Ok(self.export_to(BUSY_TIMEOUT, PrivateBytes::zeroed).await?.take())
    }

    /// Replaces the whole database by an image, for everybody at once: whoever is in a read
    /// transaction keeps what it sees, and the next transaction sees the image. On an error nothing
    /// has changed. With other connections open the image goes through the write-ahead log, which
    /// must have room for it, and its page size and encoding must be the database's.
    ///
    /// A database in WAL mode stays in it; else the image brings its mode along.
    ///
    /// # Errors
    /// [`Code::InvalidImage`], [`Code::ImageTooLarge`], [`Code::RuntimeInUse`] for another page size
    /// or encoding while other connections are open, `SQLITE_FULL` where the log has no room,
    /// `SQLITE_BUSY`; as for [`Runtime::connect_with`].
    #[cfg(target_arch = "wasm32")]
    pub async fn import_database(&self, image: impl Into<Image>) -> Result<(), Error> {
        let image = image.into();
        self.import_from(BUSY_TIMEOUT, || Ok(image.into())).await
    }

    /// As [`Runtime::export_database`], into memory of any kind.
    #[cfg(target_arch = "wasm32")]
    pub(crate) async fn export_to<B: Bytes + 'static>(
        &self,
        busy_timeout: Duration,
        allocate: impl FnOnce(u64) -> Option<B>,
    ) -> Result<Arc<B>, Error> {
        let source = self.connect_with(&options(busy_timeout)).await?;
        export(&source, allocate)
    }

    /// As [`Runtime::import_database`], from memory of any kind. It is only looked at once nothing
    /// is waited for any more.
    #[cfg(target_arch = "wasm32")]
    pub(crate) async fn import_from(
        &self,
        busy_timeout: Duration,
        files: impl FnOnce() -> Result<Files, Error>,
    ) -> Result<(), Error> {
        let target = self.connect_with(&options(busy_timeout)).await?;
        if import(self, target, files()?)? {
            // The import is done. If others are in the way, the next to open the database does this.
            let _ = self.connect().await;
        }
        Ok(())
    }
}
