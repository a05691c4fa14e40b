//! How many connections there can be, and when there can be none.

use super::*;

#[test]
fn the_65th_connection_is_refused() {
    let runtime = runtime();
    let mut connections: Vec<_> = (0..64).map(|_| connect(&runtime)).collect();
    assert_eq!(runtime.connections(), 64);
    assert_eq!(own_code(runtime.connect_blocking()), Code::TooManyConnections);
    connections[0].execute_batch("create table t (x)").unwrap();
    for (x, db) in (0_i64..).zip(&connections) {
        db.execute("insert into t values (?1)", [x]).unwrap();
    }
    for db in &connections {
        assert_eq!(integer(db, "select count(*) from t"), 64);
    }
    connections.swap_remove(31);
    let again = connect(&runtime);
    assert_eq!(integer(&again, "select count(*) from t"), 64);
    drop(connections);
    assert_eq!(runtime.connections(), 1);
}

#[test]
fn a_disposed_runtime_refuses_connections() {
    let runtime = runtime();
    let db = connect(&runtime);
    assert_eq!(own_code(runtime.dispose()), Code::RuntimeInUse);
    db.execute_batch("create table t (x)").unwrap();
    drop(db);
    runtime.dispose().unwrap();
    assert_eq!(own_code(runtime.connect_blocking()), Code::RuntimeDisposed);
    runtime.dispose().unwrap();
}

#[test]
fn must_exist_and_read_only() {
    let runtime = runtime();
    let mut options = ConnectOptions::default();
    options.must_exist = true;
    let refused = runtime.connect_blocking_with(&options);
    assert!(
        matches!(&refused, Err(Error::Sqlite(error)) if extended_code(error) & 0xff == ffi::SQLITE_CANTOPEN),
        "{refused:?}"
    );
    assert!(refused.unwrap_err().to_string().contains("no database yet"));
    assert_eq!(runtime.connections(), 0, "a refused open frees its slot");

    let writer = connect(&runtime);
    writer.execute_batch("create table t (x); insert into t values (7)").unwrap();
    let again = runtime.connect_blocking_with(&options).unwrap();
    assert_eq!(integer(&again, "select x from t"), 7);

    options.read_only = true;
    let reader = runtime.connect_blocking_with(&options).unwrap();
    assert_eq!(integer(&reader, "select x from t"), 7);
    assert_eq!(run(&reader, "insert into t values (8)"), Err(ffi::SQLITE_READONLY));
    writer.execute_batch("insert into t values (1)").unwrap();
    assert_eq!(integer(&reader, "select sum(x) from t"), 8);
    // The last one to leave cannot checkpoint, and loses nothing.
    drop((writer, again));
    assert_eq!(integer(&reader, "select sum(x) from t"), 8);
    drop(reader);
    assert_eq!(integer(&connect(&runtime), "select sum(x) from t"), 8);
}

#[test]
fn runtimes_are_isolated_from_each_other() {
    let (one, two) = (runtime(), runtime());
    assert_eq!(one.name(), two.name());
    assert_ne!(one.id(), two.id());
    let (a, b) = (connect(&one), connect(&two));
    a.execute_batch("create table t (x)").unwrap();
    b.execute_batch("create table t (y); insert into t values (1)").unwrap();
    assert_eq!(integer(&a, "select count(*) from t"), 0);
    assert_eq!((one.connections(), two.connections()), (1, 1));
}

#[test]
fn defaults_are_as_documented() {
    let db = connect(&runtime());
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    assert_eq!(integer(&db, "pragma foreign_keys"), 1);
    assert_eq!(integer(&db, "pragma page_size"), 4096);
    // What a VFS answers to a pragma is text.
    assert_eq!(text(&db, "pragma busy_timeout"), "5000");
}

/// A connection may move to another thread, and be closed there.
#[test]
fn a_connection_moves_between_threads() {
    let runtime = runtime();
    let here = connect(&runtime);
    here.execute_batch("create table t (x)").unwrap();
    let there = std::thread::spawn(move || {
        here.execute_batch("insert into t values (1)").unwrap();
        here
    });
    let back = there.join().unwrap();
    back.execute_batch("begin immediate; insert into t values (2)").unwrap();
    std::thread::spawn(move || drop(back)).join().unwrap();
    let db = connect(&runtime);
    assert_eq!(integer(&db, "select count(*) from t"), 1);
    assert_eq!(runtime.connections(), 1);
}
