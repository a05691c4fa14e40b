//! The SQLite VFS over shared memory: one for all runtimes, found by path.
//!
//! The path of a database is `/<id of the runtime>/<its name>`; the bare name is enough where it
//! is unambiguous, as in `ATTACH 'name'`.

mod activity;
mod busy;
mod checkpoints;
mod database;
mod io_methods;
mod pragma;
mod private;
mod progress;
mod scope;
mod tables;
mod write_ahead;

pub use busy::install as install_busy_handler;
pub use checkpoints::install as install_checkpoints;
pub use database::Database;
#[cfg(any(test, feature = "snapshot"))]
pub use io_methods::database_of;
pub use progress::{
    install as install_progress_handler, is_evicted, is_late, limit_time, obey, set_progress_handler,
    set_time_limit, signals,
};
#[cfg(any(test, target_arch = "wasm32"))]
pub use scope::settle_while_idle;
pub use scope::{adopt, last_reason, set_reason, sleep as pause};
pub use tables::{StatementTables, Tracker};

use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::ffi;

use crate::fence::{self, Fence};
use crate::file::SharedFile;
use crate::injection::Point;
use crate::layout::FileKind;
use crate::runtime::{Inner, registry};
use io_methods::{Handle, VfsFile};

/// Name under which SQLite knows the VFS.
pub const NAME: &CStr = c"sharedwal";

/// What a path names.
struct Located {
    runtime: Arc<Inner>,
    /// `None` for a super-journal that does not exist.
    kind: Option<FileKind>,
}

impl Located {
    fn file(&self) -> Option<&SharedFile> {
        self.kind.map(|kind| self.runtime.file(kind))
    }
}

/// SQLite's default VFS, for what has nothing to do with files. Registered before ours, for ever.
struct DefaultVfs(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite's VFS objects are used from all threads; this one is never unregistered.
unsafe impl Send for DefaultVfs {}
// SAFETY: as for Send.
unsafe impl Sync for DefaultVfs {}

static DEFAULT: OnceLock<Option<DefaultVfs>> = OnceLock::new();

/// Registers the VFS with SQLite, once; false if SQLite refuses.
pub fn register() -> bool {
    DEFAULT
        .get_or_init(|| {
            // SAFETY: the arguments are as SQLite wants them; the VFS object is leaked, since
            // SQLite keeps it for ever.
            unsafe {
                if ffi::sqlite3_initialize() != ffi::SQLITE_OK {
                    return None;
                }
                let default = ffi::sqlite3_vfs_find(std::ptr::null());
                let vfs = Box::into_raw(Box::new(methods()));
                let registered = !default.is_null() && ffi::sqlite3_vfs_register(vfs, 0) == ffi::SQLITE_OK;
                registered.then_some(DefaultVfs(default))
            }
        })
        .is_some()
}

fn methods() -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<VfsFile>() as c_int,
        mxPathname: 512,
        pNext: std::ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: std::ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// Runs one of SQLite's calls so that a panic becomes an I/O error instead of unwinding through C.
fn guard(call: Point, callback: impl FnOnce() -> c_int) -> c_int {
    call.pass();
    catch_unwind(AssertUnwindSafe(callback)).unwrap_or(ffi::SQLITE_IOERR)
}

/// The file that a full path names; `None` with a reason if no runtime of that id is here.
fn locate(path: &str) -> Option<Located> {
    locate_or_create(path, false)
}

/// The runtime whose identifier a full path has, and the rest of the path.
fn runtime_of(path: &str) -> Option<(Arc<Inner>, &str)> {
    let (id, rest) = path.strip_prefix('/')?.split_once('/')?;
    Some((registry::by_id(id)?, rest))
}

/// As [`locate`]; with `create`, a super-journal of that name exists then.
fn locate_or_create(path: &str, create: bool) -> Option<Located> {
    let found = runtime_of(path).and_then(|(runtime, rest)| {
        let suffix = rest.strip_prefix(runtime.name())?;
        let kind = match suffix {
            "" => Some(FileKind::Database),
            "-wal" => Some(FileKind::WriteAhead),
            "-journal" => Some(FileKind::Journal),
            _ if !suffix.starts_with("-mj") => return None,
            _ if create => Some(runtime.create_super_journal(suffix)?),
            _ => runtime.find_super_journal(suffix),
        };
        Some(Located { runtime, kind })
    });
    if found.is_none() {
        set_reason(format!("no runtime in this worker has a file for the path '{path}'"));
    }
    found
}

/// # Safety
/// `name` must be null or a C string.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a str> {
    // SAFETY: as the caller promises.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }).and_then(|name| name.to_str().ok())
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes szOsFile bytes at `file`; it looks at pMethods even after a failure.
    unsafe { (*file).pMethods = std::ptr::null() };
    guard(Point::Open, || {
        // SAFETY: SQLite passes a C string or null.
        let handle = match unsafe { path(name) } {
            // SAFETY: as above.
            Some(path) if !is_temporary(flags) => match unsafe { open_shared(name, path, flags) } {
                Ok(handle) => handle,
                Err(code) => return code,
            },
            _ => Handle::Private(private::PrivateFile::default()),
        };
        // SAFETY: SQLite passes szOsFile writable bytes at `file`, and a valid pointer or null
        // for the flags.
        unsafe {
            file.cast::<VfsFile>().write(VfsFile::new(handle));
            if !out_flags.is_null() {
                *out_flags = flags;
            }
        }
        ffi::SQLITE_OK
    })
}

