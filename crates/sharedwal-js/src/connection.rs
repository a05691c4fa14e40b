//! Connections: opening, closing, and what SQLite says of the last call.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};
use std::rc::Rc;
use std::time::Duration;

use sharedwal::bindings::{self, Tracker};
use sharedwal::rusqlite::{self, Connection, ffi};
use sharedwal::{ConnectOptions, Error, JournalMode, Runtime};
use wasm_bindgen::prelude::*;

use crate::memory::bytes;
use crate::private;
use crate::reservation::take;
use crate::stopping;
use crate::tables;

type Sqlite = *mut ffi::sqlite3;

struct Open {
    // Dropped before the runtime, which the VFS finds by its path until then.
    connection: Connection,
    /// `None` for a private database.
    _runtime: Option<Runtime>,
    tracker: Option<Rc<Tracker>>,
    /// Where the last compiled statement ended in its SQL.
    tail: usize,
    statements: HashSet<*mut ffi::sqlite3_stmt>,
}

thread_local! {
    static OPEN: RefCell<HashMap<usize, Open>> = RefCell::default();
}

#[wasm_bindgen(inline_js = "export function failure(code, message) { return { code, message }; }")]
extern "C" {
    fn failure(code: &JsValue, message: &str) -> JsValue;
}

/// What JavaScript gets to see of an error: a code of ours as a string, SQLite's as a number.
pub fn to_js(error: Error) -> JsValue {
    let message = error.to_string();
    match error {
        Error::Own { code, .. } => failure(&code.as_str().into(), &message),
        Error::Sqlite(rusqlite::Error::SqliteFailure(code, text)) => {
            let code = without_protocol(code.extended_code);
            failure(&code.into(), text.as_deref().unwrap_or(&message))
        }
        _ => failure(&ffi::SQLITE_ERROR.into(), &message),
    }
}

/// Opens a connection in a slot that was kept for it, see `reserve`; its number, else the error.
#[wasm_bindgen]
pub fn connect(
    reservation: u32,
    lease: &JsValue,
    readonly: bool,
    file_must_exist: bool,
    timeout_ms: f64,
    journal_mode: &str,
) -> JsValue {
    let options = options(readonly, file_must_exist, timeout_ms, journal_mode);
    let opened = take(reservation, lease).and_then(|reservation| {
        let runtime = reservation.runtime().clone();
        Ok((reservation.connect(&options)?, runtime))
    });
    opened.map_or_else(to_js, |(connection, runtime)| keep(connection, Some(runtime)))
}

/// Opens a connection at once: the Web Lock by which others know that this worker lives follows when
/// the event loop runs. The connection's number, else the error.
#[wasm_bindgen]
pub fn connect_now(
    handle: &JsValue,
    readonly: bool,
    file_must_exist: bool,
    timeout_ms: f64,
    journal_mode: &str,
) -> JsValue {
    let options = options(readonly, file_must_exist, timeout_ms, journal_mode);
    let opened = Runtime::try_from(handle).and_then(|runtime| Ok((runtime.connect_now(&options)?, runtime)));
    opened.map_or_else(to_js, |(connection, runtime)| keep(connection, Some(runtime)))
}

fn options(readonly: bool, file_must_exist: bool, timeout_ms: f64, journal_mode: &str) -> ConnectOptions {
    let mut options = ConnectOptions::default();
    options.read_only = readonly;
    options.must_exist = file_must_exist;
    options.busy_timeout = milliseconds(timeout_ms);
    options.journal_mode = JournalMode::from_name(journal_mode).unwrap_or(JournalMode::Keep);
    options
}

/// Keeps an open connection for JavaScript; returns its number.
pub fn keep(connection: Connection, runtime: Option<Runtime>) -> JsValue {
    // SAFETY: the handle is only used as the connection's number and by the calls below, which
    // TypeScript no longer makes once it closed the connection.
    let number = unsafe { connection.handle() } as usize;
    // SAFETY: the connection is open, its tracker is kept beside it, and nobody else sets an authorizer.
    let tracker = unsafe { Tracker::install(connection.handle()) };
    OPEN.with_borrow_mut(|open| {
        let statements = HashSet::new();
        open.insert(number, Open { connection, _runtime: runtime, tracker, tail: 0, statements })
    });
    number.into()
}

