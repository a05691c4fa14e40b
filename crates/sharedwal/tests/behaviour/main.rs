//! What users of the crate can rely on, by its public face alone.
#![cfg(not(target_arch = "wasm32"))]

mod as_on_files;
mod attach;
mod backup;
mod capacity;
mod close;
mod connections;
mod contention;
mod diagnostics;
mod disposing;
mod errors;
mod exclusive_mode;
mod growth;
mod images;
mod interrupting;
mod journal_modes;
mod large;
mod log_growth;
mod log_room;
mod options;
mod shared_snapshots;
mod snapshots;
mod sqlite_build;
mod sqlite_files;
mod temporary;
mod time;
mod upgrade;
mod waiting;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ffi};
use sharedwal::{Code, ConnectOptions, Error, JournalMode, Runtime, RuntimeOptions};

/// Tells other threads that it is over, even if this one panics.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Where so many threads wait for each other, time and again. If one fails and never comes, the others
/// fail as well, a while later: at a `Barrier` they would wait for ever.
struct Meeting {
    threads: usize,
    arrived: Mutex<usize>,
    everybody: Condvar,
}

impl Meeting {
    const PATIENCE: Duration = Duration::from_secs(120);

    fn of(threads: usize) -> Meeting {
        Meeting { threads, arrived: Mutex::new(0), everybody: Condvar::new() }
    }

    fn wait(&self) {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        *arrived += 1;
        let end = arrived.next_multiple_of(self.threads);
        self.everybody.notify_all();
        let waiting = |arrived: &mut usize| *arrived < end;
        let woken = self.everybody.wait_timeout_while(arrived, Meeting::PATIENCE, waiting);
        let arrived = woken.unwrap_or_else(PoisonError::into_inner).0;
        assert!(*arrived >= end, "somebody does not come");
    }
}

fn runtime() -> Runtime {
    Runtime::create(&RuntimeOptions::default()).unwrap()
}

fn connect(runtime: &Runtime) -> Connection {
    runtime.connect_blocking().unwrap()
}

/// A connection in this journal mode that does not wait for locks.
fn connect_in(runtime: &Runtime, mode: JournalMode) -> Connection {
    let mut options = ConnectOptions::default();
    options.journal_mode = mode;
    options.busy_timeout = Duration::ZERO;
    runtime.connect_blocking_with(&options).unwrap()
}

fn integer(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn text(db: &Connection, sql: &str) -> String {
    db.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// A connection in this journal mode that waits for locks as long as it takes.
fn connect_patiently(runtime: &Runtime, mode: JournalMode) -> Connection {
    let mut options = ConnectOptions::default();
    options.journal_mode = mode;
    options.busy_timeout = Duration::from_secs(60);
    runtime.connect_blocking_with(&options).unwrap()
}

/// Runs statements; the extended result code if SQLite refuses.
fn run(db: &Connection, sql: &str) -> Result<(), i32> {
    db.execute_batch(sql).map_err(|error| extended_code(&error))
}

fn extended_code(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => code.extended_code,
        rusqlite::Error::SqlInputError { error, .. } => error.extended_code,
        error => panic!("not an error of SQLite's: {error}"),
    }
}

/// The code of an error of the crate itself.
fn own_code(result: Result<impl Sized, Error>) -> Code {
    match result {
        Err(Error::Own { code, .. }) => code,
        Err(error) => panic!("an error of SQLite's: {error}"),
        Ok(_) => panic!("no error"),
    }
}

fn check_integrity(db: &Connection) {
    assert_eq!(text(db, "pragma integrity_check"), "ok");
}
