//! The locks of the database file, one by one.

use std::time::Duration;

use rusqlite::ErrorCode;

use super::{connect, create_runtime};
use crate::JournalMode;
use crate::layout::locks;
use crate::locks::LockTable;
use crate::vfs::database_of;

/// Of two connections that find a hot journal, one takes PENDING and then EXCLUSIVE to roll it
/// back. The other one must go on taking it for hot, or it reads half-written pages.
#[test]
fn only_a_writer_makes_a_journal_cold() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Delete, Duration::ZERO);
    // SAFETY: the connection is open, and nothing else uses its database now.
    let database = unsafe { database_of(db.handle()) }.unwrap();
    let mut other = LockTable::new(runtime.inner().control().clone(), 40);
    for lock in [locks::PENDING, locks::EXCLUSIVE] {
        other.try_exclusive(lock).unwrap();
        assert!(!database.is_reserved());
    }
    other.try_exclusive(locks::RESERVED).unwrap();
    assert!(database.is_reserved());
    for lock in [locks::RESERVED, locks::EXCLUSIVE, locks::PENDING] {
        other.release_exclusive(lock);
        assert!(!database.is_reserved());
    }
}

/// A writer that waits for the last readers to go lets no new ones come.
#[test]
fn pending_keeps_new_readers_out() {
    let runtime = create_runtime();
    let [old, new] = [(); 2].map(|()| connect(&runtime, JournalMode::Delete, Duration::ZERO));
    old.execute_batch("create table t (x); begin; select * from t").unwrap();
    new.execute_batch("select * from t").unwrap();
    let mut writer = LockTable::new(runtime.inner().control().clone(), 40);
    writer.try_exclusive(locks::PENDING).unwrap();
    assert!(writer.try_exclusive(locks::EXCLUSIVE).is_err(), "there is a reader");
    let refused = new.execute_batch("select * from t").unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    old.execute_batch("select * from t; commit").unwrap();
    writer.try_exclusive(locks::EXCLUSIVE).unwrap();
    assert!(old.execute_batch("select * from t").is_err());
    writer.release_exclusive(locks::EXCLUSIVE);
    writer.release_exclusive(locks::PENDING);
    new.execute_batch("select * from t").unwrap();
}
