//! `locking_mode = EXCLUSIVE`: SQLite makes no lock calls for the wal-index then, and the next
//! connection has to find every row all the same.

use super::*;

const ROWS: i64 = 256;

fn insert_rows(db: &Connection) {
    for x in 0..ROWS {
        db.execute("insert into t values (?1)", [x]).unwrap();
    }
}

#[test]
fn back_to_normal_mode() {
    for early in [false, true] {
        let runtime = runtime();
        let a = connect(&runtime);
        a.execute_batch("create table t (x)").unwrap();
        a.execute_batch("pragma locking_mode = exclusive").unwrap();
        insert_rows(&a);
        if early {
            // It holds the database for itself.
            let mut options = ConnectOptions::default();
            options.busy_timeout = Duration::ZERO;
            let refused = runtime
                .connect_blocking_with(&options)
                .and_then(|db| db.query_row("select count(*) from t", [], |_| Ok(())).map_err(Error::from));
            assert!(
                matches!(refused, Err(Error::Sqlite(error)) if extended_code(&error) & 0xff == ffi::SQLITE_BUSY)
            );
        }
        a.execute_batch("pragma locking_mode = normal; select * from t").unwrap();
        let b = connect(&runtime);
        assert_eq!(integer(&b, "select count(*) from t"), ROWS);
        b.execute_batch("insert into t values (-1)").unwrap();
        assert_eq!(integer(&a, "select count(*) from t"), ROWS + 1);
        insert_rows(&a);
        assert_eq!(integer(&b, "select count(*) from t"), 2 * ROWS + 1);
        check_integrity(&b);
    }
}

#[test]
fn closed_in_exclusive_mode() {
    let runtime = runtime();
    let a = connect(&runtime);
    a.execute_batch("create table t (x); pragma locking_mode = exclusive").unwrap();
    insert_rows(&a);
    drop(a);
    let b = connect(&runtime);
    assert_eq!(integer(&b, "select count(*) from t"), ROWS);
    check_integrity(&b);
}

/// Exclusive before the first look at the log: SQLite keeps the wal-index in its own memory.
#[test]
fn exclusive_from_the_beginning() {
    let runtime = runtime();
    connect(&runtime).execute_batch("create table t (x)").unwrap();
    let mut options = ConnectOptions::default();
    options.journal_mode = JournalMode::Keep;
    let a = runtime.connect_blocking_with(&options).unwrap();
    a.execute_batch("pragma locking_mode = exclusive").unwrap();
    insert_rows(&a);
    assert_eq!(text(&a, "pragma journal_mode"), "wal");
    drop(a);
    let b = connect(&runtime);
    assert_eq!(integer(&b, "select count(*) from t"), ROWS);
    check_integrity(&b);
}
