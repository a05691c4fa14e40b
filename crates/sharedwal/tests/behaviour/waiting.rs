//! Waiting for locks, with a timeout.

use std::time::Instant;

use super::*;

fn with_writer(f: impl FnOnce(&Runtime, &Connection)) {
    let runtime = runtime();
    let writer = connect(&runtime);
    writer.execute_batch("create table t (x); begin immediate; insert into t values (1)").unwrap();
    f(&runtime, &writer);
}

#[test]
fn a_wait_ends_with_its_timeout() {
    with_writer(|runtime, _| {
        let db = connect(runtime);
        db.execute_batch("pragma busy_timeout = 150").unwrap();
        assert_eq!(text(&db, "pragma busy_timeout"), "150");
        let start = Instant::now();
        assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
        let waited = start.elapsed().as_millis();
        assert!((150..5_000).contains(&waited), "{waited} ms");
        db.execute_batch("pragma busy_timeout = 0").unwrap();
        let start = Instant::now();
        assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
        assert!(start.elapsed() < Duration::from_millis(100));
        for (given, is) in [("-5", "0"), ("'x'", "0"), ("77", "77")] {
            db.execute_batch(&format!("pragma busy_timeout = {given}")).unwrap();
            assert_eq!(text(&db, "pragma busy_timeout"), is, "{given}");
        }
    });
}

#[test]
fn a_release_ends_the_wait() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let runtime = runtime();
        let writer = connect_in(&runtime, mode);
        writer.execute_batch("create table t (x)").unwrap();
        let mut shortest = Duration::MAX;
        for _ in 0..20 {
            writer.execute_batch("begin immediate; insert into t values (1)").unwrap();
            let (ready, go) = std::sync::mpsc::channel();
            let took = std::thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    let db = connect_patiently(&runtime, JournalMode::Keep);
                    ready.send(()).unwrap();
                    db.execute_batch("begin immediate; insert into t values (1); commit").unwrap();
                    Instant::now()
                });
                go.recv().unwrap();
                std::thread::sleep(Duration::from_millis(15));
                let released = Instant::now();
                writer.execute_batch("commit").unwrap();
                waiter.join().unwrap().saturating_duration_since(released)
            });
            shortest = shortest.min(took);
        }
        // A poll in steps would rarely come so close.
        assert!(shortest < Duration::from_millis(5), "{mode:?}: {shortest:?}");
        assert_eq!(integer(&writer, "select count(*) from t"), 40);
    }
}

/// A handler that the user installs is used instead, and only waits longer.
#[test]
fn a_busy_handler_of_the_users() {
    with_writer(|runtime, writer| {
        let mut db = connect(runtime);
        db.busy_timeout(Duration::from_millis(60)).unwrap();
        assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
        db.busy_handler(Some(|count| count < 3)).unwrap();
        assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
        writer.execute_batch("commit").unwrap();
        db.execute_batch("begin immediate; insert into t values (2); commit").unwrap();
        assert_eq!(integer(writer, "select sum(x) from t"), 3);
    });
}

/// SQLite's pragma puts SQLite's handler in place of the user's, and here this crate's.
#[test]
fn the_pragma_takes_a_busy_handler_of_the_users_back() {
    with_writer(|runtime, writer| {
        let db = connect(runtime);
        db.busy_timeout(Duration::ZERO).unwrap();
        assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
        db.execute_batch("pragma busy_timeout = 60000").unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(move || run(&db, "begin immediate; insert into t values (2); commit"));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!waiter.is_finished(), "it does not wait");
            writer.execute_batch("commit").unwrap();
            assert_eq!(waiter.join().unwrap(), Ok(()));
        });
        assert_eq!(integer(writer, "select sum(x) from t"), 3);
    });
}

/// Its polling does not end the wait sooner than it should, nor later.
#[test]
fn a_wait_by_sqlites_own_handler_ends_with_its_timeout() {
    with_writer(|runtime, _| {
        let db = connect(runtime);
        for timeout in [1, 30, 333] {
            db.busy_timeout(Duration::from_millis(timeout)).unwrap();
            let start = Instant::now();
            assert_eq!(run(&db, "begin immediate"), Err(ffi::SQLITE_BUSY));
            let waited = start.elapsed().as_millis() as u64;
            assert!((timeout..timeout + 3_000).contains(&waited), "{waited} ms, not {timeout}");
        }
    });
}

/// Two that write without pause get comparable shares.
#[test]
fn busy_writers_share_the_database() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let runtime = runtime();
        connect_in(&runtime, mode)
            .execute_batch("create table t (writer, n); insert into t values (0, 0), (1, 0)")
            .unwrap();
        let start = Instant::now();
        std::thread::scope(|scope| {
            for writer in 0..2 {
                let runtime = &runtime;
                scope.spawn(move || {
                    let db = connect_patiently(runtime, mode);
                    while start.elapsed() < Duration::from_secs(1) {
                        db.execute("update t set n = n + 1 where writer = ?1", [writer]).unwrap();
                    }
                });
            }
        });
        let db = connect_in(&runtime, JournalMode::Keep);
        let [a, b] = [0, 1].map(|writer| integer(&db, &format!("select n from t where writer = {writer}")));
        println!("{mode:?}: {a} and {b} commits");
        assert!(a.min(b) > 10 && a.min(b) * 8 > a.max(b), "{mode:?}: {a} and {b}");
    }
}

/// A statement waits with all of its timeout when it commits, even if it waited a little when it
/// began and took longer than the timeout in between.
#[test]
fn a_long_statement_waits_for_each_of_its_locks() {
    const WORK: &str = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 1500000)
                        select max(i) from c";
    let runtime = runtime();
    let first = connect_in(&runtime, JournalMode::Delete);
    first.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let start = Instant::now();
    assert_eq!(integer(&first, WORK), 1_500_000);
    let timeout = start.elapsed() / 3;
    let reader = connect_in(&runtime, JournalMode::Delete);
    let probe = connect_in(&runtime, JournalMode::Delete);
    reader.execute_batch("begin; select * from t").unwrap();
    first.execute_batch("begin immediate").unwrap();
    std::thread::scope(|scope| {
        let (ready, go) = std::sync::mpsc::channel();
        let runtime = &runtime;
        let writer = scope.spawn(move || {
            let db = connect_in(runtime, JournalMode::Delete);
            db.execute_batch(&format!("pragma busy_timeout = {}", timeout.as_millis())).unwrap();
            ready.send(()).unwrap();
            run(&db, &format!("update t set x = x + ({WORK})"))
        });
        go.recv().unwrap();
        std::thread::sleep(Duration::from_millis(10));
        first.execute_batch("rollback").unwrap();
        // It keeps new readers out as soon as it wants to commit, and waits for the old one then.
        while run(&probe, "select * from t").is_ok() {
            assert!(!writer.is_finished(), "the statement did not wait for the reader");
            std::thread::sleep(Duration::from_millis(1));
        }
        reader.execute_batch("commit").unwrap();
        assert_eq!(writer.join().unwrap(), Ok(()));
    });
    assert_eq!(integer(&reader, "select x from t"), 1_500_001);
}
