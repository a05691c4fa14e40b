//! The progress handler: a statement that runs for long looks now and then whether somebody asked
//! it to end. SQLite has one such handler a connection, so a user's own is called by ours.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::Database;
use super::io_methods::database_of;
use crate::memory;
use crate::signals::Signals;

/// Virtual-machine instructions between two looks: some ten microseconds, against which one atomic
/// load is nothing.
const STEPS: u32 = 1000;

/// A user's own handler; its statement is interrupted when it returns true.
pub struct UserHandler {
    steps: u32,
    handler: Box<dyn FnMut() -> bool + Send>,
}

/// Gives a connection the handler.
///
/// # Safety
/// `db` must be an open connection whose main database is of this VFS.
pub unsafe fn install(db: *mut ffi::sqlite3) {
    // SAFETY: as the caller promises; the database lives until the connection is closed, and
    // SQLite calls no handler after that.
    unsafe {
        if let Some(database) = database_of(db) {
            let steps = database.user_progress().map_or(STEPS, |user| user.steps.min(STEPS));
            let database = std::ptr::from_mut(database).cast();
            ffi::sqlite3_progress_handler(db, steps as c_int, Some(tick), database);
        }
    }
}

unsafe extern "C" fn tick(database: *mut c_void) -> c_int {
    // A thread that dies in a test finds what it spilled as it was before, and could go round in that.
    #[cfg(all(test, not(target_arch = "wasm32")))]
    if crate::tests::mortal::is_dead() {
        return 1;
    }
    // SAFETY: `install` passed it; SQLite calls this while it runs a statement, between its calls
    // into the VFS, so no other reference exists.
    let database = unsafe { &mut *database.cast::<Database>() };
    let ends = database.obey() || database.is_late();
    c_int::from(ends || database.user_progress().is_some_and(|user| (user.handler)()))
}

/// Has `handler` called about every `steps` virtual-machine instructions (1000 at the most) while a
/// statement runs; the statement ends with `SQLITE_INTERRUPT` when it returns true. `None` removes
/// it. Use this and not rusqlite's `progress_handler`, which would take the place of the handler
/// by which [`Runtime::interrupt`](crate::Runtime::interrupt) works.
///
/// Does nothing to a connection that is not this crate's.
///
/// ```ignore-wasm32
/// # use sharedwal::{Runtime, RuntimeOptions, rusqlite::ErrorCode};
/// # let runtime = Runtime::create(&RuntimeOptions::default())?;
/// let db = runtime.connect_blocking()?;
/// let mut ticks = 0;
/// let too_long = move || {
///     ticks += 1;
///     ticks > 10_000
/// };
/// sharedwal::set_progress_handler(&db, 1000, Some(Box::new(too_long)));
/// let endless = "with n(i) as (select 1 union all select i + 1 from n) select sum(i) from n";
/// let error = db.execute_batch(endless).unwrap_err();
/// assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
/// # Ok::<(), sharedwal::Error>(())
/// ```
pub fn set_progress_handler(
    connection: &Connection,
    steps: u32,
    handler: Option<Box<dyn FnMut() -> bool + Send>>,
) {
    // SAFETY: the connection is open, and not inside SQLite: it is borrowed here.
    unsafe {
        let db = connection.handle();
        if let Some(database) = database_of(db) {
            let steps = steps.clamp(1, STEPS);
            database.set_user_progress(handler.map(|handler| UserHandler { steps, handler }));
            install(db);
        }
    }
}

/// Whether the connection was evicted: nothing was heard of it for longer than the runtime's
/// `lock_stale`, and nobody could have proved its death. Every call on it fails with `SQLITE_IOERR_LOCK`
/// since, and its transaction was rolled back. Close it, and open another.
///
/// False for a connection that is not this crate's. Natively no connection is ever evicted.
///
/// ```no_run
/// # #[cfg(target_arch = "wasm32")]
/// # async fn again(runtime: sharedwal::Runtime, mut db: sharedwal::rusqlite::Connection) -> Result<(), sharedwal::Error> {
/// if sharedwal::is_evicted(&db) {
///     db = runtime.connect().await?;
/// }
/// # Ok(()) }
/// ```
pub fn is_evicted(connection: &Connection) -> bool {
    // SAFETY: the connection is open, and not inside SQLite: it is borrowed here.
    unsafe { signals(connection.handle()) }.is_some_and(|signals| signals.evicted())
}

/// Has statements of a connection end with `SQLITE_INTERRUPT` (with `SQLITE_BUSY`, if they wait for a
/// lock) once so much time has passed from now on. It holds for all statements until it is set
/// anew; `None` removes it. Looked at where [`Runtime::interrupt`](crate::Runtime::interrupt) is.
///
/// Does nothing to a connection that is not this crate's.
///
/// ```ignore-wasm32
/// # use std::time::Duration;
/// # use sharedwal::{Runtime, RuntimeOptions, rusqlite::ErrorCode};
/// # let runtime = Runtime::create(&RuntimeOptions::default())?;
/// let db = runtime.connect_blocking()?;
/// sharedwal::set_time_limit(&db, Some(Duration::from_millis(20)));
/// let endless = "with n(i) as (select 1 union all select i + 1 from n) select sum(i) from n";
/// let error = db.execute_batch(endless).unwrap_err();
/// assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
/// sharedwal::set_time_limit(&db, None);
/// # Ok::<(), sharedwal::Error>(())
/// ```
pub fn set_time_limit(connection: &Connection, limit: Option<Duration>) {
    // SAFETY: the connection is open, and not inside SQLite: it is borrowed here.
    unsafe { limit_time(connection.handle(), limit) }
}

/// As [`set_time_limit`].
///
/// # Safety
/// `db` must be an open connection that does not run anything now.
pub unsafe fn limit_time(db: *mut ffi::sqlite3, limit: Option<Duration>) {
    // SAFETY: as the caller promises.
    if let Some(database) = unsafe { database_of(db) } {
        database.set_deadline(limit.map(|limit| memory::now().saturating_add(limit)));
    }
}

/// Whether the time that the connection's statements had is over.
///
/// # Safety
/// As for [`limit_time`].
pub unsafe fn is_late(db: *mut ffi::sqlite3) -> bool {
    // SAFETY: as the caller promises.
    unsafe { database_of(db) }.is_some_and(|database| database.is_late())
}

/// Does what others ask of a connection; true if its statement is to end, which SQLite has been told.
///
/// # Safety
/// `db` must be an open connection, and the VFS not be in the middle of a call.
pub unsafe fn obey(db: *mut ffi::sqlite3) -> bool {
    // SAFETY: as the caller promises.
    unsafe { database_of(db) }.is_some_and(|database| database.obey())
}

/// What others ask of a connection; `None` for one that is not ours.
///
/// # Safety
/// `db` must be an open connection that does not run anything now.
pub unsafe fn signals(db: *mut ffi::sqlite3) -> Option<Signals> {
    // SAFETY: as the caller promises.
    unsafe { database_of(db) }.map(|database| database.signals().clone())
}
