//! Capacity reached: SQLITE_FULL, the transaction is rolled back, and the database goes on.

use super::*;

const KIB: u64 = 1024;

fn small(database: u64, write_ahead: u64) -> Runtime {
    let mut options = RuntimeOptions::default();
    options.initial_database_capacity = 64 * KIB;
    options.max_database_capacity = database;
    options.initial_write_ahead_capacity = 64 * KIB;
    options.max_write_ahead_capacity = write_ahead;
    options.segment_capacity = 64 * KIB;
    Runtime::create(&options).unwrap()
}

const INSERT: &str = "insert into t (text) values (printf('%.1000c', 'x'))";

#[test]
fn a_full_database() {
    for mode in [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        let runtime = small(512 * KIB, 4096 * KIB);
        let (db, other) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        db.execute_batch("create table t (id integer primary key, text)").unwrap();
        let mut rows = 0;
        let error = loop {
            match run(&db, INSERT) {
                Ok(()) => rows += 1,
                Err(code) => break code,
            }
            assert!(rows < 1000, "{mode:?}: more fits than there is room for");
        };
        assert_eq!(error, ffi::SQLITE_FULL, "{mode:?}");
        assert!(rows > 300, "{mode:?}: only {rows} rows fit");
        assert!(db.is_autocommit());
        assert_eq!(integer(&db, "select count(*) from t"), rows, "{mode:?}");
        assert_eq!(integer(&other, "select count(*) from t"), rows, "{mode:?}");
        // A transaction of many statements goes as a whole.
        db.execute_batch("begin; delete from t where id <= 3").unwrap();
        let mut refused = Ok(());
        for _ in 0..40 {
            refused = refused.and_then(|()| run(&db, INSERT));
        }
        let refused = refused.and_then(|()| run(&db, "commit"));
        assert_eq!(refused, Err(ffi::SQLITE_FULL), "{mode:?}");
        let _ = run(&db, "rollback");
        assert_eq!(integer(&db, "select count(*) from t where id <= 3"), 3, "{mode:?}");
        // There is room again once rows are gone.
        other.execute_batch("delete from t where id <= 200").unwrap();
        for _ in 0..50 {
            run(&db, INSERT).unwrap();
        }
        if mode == JournalMode::Wal {
            assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
        }
        assert!(runtime.database_size() <= 512 * KIB);
        check_integrity(&db);
        check_integrity(&other);
        drop((db, other));
        check_integrity(&connect_in(&runtime, mode));
    }
}

#[test]
fn a_full_write_ahead_log() {
    let runtime = small(64 * KIB * KIB, 256 * KIB);
    let (db, reader) = (connect_in(&runtime, JournalMode::Wal), connect_in(&runtime, JournalMode::Wal));
    db.execute_batch("create table t (id integer primary key, text)").unwrap();
    for _ in 0..20 {
        run(&db, INSERT).unwrap();
    }
    // A transaction that is larger than the log.
    let large = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 2000)
                 insert into t (text) select printf('%.1000c', 'y') from c";
    assert_eq!(run(&db, large), Err(ffi::SQLITE_FULL));
    assert!(db.is_autocommit());
    assert_eq!(integer(&db, "select count(*) from t"), 20);
    assert_eq!(integer(&reader, "select count(*) from t"), 20);
    // Small ones go on for ever: checkpoints make room.
    for _ in 0..600 {
        run(&db, INSERT).unwrap();
    }
    // A reader that does not move on keeps the log from being used anew.
    reader.execute_batch("begin; select * from t").unwrap();
    let mut rows = 620;
    let error = loop {
        match run(&db, INSERT) {
            Ok(()) => rows += 1,
            Err(code) => break code,
        }
        assert!(rows < 5_000, "the log has no end");
    };
    assert_eq!(error, ffi::SQLITE_FULL);
    assert_eq!(integer(&reader, "select count(*) from t"), 620);
    assert_eq!(integer(&db, "select count(*) from t"), rows);
    reader.execute_batch("commit").unwrap();
    assert_eq!(integer(&reader, "select count(*) from t"), rows);
    // What is full now is emptied by a checkpoint.
    assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
    for _ in 0..100 {
        run(&db, INSERT).unwrap();
    }
    assert!(runtime.write_ahead_size() <= 256 * KIB);
    check_integrity(&reader);
}

