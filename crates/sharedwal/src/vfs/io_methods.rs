//! The C face of an open file: `sqlite3_io_methods` over [`Handle`].

use std::ffi::{CStr, c_char, c_int, c_void};
use std::slice;
use std::sync::Arc;

use rusqlite::ffi;

use super::database::{Database, EVICTED};
use super::guard;
use super::pragma;
use super::private::PrivateFile;
use super::scope;
use super::write_ahead::WriteAhead;
use crate::fence::{Evicted, Fence, Inside};
use crate::injection::{Mutation, Point};
use crate::layout::FileKind;
use crate::runtime::Inner;

/// What SQLite has as a `sqlite3_file`.
#[repr(C)]
pub struct VfsFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// An open file.
pub enum Handle {
    /// A database, with its locks and its wal-index.
    Database(Box<Database>),
    /// The write-ahead log.
    WriteAhead {
        /// The log.
        log: WriteAhead,
        /// The fence of the connection.
        fence: Option<Arc<Fence>>,
    },
    /// A rollback journal or super-journal.
    Journal {
        /// Whose file it is.
        runtime: Arc<Inner>,
        /// Which of its files.
        kind: FileKind,
        /// The fence of the connection.
        fence: Option<Arc<Fence>>,
    },
    /// A file of this connection alone.
    Private(PrivateFile),
}

impl Handle {
    /// The fence of the connection whose shared file it is.
    fn fence(&self) -> Option<&Arc<Fence>> {
        match self {
            Handle::Database(database) => Some(database.fence()),
            Handle::WriteAhead { fence, .. } | Handle::Journal { fence, .. } => fence.as_ref(),
            Handle::Private(_) => None,
        }
    }

    /// Goes inside of that fence, to change the file.
    fn enter(&self) -> Result<Option<Inside>, Evicted> {
        self.fence().map(Fence::enter).transpose()
    }

    /// What a call that only looked answers: nothing that was read since an eviction is to be used.
    fn looked(&self, answer: c_int) -> c_int {
        if self.fence().is_none_or(|fence| fence.stands()) { answer } else { EVICTED }
    }
}

