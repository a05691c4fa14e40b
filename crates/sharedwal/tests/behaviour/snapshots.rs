//! What readers see while others write.

use super::*;

#[test]
fn a_read_transaction_keeps_its_snapshot() {
    let runtime = runtime();
    let (writer, reader) = (connect(&runtime), connect(&runtime));
    writer.execute_batch("create table t (x); insert into t values (1)").unwrap();
    reader.execute_batch("begin").unwrap();
    assert_eq!(integer(&reader, "select sum(x) from t"), 1);
    for _ in 0..50 {
        writer.execute_batch("insert into t values (1)").unwrap();
        assert_eq!(integer(&reader, "select sum(x) from t"), 1);
    }
    // A checkpoint goes no further than the reader allows.
    writer.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).unwrap();
    assert_eq!(integer(&reader, "select sum(x) from t"), 1);
    reader.execute_batch("commit").unwrap();
    assert_eq!(integer(&reader, "select sum(x) from t"), 51);
}

/// A commit is visible to whoever begins to read after it returned, without any message.
#[test]
fn a_commit_is_seen_at_once() {
    let runtime = runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    a.execute_batch("create table t (x); insert into t values (0)").unwrap();
    for round in 0..1_000 {
        let (writer, reader) = if round % 2 == 0 { (&a, &b) } else { (&b, &a) };
        writer.execute_batch("update t set x = x + 1").unwrap();
        assert_eq!(integer(reader, "select x from t"), round + 1);
    }
}

/// One worker tells another of a row by other means than the database: the row is there.
#[test]
fn a_row_that_one_is_told_of_is_there() {
    const ROWS: i64 = 2_000;
    let runtime = runtime();
    connect(&runtime).execute_batch("create table t (id integer primary key, x)").unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let (writers, readers) = (&runtime, &runtime);
        scope.spawn(move || {
            let db = connect(writers);
            for id in 1..=ROWS {
                db.execute("insert into t values (?1, ?1 * 7)", [id]).unwrap();
                tell.send(id).unwrap();
            }
        });
        scope.spawn(move || {
            let db = connect(readers);
            let mut select = db.prepare("select x from t where id = ?1").unwrap();
            let mut seen = 0;
            for id in told {
                assert_eq!(select.query_row([id], |row| row.get::<_, i64>(0)), Ok(id * 7), "row {id}");
                seen += 1;
            }
            assert_eq!(seen, ROWS);
        });
    });
}
