//! `locking_mode = EXCLUSIVE`: SQLite makes no lock calls for the wal-index then. The next
//! connection has to see every row all the same.

use std::time::Duration;

use rusqlite::{Connection, ffi};

use super::{connect, create_runtime};
use crate::JournalMode;
use crate::layout::HEADER;
use crate::vfs::database_of;

const ROWS: i64 = 256;

fn insert_rows(db: &Connection) {
    for x in 0..ROWS {
        db.execute("insert into t values (?1)", [x]).unwrap();
    }
}

fn count(db: &Connection) -> i64 {
    db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
}

#[test]
fn the_next_connection_sees_every_row() {
    let runtime = create_runtime();
    let a = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    a.execute_batch("pragma wal_autocheckpoint = 0; create table t (x); pragma locking_mode = exclusive")
        .unwrap();
    insert_rows(&a);
    a.execute_batch("pragma locking_mode = normal; select * from t").unwrap();
    let b = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    b.execute_batch("pragma wal_autocheckpoint = 0").unwrap();
    for (db, other) in [(&b, &a), (&a, &b)] {
        assert_eq!(count(db), count(other));
        insert_rows(db);
    }
    for db in [&a, &b] {
        assert_eq!(count(db), 3 * ROWS);
        let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, "ok");
    }
}

/// SQLite makes a lock call when it leaves the mode, by which everything is published too; the
/// release of the file's lock does not rely on it.
#[test]
fn what_was_done_is_published_before_the_lock_is_given_up() {
    const BACKFILL: u32 = 24;
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("create table t (x)").unwrap();
    // SAFETY: the connection is open, and nothing else uses its database now.
    let database = unsafe { database_of(db.handle()) }.unwrap();
    let header = database.shm_map(0, false).unwrap();
    assert_eq!(database.lock(ffi::SQLITE_LOCK_SHARED), ffi::SQLITE_OK);
    assert_eq!(database.lock(ffi::SQLITE_LOCK_EXCLUSIVE), ffi::SQLITE_OK);
    // SAFETY: a page of the wal-index has more words, and nothing else uses it now.
    unsafe { header.add(BACKFILL as usize).write(1) };
    assert_eq!(runtime.inner().control().load(HEADER + BACKFILL), 0);
    assert_eq!(database.unlock(ffi::SQLITE_LOCK_SHARED), ffi::SQLITE_OK);
    assert_eq!(runtime.inner().control().load(HEADER + BACKFILL), 1);
}
