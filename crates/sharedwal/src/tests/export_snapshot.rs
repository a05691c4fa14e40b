//! An export is one snapshot, whatever others commit between its steps; that of a connection that goes
//! on is what the connection sees.

use super::{Duration, JournalMode, connect, create_runtime};
use crate::memory::private::PrivateBytes;
use crate::runtime::image::{export, serialize};

#[test]
fn commits_between_the_size_and_the_content() {
    let runtime = create_runtime();
    let (source, writer) = (
        connect(&runtime, JournalMode::Wal, Duration::ZERO),
        connect(&runtime, JournalMode::Wal, Duration::ZERO),
    );
    writer.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let image = export(&source, |size| {
        writer.execute_batch("insert into t values (2), (zeroblob(50000))").unwrap();
        PrivateBytes::zeroed(size)
    });
    let there = create_runtime();
    there.import_database_blocking(image.unwrap().take()).unwrap();
    let db = connect(&there, JournalMode::Wal, Duration::ZERO);
    let rows: i64 = db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn no_memory_for_the_image() {
    let runtime = create_runtime();
    let source = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    let error = export::<PrivateBytes>(&source, |_| None).err().unwrap().to_string();
    assert!(error.contains("4096 bytes"), "{error}");
}

#[test]
fn a_connection_that_goes_on() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    let other = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    other.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let rows = |schema: &str| {
        let there = create_runtime();
        there.import_database_blocking(serialize(&db, schema, PrivateBytes::zeroed).unwrap().take()).unwrap();
        let copy = connect(&there, JournalMode::Wal, Duration::ZERO);
        copy.query_row("select count(*) from t", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows("main"), 1);
    assert!(db.is_autocommit());
    db.execute_batch("begin; select * from t").unwrap();
    other.execute_batch("insert into t values (2)").unwrap();
    assert_eq!(rows("main"), 1);
    assert!(!db.is_autocommit());
    db.execute_batch("commit; begin; insert into t values (3)").unwrap();
    assert_eq!(rows("main"), 3);
    db.execute_batch("rollback; create temp table t (x); insert into temp.t values (1), (2), (3), (4)")
        .unwrap();
    assert_eq!(rows("temp"), 4);
    assert_eq!(rows("main"), 2);
    let error = serialize(&db, "nowhere", PrivateBytes::zeroed).err().unwrap().to_string();
    assert!(error.contains("unknown database nowhere"), "{error}");
    assert!(db.is_autocommit());
}
