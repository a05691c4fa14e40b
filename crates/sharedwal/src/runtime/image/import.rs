//! An image comes in: it is checked, and backed up into the shared database.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi};

use super::files::{Extent, Files, Progress, back_up, limit};
use super::options;
use super::requests::Requests;
use crate::error::{Code, Error};
use crate::layout::FileKind;
use crate::runtime::{ConnectOptions, Runtime};

/// How an import went that was tried.
pub struct Done {
    /// Whether the content is the image's now; if not, it is what it was.
    pub copied: Result<(), Error>,
    /// Whether the database was in WAL mode and is to be put into it again.
    pub left_wal: bool,
}

/// Replaces the content of the runtime's database by an image, as one transaction of `target`, a
/// connection to it.
pub fn import(
    runtime: &Runtime,
    mut target: Connection,
    files: Files,
    progress: Progress<'_>,
) -> Result<Done, Error> {
    let requests = Requests::of(&target);
    // Whatever fails because others asked for an end is that.
    let asked = |error| requests.check().err().unwrap_or(error);
    let replaced = || {
        let private = open(files)?;
        let source = private.connect_in(private.0.claim_slot()?, &read_only()).map_err(invalid)?;
        requests.end(&source);
        let image = check(&source)?;
        replace(runtime, &mut target, (&source, &image), &requests, progress)
    };
    let done = replaced().map_err(asked)?;
    Ok(Done { copied: done.copied.map_err(asked), ..done })
}

/// Puts the content of `source`, a connection to another runtime, as it is at this moment into a
/// database that nobody has written to or opened yet.
#[cfg(target_arch = "wasm32")]
pub fn fill(
    source: &Connection,
    runtime: &Runtime,
    mut target: Connection,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let requests = Requests::of(source);
    // One transaction for the size and the content; it ends with the connection.
    source.execute_batch("begin")?;
    let content = Extent::of(source)?;
    if content.pages == 0 {
        return Ok(());
    }
    replace(runtime, &mut target, (source, &content), &requests, progress)?.copied
}

fn replace(
    runtime: &Runtime,
    target: &mut Connection,
    (source, image): (&Connection, &Extent),
    requests: &Requests,
    progress: Progress<'_>,
) -> Result<Done, Error> {
    let capacity = runtime.0.file(FileKind::Database).capacity();
    if image.bytes() > capacity {
        let detail = format!("the image has {} bytes, and the database can have {capacity}", image.bytes());
        return Err(Error::new(Code::ImageTooLarge, detail));
    }
    let present = Extent::of(target)?;
    let was_wal = is_wal(target)?;
    limit(target, runtime, image.page_size)?;
    // Alone, the database is replaced in rollback mode: the log then needs no room for it.
    let alone = take_all(target, was_wal, requests)? && (was_wal || runtime.connections() == 1);
    if !alone && (image.page_size, &image.encoding) != (present.page_size, &present.encoding) {
        let detail = format!(
            "the image has pages of {} bytes and {}, the database {} and {}, which only the one connection \
             that is open can change",
            image.page_size, image.encoding, present.page_size, present.encoding
        );
        return Err(Error::new(Code::RuntimeInUse, detail));
    }
    // What the log can be rid of now need not find room beside the image.
    let checkpoint = |target: &Connection| {
        let _ = target.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    };
    if !alone && was_wal {
        checkpoint(target);
    }
    let copied = back_up(source, target, requests, progress).map_err(|error| match &error {
        Error::Sqlite(sqlite)
            if sqlite.sqlite_error_code() == Some(ErrorCode::DiskFull) && !alone && was_wal =>
        {
            full(image, runtime)
        }
        _ => error,
    });
    if !alone && was_wal {
        checkpoint(target);
    }
    Ok(Done { copied, left_wal: alone && was_wal })
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

fn is_wal(db: &Connection) -> rusqlite::Result<bool> {
    db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).map(|mode| mode == "wal")
}

/// Takes the whole database, until the connection is closed, so that nobody else reads or writes;
/// one in WAL mode is in rollback mode then. False if that cannot be, because others have a
/// database in WAL mode open.
fn take_all(target: &Connection, was_wal: bool, requests: &Requests) -> Result<bool, Error> {
    let none = |_: &rusqlite::Row<'_>| Ok(());
    target.query_row("pragma locking_mode = exclusive", [], none)?;
    if !was_wal {
        target.execute_batch("begin exclusive; commit")?;
        return Ok(true);
    }
    match target.query_row("pragma journal_mode = delete", [], none) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            // Before another statement begins, with which SQLite forgets that it was interrupted.
            requests.check()?;
            target.query_row("pragma locking_mode = normal", [], none)?;
            Ok(false)
        }
        result => Ok(result.map(|()| true)?),
    }
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
