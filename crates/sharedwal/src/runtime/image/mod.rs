//! Whole databases as bytes. SQLite itself copies, by its backup, between the shared database and
//! a private runtime whose files are the image: so an image is what SQLite has in files, a log
//! beside it is replayed by SQLite's own recovery, and an import is one transaction.
//!
//! This module knows SQLite and its file format, and nothing of how the shared database is kept.

mod export;
mod files;
mod import;
mod requests;

pub(crate) use export::export;
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) use export::serialize;
use files::unwatched;
#[cfg(target_arch = "wasm32")]
pub(crate) use files::{Files, Progress};
#[cfg(target_arch = "wasm32")]
pub use import::Done;
#[cfg(target_arch = "wasm32")]
pub(crate) use import::fill;
pub(crate) use import::import;

use std::time::Duration;

use super::{ConnectOptions, JournalMode, Runtime};
#[cfg(doc)]
use crate::Code;
use crate::error::Error;
#[cfg(target_arch = "wasm32")]
use crate::memory::can_block;
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

/// How long an import or export waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How the connections that copy are made: nothing is to change but the content.
pub(crate) fn options(busy_timeout: Duration) -> ConnectOptions {
    ConnectOptions { busy_timeout, journal_mode: JournalMode::Keep, ..ConnectOptions::default() }
}

impl Runtime {
    /// Copies the whole database as it is at this moment, with all that is committed: the file that
    /// SQLite would have after a checkpoint. One that was never written to has one empty page.
    ///
    /// ```
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// # let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// # runtime.connect_blocking()?.execute_batch("create table t (x); insert into t values (7)")?;
    /// let file: Vec<u8> = runtime.export_database_blocking()?;
    /// assert!(file.starts_with(b"SQLite format 3\0"));
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
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
    /// [`Runtime::interrupt`] ends it as it ends a statement, but for the commit at its end; the
    /// connection that copies stands in the diagnostics.
    ///
    /// ```
    /// # use sharedwal::{Runtime, RuntimeOptions};
    /// # let file = Runtime::create(&RuntimeOptions::default())?.export_database_blocking()?;
    /// // Or `sharedwal::Image` for a file with the write-ahead log that was beside it.
    /// let runtime = Runtime::create(&RuntimeOptions::default())?;
    /// runtime.import_database_blocking(file)?;
    /// # Ok::<(), sharedwal::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Code::InvalidImage`], [`Code::ImageTooLarge`], [`Code::RuntimeInUse`] for another page size
    /// or encoding while other connections are open, `SQLITE_FULL` where the log has no room,
    /// `SQLITE_BUSY`; as for [`Runtime::connect_blocking_with`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn import_database_blocking(&self, image: impl Into<Image>) -> Result<(), Error> {
        let target = self.connect_blocking_with(&options(BUSY_TIMEOUT))?;
        let done = import(self, target, image.into().into(), &mut unwatched)?;
        if done.left_wal {
            // If others are in the way, the next one to open the database does this.
            let _ = self.connect_blocking();
        }
        done.copied
    }

    /// Copies the whole database as it is at this moment, with all that is committed: the file that
    /// SQLite would have after a checkpoint. One that was never written to has one empty page.
    ///
    /// ```no_run
    /// # use sharedwal::{Error, Runtime};
    /// # async fn copy(one: Runtime, other: Runtime) -> Result<(), Error> {
    /// let file: Vec<u8> = one.export_database().await?;
    /// other.import_database(file).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`Runtime::connect_with`]; what SQLite says, `SQLITE_NOMEM` among it.
    #[cfg(target_arch = "wasm32")]
    pub async fn export_database(&self) -> Result<Vec<u8>, Error> {
        let source = self.connect_with(&options(BUSY_TIMEOUT)).await?;
        Ok(export(&source, PrivateBytes::zeroed)?.take())
    }

    /// Replaces the whole database by an image, for everybody at once: whoever is in a read
    /// transaction keeps what it sees, and the next transaction sees the image. On an error nothing
    /// has changed. With other connections open the image goes through the write-ahead log, which
    /// must have room for it, and its page size and encoding must be the database's.
    ///
    /// A database in WAL mode stays in it; else the image brings its mode along.
    ///
    /// [`Runtime::interrupt`] ends it as it ends a statement, but for the commit at its end; the
    /// connection that copies stands in the diagnostics.
    ///
    /// # Errors
    /// [`Code::InvalidImage`], [`Code::ImageTooLarge`], [`Code::RuntimeInUse`] for another page size
    /// or encoding while other connections are open, `SQLITE_FULL` where the log has no room,
    /// `SQLITE_BUSY`; as for [`Runtime::connect_with`].
    #[cfg(target_arch = "wasm32")]
    pub async fn import_database(&self, image: impl Into<Image>) -> Result<(), Error> {
        let target = self.connect_with(&options(BUSY_TIMEOUT)).await?;
        let done = import(self, target, image.into().into(), &mut unwatched)?;
        if done.left_wal {
            // If others are in the way, the next one to open the database does this. It tries without
            // a pause where this thread may not wait, so not for long there.
            let busy_timeout = if can_block() { BUSY_TIMEOUT } else { Duration::ZERO };
            let _ = self.connect_with(&ConnectOptions { busy_timeout, ..ConnectOptions::default() }).await;
        }
        done.copied
    }
}
