//! A runtime that is disposed of.

use super::*;

const MODES: [JournalMode; 4] =
    [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist];

#[test]
fn a_runtime_in_use_is_not_disposed_of() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (x)").unwrap();
    assert_eq!(own_code(runtime.dispose()), Code::RuntimeInUse);
    db.execute_batch("insert into t values (1)").unwrap();
    drop(db);
    runtime.dispose().unwrap();
    runtime.dispose().unwrap();
    assert_eq!(own_code(runtime.connect_blocking()), Code::RuntimeDisposed);
}

#[test]
fn by_force_nothing_begins_and_nothing_commits() {
    for mode in MODES {
        let runtime = runtime();
        let (idle, writer) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        idle.execute_batch("create table t (x); insert into t values (1)").unwrap();
        writer.execute_batch("begin immediate; insert into t values (2)").unwrap();

        runtime.dispose_by_force();
        assert!(runtime.diagnostics().disposed);
        assert_eq!(own_code(runtime.connect_blocking()), Code::RuntimeDisposed);
        for sql in
            ["select * from t", "insert into t values (4)", "begin immediate", "begin; select * from t"]
        {
            assert_eq!(run(&idle, sql), Err(ffi::SQLITE_INTERRUPT), "{mode:?}: {sql}");
        }
        assert_eq!(run(&writer, "commit"), Err(ffi::SQLITE_INTERRUPT), "{mode:?}");
        assert!(writer.is_autocommit(), "{mode:?}: it was rolled back");
        assert_eq!(run(&writer, "select * from t"), Err(ffi::SQLITE_INTERRUPT), "{mode:?}");
        drop((idle, writer));
        assert_eq!(runtime.connections(), 0);
        runtime.dispose().unwrap();
    }
}

/// With pages of the transaction in the file, or in the log, before it commits.
#[test]
fn by_force_a_spilled_transaction_does_not_commit() {
    for mode in MODES {
        let runtime = runtime();
        let db = connect_in(&runtime, mode);
        db.execute_batch(
            "create table t (x); pragma cache_size = 10; begin;
             with n(i) as (select 1 union all select i + 1 from n where i < 100)
             insert into t select zeroblob(4000) from n",
        )
        .unwrap();
        runtime.dispose_by_force();
        assert_eq!(run(&db, "commit"), Err(ffi::SQLITE_INTERRUPT), "{mode:?}");
        assert!(db.is_autocommit(), "{mode:?}: it was rolled back");
    }
}

#[test]
fn by_force_a_statement_that_runs_ends() {
    let runtime = runtime();
    let db = connect(&runtime);
    let endless = std::thread::spawn(move || {
        run(&db, "with n(i) as (select 1 union all select i + 1 from n) select sum(i) from n")
    });
    while !endless.is_finished() {
        runtime.dispose_by_force();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(endless.join().unwrap(), Err(ffi::SQLITE_INTERRUPT));
}