/// A time as JavaScript tells it.
pub fn milliseconds(milliseconds: f64) -> Duration {
    Duration::from_millis(milliseconds.max(0.0) as u64)
}

/// The number by which other contexts know the connection.
#[wasm_bindgen]
pub fn connection_id(db: Sqlite) -> f64 {
    stopping::signals(db).map_or(-1.0, |signals| signals.connection_id().into())
}

/// Closes a connection with all statements that JavaScript prepared on it. Those that SQLite's own
/// virtual tables prepared are theirs to finalize.
#[wasm_bindgen]
pub fn close(db: Sqlite) {
    let Some(mut open) = OPEN.with_borrow_mut(|open| open.remove(&(db as usize))) else { return };
    if CHECKPOINT_DUE.get() == db {
        CHECKPOINT_DUE.set(null_mut());
    }
    tables::forget();
    private::forget(db);
    for statement in open.statements.drain() {
        // SAFETY: prepared on this connection, and not finalized yet.
        unsafe { ffi::sqlite3_finalize(statement) };
    }
    drop(open);
    // Last: the end of an aggregate of the user's looks at what others ask for.
    stopping::forget(db);
}

/// Runs `f` on an open connection that was not asked to stop; the error as JavaScript gets to see it.
pub fn with<T>(db: Sqlite, f: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, JsValue> {
    if !stopping::may_begin(db, false) {
        let code = stopping::own_code(db).map_or_else(|| ffi::SQLITE_INTERRUPT.into(), JsValue::from);
        return Err(failure(&code, &stopping::message(db)));
    }
    OPEN.with_borrow(|open| match open.get(&(db as usize)) {
        Some(open) => f(&open.connection).map_err(to_js),
        None => Err(to_js(rusqlite::Error::InvalidQuery.into())),
    })
}

/// What tells the changes of a connection.
pub fn tracker(db: Sqlite) -> Option<Rc<Tracker>> {
    OPEN.with_borrow(|open| open.get(&(db as usize))?.tracker.clone())
}

/// Ends what all statements of a connection are in the middle of.
pub fn reset_statements(db: Sqlite) {
    // Copied: what a generator of the user's does at its end may prepare statements elsewhere.
    let statements: Vec<_> = OPEN.with_borrow(|open| {
        open.get(&(db as usize)).iter().flat_map(|open| &open.statements).copied().collect()
    });
    for statement in statements {
        // SAFETY: prepared on this connection, and not finalized yet: nobody uses it meanwhile.
        unsafe { ffi::sqlite3_reset(statement) };
    }
}

/// Compiles the first statement of some SQL; 0 for an error, or where there is none.
#[wasm_bindgen]
pub fn prepare(db: Sqlite, sql: *const u8, length: usize, persistent: bool) -> *mut ffi::sqlite3_stmt {
    let flags = if persistent { ffi::SQLITE_PREPARE_PERSISTENT } else { 0 };
    // SAFETY: JavaScript wrote `length` bytes of SQL, and keeps them for the time of the call.
    let (statement, consumed) = compile(db, unsafe { bytes(sql, length) }, flags);
    OPEN.with_borrow_mut(|open| {
        if let Some(open) = open.get_mut(&(db as usize)) {
            open.tail = consumed;
            if !statement.is_null() {
                open.statements.insert(statement);
            }
        }
    });
    statement
}

/// Frees a statement.
#[wasm_bindgen]
pub fn finalize(statement: *mut ffi::sqlite3_stmt) {
    // SAFETY: the statement exists, and is not used after this.
    unsafe {
        let db = ffi::sqlite3_db_handle(statement);
        tables::finalize(db, statement);
        let db = db as usize;
        OPEN.with_borrow_mut(|open| open.get_mut(&db).map(|open| open.statements.remove(&statement)));
        ffi::sqlite3_finalize(statement);
    }
}

/// Where the last compiled statement ended, in bytes from the start of its SQL.
#[wasm_bindgen]
pub fn prepare_tail(db: Sqlite) -> usize {
    OPEN.with_borrow(|open| open.get(&(db as usize)).map_or(0, |open| open.tail))
}

/// Runs all statements of some SQL; their rows are thrown away.
#[wasm_bindgen]
pub fn exec(db: Sqlite, sql: *const u8, length: usize) -> i32 {
    // SAFETY: JavaScript wrote `length` bytes of SQL, and keeps them for the time of the call.
    let mut left = unsafe { bytes(sql, length) };
    while !left.is_empty() {
        let (statement, consumed) = compile(db, left, 0);
        if statement.is_null() && (errcode(db) != ffi::SQLITE_OK || consumed == 0) {
            return errcode(db);
        }
        left = &left[consumed..];
        let runs = begins(db, false);
        // SAFETY: the statement was just compiled; finalizing null does nothing.
        let result = unsafe {
            if runs && !statement.is_null() {
                tables::begins(db, statement);
                while ffi::sqlite3_step(statement) == ffi::SQLITE_ROW {}
            }
            tables::finalize(db, statement);
            ffi::sqlite3_finalize(statement)
        };
        if !runs {
            return ffi::SQLITE_INTERRUPT;
        }
        if result != ffi::SQLITE_OK {
            return ended(db, result);
        }
    }
    ffi::SQLITE_OK
}

/// Compiles the first statement of some SQL; returns it, and where it ends.
fn compile(db: Sqlite, sql: &[u8], flags: u32) -> (*mut ffi::sqlite3_stmt, usize) {
    let mut tail: *const c_char = null();
    let _ = bindings::last_reason();
    if !stopping::may_begin(db, false) {
        return (null_mut(), 0);
    }
    let start: *const c_char = sql.as_ptr().cast();
    let statement = tables::compile(db, || {
        let mut statement = null_mut();
        // SAFETY: the connection is open, and the length is the SQL's.
        unsafe { ffi::sqlite3_prepare_v3(db, start, sql.len() as i32, flags, &mut statement, &mut tail) };
        statement
    });
    let consumed = if tail.is_null() { 0 } else { tail as usize - start as usize };
    (answer_as_integer(db, &sql[..consumed], statement), consumed)
}

/// Pragmas that the VFS answers, and what SQLite calls their columns.
const ANSWERED: [(&[u8], &str); 2] =
    [(b"busy_timeout", "timeout"), (b"wal_autocheckpoint", "wal_autocheckpoint")];

/// A VFS can answer a pragma with text alone, which it also makes the column's name. Everybody
/// expects the integer that SQLite answers.
fn answer_as_integer(db: Sqlite, sql: &[u8], statement: *mut ffi::sqlite3_stmt) -> *mut ffi::sqlite3_stmt {
    let is_pragma = sql.trim_ascii_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case(b"pragma"));
    if statement.is_null() || !is_pragma {
        return statement;
    }
    let sql = sql.to_ascii_lowercase();
    let Some((_, column)) =
        ANSWERED.iter().find(|(name, _)| sql.windows(name.len()).any(|word| word == *name))
    else {
        return statement;
    };
    // SAFETY: the statement was just compiled on this connection; its name is copied before it is
    // finalized.
    unsafe {
        let name = ffi::sqlite3_column_name(statement, 0);
        if name.is_null() {
            return statement;
        }
        let Ok(answer) = CStr::from_ptr(name).to_string_lossy().parse::<u32>() else { return statement };
        ffi::sqlite3_finalize(statement);
        let select = format!("select {answer} as {column}");
        let mut integer = null_mut();
        ffi::sqlite3_prepare_v3(db, select.as_ptr().cast(), select.len() as i32, 0, &mut integer, null_mut());
        integer
    }
}

