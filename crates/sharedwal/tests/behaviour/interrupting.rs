//! A statement is ended from another thread; its connection goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rusqlite::ffi;
use sharedwal::{Runtime, set_progress_handler};

use super::{check_integrity, connect, extended_code, integer, run, runtime};

/// A minute at least, so that a test that fails ends all the same.
const ENDLESS: &str =
    "with recursive n (i) as (select 1 union all select i + 1 from n limit 1000000000) select max(i) from n";
const LONG: Duration = Duration::from_secs(20);

/// Interrupts the connection until its statement says that it has ended; how long that took.
fn interrupt_until(
    runtime: &Runtime,
    connection: u32,
    ended: &mpsc::Receiver<Result<(), i32>>,
) -> Result<(), i32> {
    let start = Instant::now();
    loop {
        // False while it is being opened.
        runtime.interrupt(connection);
        if let Ok(result) = ended.recv_timeout(Duration::from_millis(50)) {
            return result;
        }
        assert!(start.elapsed() < LONG, "the statement goes on");
    }
}

/// The id of the one other connection, once it has opened.
fn other(runtime: &Runtime, own: u32) -> u32 {
    let start = Instant::now();
    loop {
        let found = runtime.diagnostics().connections.iter().map(|one| one.id).find(|id| *id != own);
        if let Some(id) = found {
            return id;
        }
        assert!(start.elapsed() < LONG);
        std::thread::yield_now();
    }
}

#[test]
fn a_statement_that_computes_is_ended_and_its_writes_are_rolled_back() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let own = runtime.diagnostics().connections[0].id;
    let (tell, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = connect(&runtime);
            let endless = format!("insert into t {ENDLESS}");
            tell.send(run(&db, &endless)).unwrap();
            // Nothing of it is left, and the connection goes on.
            assert_eq!(integer(&db, "select count(*) from t"), 1);
            db.execute_batch("insert into t values (2)").unwrap();
        });
        let result = interrupt_until(&runtime, other(&runtime, own), &ended);
        assert_eq!(result, Err(ffi::SQLITE_INTERRUPT));
    });
    assert_eq!(integer(&db, "select sum(x) from t"), 3);
    check_integrity(&db);
}

#[test]
fn a_connection_that_waits_is_woken() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (x); begin immediate").unwrap();
    let own = runtime.diagnostics().connections[0].id;
    let (tell, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = connect(&runtime);
            db.execute_batch("pragma busy_timeout = 60000").unwrap();
            tell.send(run(&db, "insert into t values (1)")).unwrap();
        });
        let result = interrupt_until(&runtime, other(&runtime, own), &ended);
        assert!(matches!(result, Err(ffi::SQLITE_BUSY | ffi::SQLITE_INTERRUPT)), "{result:?}");
    });
}

#[test]
fn a_connection_that_is_gone_is_not_interrupted() {
    let runtime = runtime();
    let db = connect(&runtime);
    let id = runtime.diagnostics().connections[0].id;
    assert!(runtime.interrupt(id));
    assert!(!runtime.interrupt(id + 1));
    assert!(!runtime.interrupt(u32::MAX));
    drop(db);
    assert!(!runtime.interrupt(id));
    let db = connect(&runtime);
    assert!(!runtime.interrupt(id), "the slot's next connection is another one");
    assert_eq!(
        integer(
            &db,
            "with recursive n (i) as (select 1 union all select i + 1 from n limit 100000) select max(i) from n"
        ),
        100_000
    );
}

/// SQLite has one progress handler a connection; a user's own runs beside ours.
#[test]
fn a_progress_handler_of_the_users_own_is_called_as_well() {
    let runtime = runtime();
    let db = connect(&runtime);
    let calls = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(AtomicBool::new(false));
    let (counted, stop) = (calls.clone(), enough.clone());
    let handler = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        stop.load(Ordering::SeqCst)
    };
    set_progress_handler(&db, 100, Some(Box::new(handler)));
    db.execute_batch("create table t (x); insert into t with recursive n (i) as (select 1 union all select i + 1 from n limit 1000) select i from n").unwrap();
    assert!(calls.load(Ordering::SeqCst) > 10);
    enough.store(true, Ordering::SeqCst);
    let error = db.query_row(ENDLESS, [], |_| Ok(())).unwrap_err();
    assert_eq!(extended_code(&error), ffi::SQLITE_INTERRUPT);

    set_progress_handler(&db, 100, None);
    let before = calls.load(Ordering::SeqCst);
    let id = runtime.diagnostics().connections[0].id;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            assert!(runtime.interrupt(id));
        });
        let error = db.query_row(ENDLESS, [], |_| Ok(())).unwrap_err();
        assert_eq!(extended_code(&error), ffi::SQLITE_INTERRUPT);
    });
    assert_eq!(calls.load(Ordering::SeqCst), before, "it was removed");
}