/// Opens a file of a runtime.
///
/// # Safety
/// `name` must be what SQLite passed to xOpen with these flags.
unsafe fn open_shared(name: *const c_char, path: &str, flags: c_int) -> Result<Handle, c_int> {
    let create = flags & ffi::SQLITE_OPEN_CREATE != 0;
    if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
        let located = locate(path).ok_or(ffi::SQLITE_CANTOPEN)?;
        return Ok(Handle::Database(Box::new(Database::open(located.runtime, flags)?)));
    }
    let (runtime, _) = runtime_of(path).ok_or(ffi::SQLITE_CANTOPEN)?;
    let fence = if flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0 {
        // SAFETY: this is what SQLite answers that question for, of the name of a log or journal.
        unsafe { io_methods::fence_of(ffi::sqlite3_database_file_object(name)) }
    } else {
        fence::of_writer(runtime.control())
    };
    let Ok(_inside) = fence.as_ref().map(Fence::enter).transpose() else { return Err(database::EVICTED) };
    let located = locate_or_create(path, create).ok_or(ffi::SQLITE_CANTOPEN)?;
    let kind = located.kind.ok_or(ffi::SQLITE_CANTOPEN)?;
    let file = located.runtime.file(kind);
    if !file.exists() {
        if !create {
            return Err(ffi::SQLITE_CANTOPEN);
        }
        file.create();
    }
    Ok(match kind {
        FileKind::WriteAhead => {
            Handle::WriteAhead { log: write_ahead::WriteAhead::new(located.runtime), fence }
        }
        kind => Handle::Journal { runtime: located.runtime, kind, fence },
    })
}

fn is_temporary(flags: c_int) -> bool {
    let temporary = ffi::SQLITE_OPEN_TEMP_DB
        | ffi::SQLITE_OPEN_TEMP_JOURNAL
        | ffi::SQLITE_OPEN_TRANSIENT_DB
        | ffi::SQLITE_OPEN_SUBJOURNAL;
    flags & temporary != 0
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _sync: c_int) -> c_int {
    guard(Point::Delete, || {
        // SAFETY: SQLite passes a C string.
        let Some(located) = (unsafe { path(name) }).and_then(locate) else {
            return ffi::SQLITE_IOERR_DELETE;
        };
        // A runtime outlives its connections: the database itself is never deleted.
        if located.kind == Some(FileKind::Database) {
            return ffi::SQLITE_IOERR_DELETE;
        }
        match located.file().filter(|file| file.exists()) {
            None => ffi::SQLITE_IOERR_DELETE_NOENT,
            Some(file) => {
                let fence = fence::of_writer(located.runtime.control());
                let Ok(_inside) = fence.as_ref().map(Fence::enter).transpose() else {
                    return database::EVICTED;
                };
                file.delete();
                ffi::SQLITE_OK
            }
        }
    })
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    guard(Point::Access, || {
        // SAFETY: SQLite passes a C string.
        let Some(located) = (unsafe { path(name) }).and_then(locate) else {
            // Not "it does not exist": a super-journal that cannot be looked at must not be
            // taken for a finished one.
            return ffi::SQLITE_IOERR_ACCESS;
        };
        // As on Unix, an empty journal does not count as one.
        let exists = located.kind == Some(FileKind::Database)
            || located.file().is_some_and(|file| file.exists() && file.size() > 0);
        // SAFETY: SQLite passes a valid pointer.
        unsafe { *out = c_int::from(exists) };
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    capacity: c_int,
    out: *mut c_char,
) -> c_int {
    guard(Point::FullPathname, || {
        // SAFETY: SQLite passes a C string.
        let Some(name) = (unsafe { path(name) }) else { return ffi::SQLITE_CANTOPEN };
        let full = if name.starts_with('/') {
            name.to_owned()
        } else {
            match registry::by_name(name) {
                Ok(runtime) => runtime.path(),
                Err(reason) => {
                    set_reason(reason);
                    return ffi::SQLITE_CANTOPEN;
                }
            }
        };
        if full.len() + 1 > capacity.max(0) as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        // SAFETY: `capacity` bytes are writable, and the path with its NUL fits.
        unsafe {
            out.cast::<u8>().copy_from_nonoverlapping(full.as_ptr(), full.len());
            out.add(full.len()).write(0);
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    guard(Point::Sleep, || {
        scope::sleep(Duration::from_micros(microseconds.max(0) as u64));
        microseconds
    })
}

fn default_vfs() -> Option<*mut ffi::sqlite3_vfs> {
    DEFAULT.get()?.as_ref().map(|default| default.0)
}

unsafe extern "C" fn randomness(_vfs: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    let Some(vfs) = default_vfs() else { return 0 };
    // SAFETY: the arguments are passed on as SQLite gave them.
    unsafe { (*vfs).xRandomness.map_or(0, |call| call(vfs, count, out)) }
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    let Some(vfs) = default_vfs() else { return ffi::SQLITE_ERROR };
    // SAFETY: the arguments are passed on as SQLite gave them.
    unsafe { (*vfs).xCurrentTime.map_or(ffi::SQLITE_ERROR, |call| call(vfs, out)) }
}

/// Milliseconds from the Julian epoch to the Unix epoch.
const UNIX_EPOCH_MS: i64 = 24_405_875 * 8_640_000;

unsafe extern "C" fn current_time_int64(_vfs: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    #[cfg(target_arch = "wasm32")]
    let now = js_sys::Date::now() as i64;
    #[cfg(not(target_arch = "wasm32"))]
    let now = {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as i64)
    };
    // SAFETY: SQLite passes a valid pointer.
    unsafe { *out = UNIX_EPOCH_MS + now };
    ffi::SQLITE_OK
}
