//! What is left when connections are closed.

use super::as_on_files::{Folder, Place};
use super::*;

#[test]
fn the_last_close_removes_the_log_and_keeps_the_database() {
    let runtime = runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    a.execute_batch("create table t (x); insert into t values (1), (2)").unwrap();
    assert!(runtime.write_ahead_size() > 0);
    drop(a);
    assert!(runtime.write_ahead_size() > 0, "somebody still uses the log");
    b.execute_batch("insert into t values (3)").unwrap();
    drop(b);
    assert_eq!(runtime.connections(), 0);
    assert_eq!(runtime.write_ahead_size(), 0);
    let pages = runtime.database_size() / 4096;
    assert!(pages >= 2, "{pages} pages");
    for _ in 0..3 {
        let db = connect(&runtime);
        assert_eq!(integer(&db, "select sum(x) from t"), 6);
        assert_eq!(text(&db, "pragma journal_mode"), "wal");
        check_integrity(&db);
    }
}

#[test]
fn a_transaction_that_is_open_at_close_is_rolled_back() {
    for mode in [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        let runtime = runtime();
        let (a, b) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        a.execute_batch("create table t (x); insert into t values (1)").unwrap();
        a.execute_batch("begin immediate; insert into t values (2)").unwrap();
        drop(a);
        b.execute_batch("insert into t values (4)").unwrap();
        assert_eq!(integer(&b, "select sum(x) from t"), 5, "{mode:?}");
    }
}

/// Statements that a query was left in the middle of do not keep their locks.
#[test]
fn closing_lets_go_of_every_lock() {
    let runtime = runtime();
    let a = connect(&runtime);
    a.execute_batch("create table t (x); insert into t values (1), (2), (3)").unwrap();
    let b = connect_in(&runtime, JournalMode::Keep);
    {
        let mut select = a.prepare("select x from t").unwrap();
        let mut rows = select.query([]).unwrap();
        rows.next().unwrap().unwrap();
        assert_eq!(integer(&b, "pragma wal_checkpoint(truncate)"), 1, "a reader is in the way");
    }
    a.execute_batch("begin; select * from t").unwrap();
    drop(a);
    assert_eq!(integer(&b, "pragma wal_checkpoint(truncate)"), 0);
    b.execute_batch("begin exclusive; insert into t values (4); commit").unwrap();
}

/// Of two that close at the same moment each may find the other still there, and then nobody takes the
/// log away, as with files. What they committed is there all the same, and the next close tidies up.
#[test]
fn two_that_close_at_once() {
    const ROUNDS: i64 = 300;
    let left = |place: &(dyn Place + Sync)| {
        let open = || {
            let db = place.open().unwrap();
            run(&db, "pragma busy_timeout = 60000").unwrap();
            db
        };
        let first = open();
        run(&first, "pragma journal_mode = wal; create table t (x)").unwrap();
        drop(first);
        let mut left = 0;
        for round in 1..=ROUNDS {
            let (pair, together) = ([open(), open()], Meeting::of(2));
            std::thread::scope(|scope| {
                for db in pair {
                    scope.spawn(|| {
                        let db = db;
                        run(&db, "insert into t values (1)").unwrap();
                        together.wait();
                        db.close().unwrap();
                    });
                }
            });
            left += i64::from(place.log_bytes() > 0);
            let db = open();
            assert_eq!(integer(&db, "select sum(x) from t"), 2 * round);
            if round % 50 == 0 {
                check_integrity(&db);
            }
            drop(db);
            assert_eq!(place.log_bytes(), 0, "round {round}");
        }
        left
    };
    println!("of {ROUNDS} rounds left a log on files: {}", left(&Folder::new()));
    let runtime = runtime();
    println!("of {ROUNDS} rounds left a log in shared memory: {}", left(&runtime));
    assert_eq!(runtime.connections(), 0);
}