/// VACUUM in WAL mode needs room in the log for the whole database.
#[test]
fn a_vacuum_that_does_not_fit() {
    let runtime = small(8192 * KIB, 512 * KIB);
    let db = connect_in(&runtime, JournalMode::Wal);
    db.execute_batch("create table t (id integer primary key, text)").unwrap();
    for _ in 0..1_000 {
        run(&db, INSERT).unwrap();
    }
    assert_eq!(run(&db, "vacuum"), Err(ffi::SQLITE_FULL));
    assert_eq!(integer(&db, "select count(*) from t"), 1_000);
    for id in (200..1_000).step_by(100) {
        db.execute("delete from t where id > ?1 and id <= ?1 + 100", [id]).unwrap();
    }
    db.execute_batch("vacuum").unwrap();
    assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
    assert!(runtime.database_size() < 400 * KIB);
    assert_eq!(integer(&db, "select count(*) from t"), 200);
    check_integrity(&db);
}

/// A database gets its page size with its first page, after the connection was opened: its capacity
/// is what was said, in pages of any size.
#[test]
fn limits_of_a_page_size_that_was_chosen_later() {
    for page_size in [512, 1024, 65_536] {
        for mode in [JournalMode::Wal, JournalMode::Delete] {
            let runtime = small(1024 * KIB, 4096 * KIB);
            let db = connect_in(&runtime, JournalMode::Keep);
            let name = mode.name().unwrap();
            run(&db, &format!("pragma page_size = {page_size}; pragma journal_mode = {name}")).unwrap();
            run(&db, "create table t (id integer primary key, text)").unwrap();
            if mode == JournalMode::Wal {
                assert_eq!(integer(&db, "pragma max_page_count") * page_size, 1024 * 1024);
                let frames = 4096 * 1024 / page_size;
                assert_eq!(text(&db, "pragma wal_autocheckpoint"), (frames / 4).min(1000).to_string());
            }
            let full = (0..10_000).find_map(|_| run(&db, INSERT).err());
            assert_eq!(full, Some(ffi::SQLITE_FULL), "{page_size} {name}");
            let used = integer(&db, "pragma page_count") * page_size;
            assert!((900 * 1024..=1024 * 1024).contains(&used), "{used} bytes, {page_size} {name}");
            check_integrity(&db);
        }
    }
}

/// What the user has set stays when the page size becomes known.
#[test]
fn an_autocheckpoint_set_before_the_first_page() {
    let runtime = small(8192 * KIB, 4096 * KIB);
    let db = connect_in(&runtime, JournalMode::Keep);
    run(&db, "pragma page_size = 512; pragma journal_mode = wal; pragma wal_autocheckpoint = 7").unwrap();
    run(&db, "create table t (id integer primary key, text)").unwrap();
    assert_eq!(text(&db, "pragma wal_autocheckpoint"), "7");
}

/// The limits count pages of the size that the database has, even if nothing was read of it yet.
#[test]
fn limits_of_other_page_sizes() {
    for page_size in [512, 1024, 65_536] {
        for mode in [JournalMode::Wal, JournalMode::Delete] {
            let runtime = small(8192 * KIB, 4096 * KIB);
            let first = connect_in(&runtime, JournalMode::Keep);
            let name = mode.name().unwrap();
            run(&first, &format!("pragma page_size = {page_size}; pragma journal_mode = {name}")).unwrap();
            run(&first, "create table t (id integer primary key, text)").unwrap();
            let later = connect_in(&runtime, JournalMode::Keep);
            assert_eq!(integer(&later, "pragma page_size"), page_size, "{name}");
            assert_eq!(integer(&later, "pragma max_page_count") * page_size, 8192 * 1024, "{name}");
        }
    }
}