impl VfsFile {
    /// Takes the handle; `close` drops it.
    pub fn new(handle: Handle) -> Self {
        VfsFile { base: ffi::sqlite3_file { pMethods: &METHODS }, handle: Box::into_raw(Box::new(handle)) }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The database of a connection, if it is of this VFS.
///
/// # Safety
/// `db` must be an open connection, and no other reference to its database may exist.
pub unsafe fn database_of<'a>(db: *mut ffi::sqlite3) -> Option<&'a mut Database> {
    // SAFETY: as the caller promises.
    unsafe { attached_database_of(db, c"main") }
}

/// As [`database_of`], for the database that the connection knows by this name.
///
/// # Safety
/// As for [`database_of`].
pub unsafe fn attached_database_of<'a>(db: *mut ffi::sqlite3, schema: &CStr) -> Option<&'a mut Database> {
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    // SAFETY: as the caller promises; the op code stores a file pointer. A file with our method
    // table was made by `VfsFile::new`.
    unsafe {
        let op = ffi::SQLITE_FCNTL_FILE_POINTER;
        let out = (&raw mut file).cast::<c_void>();
        if ffi::sqlite3_file_control(db, schema.as_ptr(), op, out) != ffi::SQLITE_OK || file.is_null() {
            return None;
        }
        if !std::ptr::eq((*file).pMethods, &raw const METHODS) {
            return None;
        }
        match handle(file) {
            Handle::Database(database) => Some(database),
            _ => None,
        }
    }
}

/// The fence of the connection whose database a file is, if it is of this VFS.
///
/// # Safety
/// `file` must be null or an open file.
pub unsafe fn fence_of(file: *mut ffi::sqlite3_file) -> Option<Arc<Fence>> {
    // SAFETY: as the caller promises; a file with our method table was made by `VfsFile::new`.
    unsafe {
        let ours = !file.is_null() && std::ptr::eq((*file).pMethods, &raw const METHODS);
        ours.then(|| handle(file)).and_then(|handle| handle.fence().cloned())
    }
}

/// # Safety
/// `file` must be a file that [`VfsFile::new`] made, and not closed yet.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: as the caller promises; SQLite uses a file in one thread at a time.
    unsafe { &mut *(*file.cast::<VfsFile>()).handle }
}

/// Runs `f` on the database behind `file`, inside of its fence; for an evicted one `otherwise`.
///
/// # Safety
/// As for [`handle`].
unsafe fn with_database(
    call: Point,
    file: *mut ffi::sqlite3_file,
    f: impl FnOnce(&mut Database) -> c_int,
    otherwise: impl FnOnce(&mut Database) -> c_int,
) -> c_int {
    guard(call, || {
        // SAFETY: as the caller promises.
        match unsafe { handle(file) } {
            Handle::Database(database) => match database.fence().enter() {
                Ok(_inside) => f(database),
                Err(Evicted) => otherwise(database),
            },
            _ => ffi::SQLITE_OK,
        }
    })
}

/// An evicted connection takes no lock.
fn refuse(_database: &mut Database) -> c_int {
    EVICTED
}

/// An evicted connection has nothing to give up; SQLite is to go on to its end.
fn go_on(_database: &mut Database) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    guard(Point::Close, || {
        // SAFETY: SQLite closes a file once, and the handle came from Box::into_raw.
        unsafe {
            (*file).pMethods = std::ptr::null();
            drop(Box::from_raw((*file.cast::<VfsFile>()).handle));
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, count: c_int, at: i64) -> c_int {
    guard(Point::Read, || {
        // SAFETY: SQLite passes a buffer of `count` bytes.
        let out = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), count.max(0) as usize) };
        let at = at.max(0) as u64;
        // SAFETY: SQLite passes an open file.
        let handle = unsafe { handle(file) };
        let count = match handle {
            Handle::Database(database) => database.file().read(at, out),
            Handle::Journal { runtime, kind, .. } => runtime.file(*kind).read(at, out),
            Handle::WriteAhead { log, .. } => log.file().read(at, out),
            Handle::Private(private) => private.read(at, out),
        };
        let short = if count == out.len() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ };
        handle.looked(short)
    })
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    count: c_int,
    at: i64,
) -> c_int {
    guard(Point::Write, || {
        // SAFETY: SQLite passes a buffer of `count` bytes.
        let data = unsafe { slice::from_raw_parts(data.cast::<u8>(), count.max(0) as usize) };
        let at = at.max(0) as u64;
        // SAFETY: SQLite passes an open file.
        let handle = unsafe { handle(file) };
        let Ok(_inside) = handle.enter() else { return EVICTED };
        let written = match handle {
            Handle::Database(database) => {
                database.obey_in_checkpoint();
                database.file().write(at, data).is_ok()
            }
            Handle::Journal { runtime, kind, .. } => runtime.file(*kind).write(at, data).is_ok(),
            Handle::WriteAhead { log, .. } => return log.write(at, data),
            Handle::Private(private) => private.write(at, data),
        };
        if written { ffi::SQLITE_OK } else { ffi::SQLITE_FULL }
    })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    guard(Point::Truncate, || {
        let size = size.max(0) as u64;
        // SAFETY: SQLite passes an open file.
        let handle = unsafe { handle(file) };
        let Ok(_inside) = handle.enter() else { return EVICTED };
        let done = match handle {
            Handle::Database(database) => database.file().truncate(size).is_ok(),
            Handle::Journal { runtime, kind, .. } => runtime.file(*kind).truncate(size).is_ok(),
            Handle::WriteAhead { log, .. } => {
                // A checkpoint that empties the log says so in the wal-index first. Were that to be seen
                // later only, whoever comes after a death in between could append to a log that has lost its
                // beginning, and no recovery would find those commits.
                if !Mutation::TruncatedUnpublished.is_on() && !scope::publish(log.runtime()) {
                    return ffi::SQLITE_BUSY;
                }
                log.file().truncate(size).is_ok()
            }
            Handle::Private(private) => private.truncate(size),
        };
        if done { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_TRUNCATE }
    })
}

