//! Changing the journal mode, alone and beside others.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::*;

#[test]
fn there_and_back_alone() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (x)").unwrap();
    let mut rows = 0;
    for mode in ["delete", "wal", "truncate", "persist", "wal", "memory", "off", "wal", "delete"] {
        assert_eq!(text(&db, &format!("pragma journal_mode = {mode}")), mode);
        for _ in 0..20 {
            db.execute_batch("insert into t values (1)").unwrap();
            rows += 1;
        }
        if mode != "off" {
            db.execute_batch("begin; delete from t; rollback").unwrap();
        }
        assert_eq!(integer(&db, "select count(*) from t"), rows, "{mode}");
        assert_eq!(runtime.write_ahead_size() > 0, mode == "wal", "{mode}");
    }
    check_integrity(&db);
    drop(db);
    assert_eq!(integer(&connect(&runtime), "select count(*) from t"), rows);
}

#[test]
fn not_while_others_are_there() {
    let runtime = runtime();
    let (a, b) = (connect_in(&runtime, JournalMode::Wal), connect_in(&runtime, JournalMode::Wal));
    a.execute_batch("create table t (x); insert into t values (1)").unwrap();
    assert_eq!(integer(&b, "select count(*) from t"), 1);
    assert_eq!(run(&a, "pragma journal_mode = delete"), Err(ffi::SQLITE_BUSY));
    for db in [&a, &b] {
        assert_eq!(text(db, "pragma journal_mode"), "wal");
        db.execute_batch("insert into t values (1)").unwrap();
    }
    drop(b);
    assert_eq!(text(&a, "pragma journal_mode = delete"), "delete");
    assert_eq!(integer(&a, "select count(*) from t"), 3);

    // To WAL it goes beside others, as long as they are idle; they notice.
    let b = connect_in(&runtime, JournalMode::Keep);
    assert_eq!(text(&b, "pragma journal_mode"), "delete");
    b.execute_batch("begin; select * from t").unwrap();
    assert_eq!(run(&a, "pragma journal_mode = wal"), Err(ffi::SQLITE_BUSY));
    b.execute_batch("commit").unwrap();
    assert_eq!(text(&a, "pragma journal_mode = wal"), "wal");
    a.execute_batch("insert into t values (1)").unwrap();
    assert_eq!(integer(&b, "select count(*) from t"), 4);
    assert_eq!(text(&b, "pragma journal_mode"), "wal");
    b.execute_batch("insert into t values (1)").unwrap();
    assert_eq!(integer(&a, "select count(*) from t"), 5);
    check_integrity(&a);
}

/// Many connect at the same moment to a database that does not exist yet.
#[test]
fn everybody_opens_at_once() {
    for _ in 0..10 {
        let runtime = runtime();
        std::thread::scope(|scope| {
            for number in 0..6 {
                let runtime = &runtime;
                scope.spawn(move || {
                    let db = connect(runtime);
                    assert_eq!(text(&db, "pragma journal_mode"), "wal");
                    db.execute_batch("create table if not exists t (x)").unwrap();
                    db.execute("insert into t values (?1)", [number]).unwrap();
                });
            }
        });
        assert_eq!(integer(&connect(&runtime), "select sum(x) from t"), 15);
    }
}

/// In rollback modes a writer that wants to commit keeps new readers out until it has.
#[test]
fn readers_do_not_starve_a_writer() {
    let runtime = runtime();
    connect_in(&runtime, JournalMode::Delete)
        .execute_batch("create table t (x); insert into t values (0)")
        .unwrap();
    let done = AtomicBool::new(false);
    let reads = [const { AtomicU64::new(0) }; 3];
    std::thread::scope(|scope| {
        for reads in &reads {
            let (runtime, done) = (&runtime, &done);
            scope.spawn(move || {
                let db = connect_patiently(runtime, JournalMode::Keep);
                let mut last = 0;
                while !done.load(Ordering::SeqCst) {
                    let x = integer(&db, "select x from t");
                    assert!(x >= last);
                    last = x;
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let _end = End(&done);
        let db = connect_patiently(&runtime, JournalMode::Delete);
        let start = Instant::now();
        let mut updates = 0;
        while updates < 300 || reads.iter().any(|reads| reads.load(Ordering::SeqCst) < 10) {
            db.execute_batch("update t set x = x + 1").unwrap();
            updates += 1;
            assert!(start.elapsed() < Duration::from_secs(60), "{updates} updates, {reads:?} reads");
        }
    });
}
