//! The change feed: what a listener is told of commits, and that nothing is left out.

mod deaths;
mod order;
mod recoveries;
mod ring;
mod rows;
mod statements;

use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::connect;
use crate::feed::{Commit, Reader, Ring, Tables};
use crate::layout::feed::wants;
use crate::vfs::{StatementTables, Tracker};
use crate::{JournalMode, Runtime};

/// A connection whose statements are noted, as those of the npm package are.
struct Tracked {
    db: Connection,
    tracker: Rc<Tracker>,
}

type Statement = *mut ffi::sqlite3_stmt;

impl Tracked {
    fn new(runtime: &Runtime, mode: JournalMode) -> Tracked {
        Tracked::of(connect(runtime, mode, Duration::from_secs(20)))
    }

    fn of(db: Connection) -> Tracked {
        // SAFETY: the connection is open, its tracker is dropped after it, and nobody else sets an
        // authorizer.
        let tracker = unsafe { Tracker::install(db.handle()) }.unwrap();
        Tracked { db, tracker }
    }

    fn handle(&self) -> *mut ffi::sqlite3 {
        // SAFETY: the connection is open for as long as `self` is there.
        unsafe { self.db.handle() }
    }

    /// Compiles the first statement; null for nothing. And what is left.
    fn compile<'a>(&self, sql: &'a str) -> (Statement, &'a str) {
        let (mut statement, mut tail) = (null_mut(), std::ptr::null());
        let compile = || {
            let start = sql.as_ptr().cast();
            // SAFETY: the connection is open; the length is the SQL's.
            unsafe {
                let length = sql.len() as i32;
                ffi::sqlite3_prepare_v3(self.handle(), start, length, 0, &mut statement, &mut tail)
            };
            statement
        };
        let statement = self.tracker.compile(compile);
        if statement.is_null() && !sql.trim().is_empty() {
            let error = rusqlite::Error::SqliteFailure(
                // SAFETY: the connection is open.
                ffi::Error::new(unsafe { ffi::sqlite3_extended_errcode(self.handle()) }),
                None,
            );
            assert!(!tail.is_null() && tail as usize > sql.as_ptr() as usize, "{sql}: {error}");
        }
        (statement, &sql[tail as usize - sql.as_ptr() as usize..])
    }

    /// Begins to execute a statement, or goes on; what SQLite says.
    fn step(&self, statement: Statement) -> i32 {
        // SAFETY: the statement is one of this connection, and not finalized.
        unsafe {
            if ffi::sqlite3_stmt_busy(statement) == 0 {
                self.tracker.begins(statement);
            }
            ffi::sqlite3_step(statement)
        }
    }

    fn finalize(&self, statement: Statement) -> i32 {
        self.tracker.forget(statement);
        // SAFETY: the statement is one of this connection, and not finalized.
        unsafe { ffi::sqlite3_finalize(statement) }
    }

    /// Executes all statements of some SQL; the first failure ends it.
    fn run(&self, sql: &str) -> i32 {
        let mut left = sql;
        while !left.is_empty() {
            let (statement, after) = self.compile(left);
            left = after;
            if statement.is_null() {
                continue;
            }
            while self.step(statement) == ffi::SQLITE_ROW {}
            let result = self.finalize(statement);
            if result != ffi::SQLITE_OK {
                return result;
            }
        }
        ffi::SQLITE_OK
    }

    #[track_caller]
    fn exec(&self, sql: &str) {
        assert_eq!(self.run(sql), ffi::SQLITE_OK, "{sql}");
    }

    fn tables(&self, sql: &str) -> StatementTables {
        let (statement, _) = self.compile(sql);
        // SAFETY: the statement is one of this connection.
        let tables = unsafe { self.tracker.tables(statement) };
        self.finalize(statement);
        tables
    }
}

fn listen(runtime: &Runtime) -> Reader {
    Reader::new(Ring::of(runtime.inner().control().clone()), 0)
}

fn listen_to_rows(runtime: &Runtime) -> Reader {
    Reader::new(Ring::of(runtime.inner().control().clone()), wants::ROW_IDS)
}

fn all(reader: &mut Reader) -> Vec<Commit> {
    std::iter::from_fn(|| reader.next()).collect()
}

/// The tables of each commit since the last look, sorted, in one word each; `?` for unknown ones.
fn told(reader: &mut Reader) -> Vec<String> {
    all(reader).iter().map(|commit| names(&commit.tables)).collect()
}

fn names(tables: &Tables) -> String {
    let Tables::Known(tables) = tables else { return "?".into() };
    let mut names: Vec<&str> = tables.iter().map(|table| &*table.name).collect();
    names.sort_unstable();
    names.join(" ")
}

/// The rows of each table that one commit changed; `None` where they are not known.
fn rows(commit: &Commit) -> BTreeMap<String, Option<Vec<i64>>> {
    let Tables::Known(tables) = &commit.tables else { panic!("{commit:?}") };
    tables.iter().map(|table| (table.name.to_string(), table.row_ids.clone())).collect()
}