thread_local! {
    static CHECKPOINT_DUE: Cell<Sqlite> = const { Cell::new(null_mut()) };
}

/// Notes the end of a statement; returns its result, which is another one if others ended it. SQLite
/// checkpoints only after a commit, so a log that is full would stay so even when nothing pins it any
/// more: the next statement then checkpoints first.
pub fn ended(db: Sqlite, result: i32) -> i32 {
    match result & 0xff {
        ffi::SQLITE_FULL => CHECKPOINT_DUE.set(db),
        ffi::SQLITE_INTERRUPT | ffi::SQLITE_BUSY if stopping::was_interrupted(db) => {
            return ffi::SQLITE_INTERRUPT;
        }
        _ => {}
    }
    result
}

/// Before a statement runs, or runs on where it is `busy`: false if it must not. Does what [`ended`]
/// left to do, unless a transaction is open.
pub fn begins(db: Sqlite, busy: bool) -> bool {
    if !stopping::may_run(db, busy) {
        return false;
    }
    if CHECKPOINT_DUE.get() == db && !db.is_null() && !in_transaction(db) {
        CHECKPOINT_DUE.set(null_mut());
        let mode = ffi::SQLITE_CHECKPOINT_PASSIVE;
        // SAFETY: the connection is open. What cannot be checkpointed now is not needed here.
        unsafe { ffi::sqlite3_wal_checkpoint_v2(db, null(), mode, null_mut(), null_mut()) };
    }
    true
}

