//! Several databases on one connection.

use super::*;

fn named(name: &str) -> Runtime {
    let mut options = RuntimeOptions::default();
    options.name = name.into();
    Runtime::create(&options).unwrap()
}

fn attach(db: &Connection, file: &str) -> Result<(), String> {
    db.execute("attach ?1 as other", [file]).map(|_| ()).map_err(|error| {
        assert_eq!(extended_code(&error) & 0xff, ffi::SQLITE_CANTOPEN, "{error}");
        error.to_string()
    })
}

#[test]
fn by_name() {
    let (main, other) = (named("attach-main"), named("attach-other"));
    let (db, there) = (connect(&main), connect(&other));
    there.execute_batch("create table t (x); insert into t values (5)").unwrap();
    attach(&db, "attach-other").unwrap();
    assert_eq!(integer(&db, "select x from other.t"), 5);
    assert_eq!(text(&db, "pragma other.journal_mode"), "wal");
    assert_eq!(other.connections(), 2, "an attached database is a connection of its own");
    db.execute_batch("create table main.t (x); begin; insert into main.t values (1); insert into other.t values (2); commit")
        .unwrap();
    assert_eq!(integer(&there, "select sum(x) from t"), 7);
    // Waiting for the lock of an attached database works as for the main one.
    there.execute_batch("begin immediate; insert into t values (10)").unwrap();
    db.execute_batch("pragma busy_timeout = 100").unwrap();
    let start = std::time::Instant::now();
    assert_eq!(run(&db, "insert into other.t values (3)"), Err(ffi::SQLITE_BUSY));
    assert!(start.elapsed() >= Duration::from_millis(100));
    std::thread::scope(|scope| {
        db.execute_batch("pragma busy_timeout = 30000").unwrap();
        let db = scope.spawn(move || {
            db.execute_batch("insert into other.t values (3)").unwrap();
            db
        });
        std::thread::sleep(Duration::from_millis(20));
        there.execute_batch("commit").unwrap();
        db.join().unwrap().execute_batch("detach other").unwrap();
    });
    assert_eq!(integer(&there, "select sum(x) from t"), 20);
    assert_eq!(other.connections(), 1);
}

#[test]
fn of_an_unknown_name() {
    let runtime = named("attach-known");
    let db = connect(&runtime);
    assert!(attach(&db, "attach-unknown").is_err());
    assert!(attach(&db, "/0123/attach-known").is_err());
    db.execute_batch("create table t (x)").unwrap();
}

#[test]
fn of_an_ambiguous_name() {
    let (one, two) = (named("attach-twice"), named("attach-twice"));
    connect(&two).execute_batch("create table t (x); insert into t values (2)").unwrap();
    let db = connect(&one);
    assert!(attach(&db, "attach-twice").is_err());
    attach(&db, &format!("/{}/attach-twice", two.id())).unwrap();
    assert_eq!(integer(&db, "select x from other.t"), 2);
    drop(two);
    assert_eq!(integer(&db, "select x from other.t"), 2, "a connection keeps its runtime");
}

/// In rollback modes a commit over several files is atomic, by a super-journal.
#[test]
fn one_transaction_over_two_files() {
    let (one, two) = (named("super-one"), named("super-two"));
    let db = connect_in(&one, JournalMode::Delete);
    let there = connect_in(&two, JournalMode::Delete);
    db.execute_batch("create table t (x)").unwrap();
    there.execute_batch("create table t (x)").unwrap();
    attach(&db, "super-two").unwrap();
    db.execute_batch("pragma other.journal_mode = delete").unwrap();
    // More often than there is room for super-journals at a time.
    for x in 0..20 {
        db.execute_batch(&format!(
            "begin; insert into main.t values ({x}); insert into other.t values ({x}); commit"
        ))
        .unwrap();
        db.execute_batch("begin; insert into main.t values (-1); insert into other.t values (-1); rollback")
            .unwrap();
        assert_eq!(integer(&there, "select count(*) from t"), x + 1);
    }
    assert_eq!(integer(&db, "select sum(x) from main.t"), 190);
    assert_eq!(integer(&db, "select sum(x) from other.t"), 190);
    // Several at the same time, each over both.
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (one, two) = (&one, &two);
            scope.spawn(move || {
                let db = connect_patiently(one, JournalMode::Delete);
                attach(&db, &format!("/{}/super-two", two.id())).unwrap();
                for _ in 0..100 {
                    db.execute_batch("begin immediate; insert into main.t values (1); insert into other.t values (1); commit")
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(integer(&db, "select sum(x) from main.t"), 490);
    assert_eq!(integer(&db, "select sum(x) from other.t"), 490);
    check_integrity(&db);
    check_integrity(&there);
}