/// Memory is as durable as it gets at once.
unsafe extern "C" fn sync(_file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    guard(Point::Sync, || ffi::SQLITE_OK)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    guard(Point::FileSize, || {
        // SAFETY: SQLite passes an open file and a valid pointer.
        unsafe {
            let handle = handle(file);
            *out = match handle {
                // An ordinary end of a checkpoint: there is more to do the next time.
                Handle::Database(database) if database.is_checkpoint_refused() => return ffi::SQLITE_BUSY,
                Handle::Database(database) => database.file().size(),
                Handle::Journal { runtime, kind, .. } => runtime.file(*kind).size(),
                Handle::WriteAhead { log, .. } => log.file().size(),
                Handle::Private(private) => private.size(),
            } as i64;
            handle.looked(ffi::SQLITE_OK)
        }
    })
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    unsafe { with_database(Point::Lock, file, |database| database.lock(level), refuse) }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let forget = |database: &mut Database| {
        database.fence().set_level(level);
        ffi::SQLITE_OK
    };
    // SAFETY: SQLite passes an open file.
    unsafe { with_database(Point::Unlock, file, |database| database.unlock(level), forget) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite passes an open file and a valid pointer.
    unsafe {
        *out = 0;
        let look = |database: &mut Database| {
            *out = c_int::from(database.is_reserved());
            ffi::SQLITE_OK
        };
        with_database(Point::CheckReservedLock, file, look, refuse)
    }
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    guard(Point::FileControl, || {
        // SAFETY: SQLite passes an open file.
        let Handle::Database(database) = (unsafe { handle(file) }) else {
            return ffi::SQLITE_NOTFOUND;
        };
        // SAFETY: what `argument` points to is given by the op code, see sqlite3.h.
        unsafe {
            match op {
                ffi::SQLITE_FCNTL_PRAGMA => pragma::answer(database, argument.cast()),
                ffi::SQLITE_FCNTL_CKPT_START => database.checkpoint_starts(),
                ffi::SQLITE_FCNTL_CKPT_DONE => database.checkpoint_done(),
                // With a rollback journal, before a commit deletes that.
                ffi::SQLITE_FCNTL_SYNC => database.unless_ended().err().unwrap_or(ffi::SQLITE_NOTFOUND),
                ffi::SQLITE_FCNTL_COMMIT_PHASETWO => database.committed(),
                ffi::SQLITE_FCNTL_PERSIST_WAL => {
                    let wanted = &mut *argument.cast::<c_int>();
                    if *wanted >= 0 {
                        database.set_persist_wal(*wanted != 0);
                    }
                    *wanted = c_int::from(database.persist_wal());
                    ffi::SQLITE_OK
                }
                ffi::SQLITE_FCNTL_POWERSAFE_OVERWRITE => {
                    *argument.cast::<c_int>() = 1;
                    ffi::SQLITE_OK
                }
                ffi::SQLITE_FCNTL_HAS_MOVED => {
                    *argument.cast::<c_int>() = 0;
                    ffi::SQLITE_OK
                }
                ffi::SQLITE_FCNTL_SIZE_HINT => {
                    // A hint: what cannot be had now is an error when it is written.
                    if let Ok(_inside) = database.fence().enter() {
                        let _ = database.file().reserve((*argument.cast::<i64>()).max(0) as u64);
                    }
                    ffi::SQLITE_OK
                }
                ffi::SQLITE_FCNTL_VFSNAME => {
                    let name = ffi::sqlite3_mprintf(c"%s".as_ptr(), super::NAME.as_ptr());
                    *argument.cast::<*mut c_char>() = name;
                    ffi::SQLITE_OK
                }
                _ => ffi::SQLITE_NOTFOUND,
            }
        }
    })
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    512
}

/// What holds for memory that outlives the worker which was writing it: bytes are there before
/// the size says so, stores happen in order, and a write touches no byte beside its own.
unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_SAFE_APPEND | ffi::SQLITE_IOCAP_SEQUENTIAL | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite passes an open file and a valid pointer.
    unsafe {
        *out = std::ptr::null_mut();
        let map = |database: &mut Database| {
            if size as u32 != crate::layout::INDEX_PAGE_BYTES || page < 0 {
                return ffi::SQLITE_IOERR_SHMMAP;
            }
            match database.shm_map(page as u32, extend != 0) {
                Ok(words) => {
                    *out = words.cast();
                    ffi::SQLITE_OK
                }
                Err(code) => code,
            }
        };
        with_database(Point::ShmMap, file, map, refuse)
    }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let lock = |database: &mut Database| database.shm_lock(first as u32, count as u32, flags);
    // SAFETY: SQLite passes an open file.
    unsafe {
        if flags & ffi::SQLITE_SHM_UNLOCK == 0 {
            with_database(Point::ShmLock, file, lock, refuse)
        } else {
            with_database(Point::ShmUnlock, file, lock, go_on)
        }
    }
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: SQLite passes an open file.
    unsafe {
        let barrier = |database: &mut Database| {
            database.shm_barrier();
            ffi::SQLITE_OK
        };
        with_database(Point::ShmBarrier, file, barrier, refuse);
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    // The next first attacher zeroes the wal-index, so there is nothing to delete.
    // SAFETY: SQLite passes an open file.
    unsafe { with_database(Point::ShmUnmap, file, Database::shm_unmap, go_on) }
}