/// The extended result code of the last call.
#[wasm_bindgen]
pub fn errcode(db: Sqlite) -> i32 {
    if stopping::reason(db).is_some() {
        return ffi::SQLITE_INTERRUPT;
    }
    // SAFETY: the connection is open.
    let code = unsafe { ffi::sqlite3_extended_errcode(db) };
    if code & 0xff == ffi::SQLITE_IOERR && stopping::is_stopped(db) {
        return ffi::SQLITE_INTERRUPT;
    }
    without_protocol(code)
}

/// SQLITE_BUSY for SQLITE_PROTOCOL: SQLite gives up looking for a snapshot after a hundred sleeps, which
/// take some 10 s, and no time where a thread may not wait. Somebody is in the middle of a change then.
fn without_protocol(code: i32) -> i32 {
    if code == ffi::SQLITE_PROTOCOL { ffi::SQLITE_BUSY } else { code }
}

/// SQLite's message for the last call, with what the VFS knows besides.
#[wasm_bindgen]
pub fn errmsg(db: Sqlite) -> String {
    // SAFETY: the connection is open; the message is copied before the next call.
    let mut message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(db)) }.to_string_lossy().into_owned();
    let code = errcode(db);
    // SAFETY: the connection is open.
    if code == ffi::SQLITE_BUSY && unsafe { ffi::sqlite3_errcode(db) } != code {
        message = "database is locked".into();
    }
    match code & 0xff {
        ffi::SQLITE_INTERRUPT => message = stopping::message(db),
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_ERROR => {
            if let Some(reason) = bindings::last_reason() {
                message = format!("{message}: {reason}");
            }
        }
        _ => {}
    }
    hint(code, message)
}

/// The message of a result code, with what to do where this thread could not wait.
pub fn hint(code: i32, mut message: String) -> String {
    if code & 0xff == ffi::SQLITE_BUSY && !bindings::can_block() {
        message.push_str(
            ": this thread may not wait for a lock, as a worker may; open the connection in a worker",
        );
    }
    message
}

/// Whether a transaction is open.
#[wasm_bindgen]
pub fn in_transaction(db: Sqlite) -> bool {
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_get_autocommit(db) == 0 }
}

/// Has the running statement end with `SQLITE_INTERRUPT`.
#[wasm_bindgen]
pub fn interrupt(db: Sqlite) {
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_interrupt(db) }
}

/// Whether an interrupt waits for statements that are in their middle: SQLite forgets it when none is.
#[wasm_bindgen]
pub fn is_interrupted(db: Sqlite) -> bool {
    // SAFETY: the connection is open.
    unsafe { ffi::sqlite3_is_interrupted(db) != 0 }
}

/// SQLite's version, such as `3.54.1`.
#[wasm_bindgen]
pub fn sqlite_version() -> String {
    // SAFETY: a constant C string.
    unsafe { CStr::from_ptr(ffi::sqlite3_libversion()) }.to_string_lossy().into_owned()
}

/// The check-in that SQLite was built from.
#[wasm_bindgen]
pub fn sqlite_sourceid() -> String {
    // SAFETY: a constant C string.
    unsafe { CStr::from_ptr(ffi::sqlite3_sourceid()) }.to_string_lossy().into_owned()
}
