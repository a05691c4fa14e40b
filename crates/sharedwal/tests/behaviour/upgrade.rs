//! Deferred transactions that begin to write.

use super::*;

#[test]
fn of_two_that_upgrade_one_is_refused_at_once() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let runtime = runtime();
        let (a, b) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        for db in [&a, &b] {
            db.execute_batch("pragma busy_timeout = 20000").unwrap();
        }
        a.execute_batch("create table t (x); insert into t values (1)").unwrap();
        for db in [&a, &b] {
            db.execute_batch("begin").unwrap();
            assert_eq!(integer(db, "select sum(x) from t"), 1);
        }
        a.execute_batch("insert into t values (10)").unwrap();
        let start = std::time::Instant::now();
        // Waiting would be for ever: each has a snapshot that the other's commit makes stale.
        assert_eq!(run(&b, "insert into t values (100)"), Err(ffi::SQLITE_BUSY));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(integer(&b, "select sum(x) from t"), 1);
        b.execute_batch("rollback").unwrap();
        a.execute_batch("commit").unwrap();
        b.execute_batch("begin; select * from t; insert into t values (100); commit").unwrap();
        assert_eq!(integer(&a, "select sum(x) from t"), 111);
    }
}

#[test]
fn a_stale_snapshot_cannot_be_written_from() {
    let runtime = runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    a.execute_batch("create table t (x); insert into t values (1)").unwrap();
    b.execute_batch("begin").unwrap();
    assert_eq!(integer(&b, "select sum(x) from t"), 1);
    a.execute_batch("insert into t values (10)").unwrap();
    assert_eq!(run(&b, "insert into t values (100)"), Err(ffi::SQLITE_BUSY_SNAPSHOT));
    assert_eq!(integer(&b, "select sum(x) from t"), 1, "the snapshot still stands");
    b.execute_batch("rollback; begin immediate; insert into t values (100); commit").unwrap();
    assert_eq!(integer(&a, "select sum(x) from t"), 111);
}

/// `BEGIN IMMEDIATE` never sees a stale snapshot: SQLite takes a new one and tries again.
#[test]
fn an_immediate_transaction_is_never_refused_for_its_snapshot() {
    const EACH: i64 = 1_500;
    let runtime = runtime();
    connect(&runtime).execute_batch("create table t (x); insert into t values (0)").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let db = connect_patiently(&runtime, JournalMode::Wal);
                for _ in 0..EACH {
                    db.execute_batch("begin immediate; update t set x = x + 1; commit").unwrap();
                }
            });
        }
    });
    assert_eq!(integer(&connect(&runtime), "select x from t"), 3 * EACH);
}
