//! A statement is ended from another thread; its connection goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rusqlite::ffi;
use sharedwal::{Code, Error, Runtime, RuntimeOptions, set_progress_handler, set_time_limit};

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

#[test]
fn statements_end_when_their_time_is_over() {
    let runtime = runtime();
    let (db, other) = (connect(&runtime), connect(&runtime));
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let limit = Duration::from_millis(100);
    let timed = |sql: &str| {
        let start = Instant::now();
        let result = run(&db, sql);
        assert!(start.elapsed() < LONG);
        (result, start.elapsed() >= limit)
    };
    set_time_limit(&db, Some(limit));
    assert_eq!(timed(&format!("insert into t {ENDLESS}")), (Err(ffi::SQLITE_INTERRUPT), true));
    assert_eq!(timed(ENDLESS).0, Err(ffi::SQLITE_INTERRUPT), "it holds until it is set anew");

    // Waiting counts, and ends before the busy timeout.
    other.execute_batch("begin immediate").unwrap();
    db.execute_batch("pragma busy_timeout = 60000").unwrap();
    set_time_limit(&db, Some(limit));
    assert_eq!(timed("insert into t values (2)"), (Err(ffi::SQLITE_BUSY), true));
    other.execute_batch("rollback").unwrap();

    set_time_limit(&db, None);
    let long =
        "with recursive n (i) as (select 1 union all select i + 1 from n limit 3000000) select max(i) from n";
    assert_eq!(integer(&db, long), 3_000_000);
    assert_eq!(integer(&db, "select sum(x) from t"), 1);
    check_integrity(&db);
}

/// The commit at its end aside, an import ends as a statement does: nothing has changed then.
#[test]
fn an_import_is_ended() {
    let image = {
        let source = runtime();
        let db = connect(&source);
        db.execute_batch(
            "create table big (x, y); insert into big
             with recursive n (i) as (select 1 union all select i + 1 from n limit 20000)
             select i, zeroblob(900) from n",
        )
        .unwrap();
        source.export_database_blocking().unwrap()
    };
    for beside in [true, false] {
        let runtime = runtime();
        let db = connect(&runtime);
        db.execute_batch("create table t (x); insert into t values (7)").unwrap();
        let own = if beside { runtime.diagnostics().connections[0].id } else { u32::MAX };
        let kept = beside.then_some(db);
        let mut ended = 0;
        for i in 0..8 {
            let done = std::thread::scope(|scope| {
                let import = scope.spawn(|| runtime.import_database_blocking(image.clone()));
                let id = other(&runtime, own);
                std::thread::sleep(Duration::from_millis(i * 3));
                runtime.interrupt(id);
                import.join().unwrap()
            });
            let db = connect(&runtime);
            match done {
                // It was at its end by then.
                Ok(()) => {
                    db.execute_batch("drop table big; create table t (x); insert into t values (7)").unwrap()
                }
                Err(Error::Sqlite(error)) => {
                    assert_eq!(extended_code(&error), ffi::SQLITE_INTERRUPT, "{error}");
                    assert_eq!(integer(&db, "select x from t"), 7);
                    assert_eq!(integer(&db, "select count(*) from sqlite_schema"), 1);
                    ended += 1;
                }
                Err(error) => panic!("{error}"),
            }
            check_integrity(&db);
        }
        assert!(ended > 0, "none of the imports was ended, beside others: {beside}");
        drop(kept);
        assert_eq!(runtime.connections(), 0);
    }
    let disposed = runtime();
    disposed.dispose().unwrap();
    let error = disposed.import_database_blocking(image).unwrap_err();
    assert!(matches!(error, Error::Own { code: Code::RuntimeDisposed, .. }), "{error}");
}

/// A connection waits for a lock of a database that it attached. It is asked in the name of its own.
#[test]
fn a_connection_that_waits_for_an_attached_database_is_woken() {
    let named = |name: &str| {
        let mut options = RuntimeOptions::default();
        options.name = name.into();
        Runtime::create(&options).unwrap()
    };
    let (main, attached) = (named("interrupted-main"), named("interrupted-attached"));
    let there = connect(&attached);
    there.execute_batch("create table t (x); begin immediate").unwrap();
    let (tell, ended) = mpsc::channel();
    let (ready, wait) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = connect(&main);
            db.execute_batch("attach 'interrupted-attached' as other; pragma busy_timeout = 60000").unwrap();
            ready.send(()).unwrap();
            tell.send(run(&db, "insert into other.t values (1)")).unwrap();
            // By the id of the attached one as well.
            ready.send(()).unwrap();
            tell.send(run(&db, "insert into other.t values (2)")).unwrap();
        });
        for runtime in [&main, &attached] {
            wait.recv().unwrap();
            std::thread::sleep(Duration::from_millis(100));
            let own = if std::ptr::eq(runtime, &attached) { there_id(&attached) } else { u32::MAX };
            let result = interrupt_until(runtime, other(runtime, own), &ended);
            assert!(matches!(result, Err(ffi::SQLITE_BUSY | ffi::SQLITE_INTERRUPT)), "{result:?}");
        }
    });
    there.execute_batch("commit").unwrap();
    assert_eq!(integer(&there, "select count(*) from t"), 0);
}

/// The connection that holds the attached database's lock.
fn there_id(attached: &Runtime) -> u32 {
    let connections = attached.diagnostics().connections;
    let holder = connections.iter().find(|one| one.locks.iter().any(|lock| lock.name == "WRITE"));
    holder.unwrap().id
}
