//! More than 2 GiB, where 31 bits end, in the database and in the log. It takes 8 GiB of memory:
//! `SHAREDWAL_LARGE=1 npm test`, or `cargo test --test behaviour large -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

const GIB: u64 = 1 << 30;
const MIB: usize = 1 << 20;
const ROWS: u32 = 2_560;

/// A body that follows from the row's number, every word of it another one.
fn body(id: u32) -> Vec<u8> {
    (0..MIB as u32 / 4).flat_map(|i| (id.wrapping_mul(0x9e37_79b9) ^ i).to_le_bytes()).collect()
}

fn check_row(db: &Connection, id: u32) {
    let found: Vec<u8> = db.query_row("select body from t where id = ?1", [id], |row| row.get(0)).unwrap();
    assert!(found == body(id), "row {id} has another body");
}

#[test]
#[ignore = "takes 8 GiB of memory, see SHAREDWAL_LARGE"]
fn a_large_database() {
    let mut options = RuntimeOptions::default();
    options.max_database_capacity = 4 * GIB;
    options.max_write_ahead_capacity = 4 * GIB;
    let runtime = Runtime::create(&options).unwrap();
    let (db, other) = (connect(&runtime), connect(&runtime));
    let started = Instant::now();
    let step = |what: &str| println!("{:6.1} s: {what}", started.elapsed().as_secs_f64());

    db.execute_batch("create table t (id integer primary key, body blob)").unwrap();
    let mut insert = db.prepare("insert into t values (?1, ?2)").unwrap();
    for id in 1..=ROWS {
        insert.execute(rusqlite::params![id, body(id)]).unwrap();
    }
    drop(insert);
    assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
    assert!(runtime.database_size() > 5 * GIB / 2, "{}", runtime.database_size());
    step(&format!("{} bytes written and checkpointed", runtime.database_size()));

    for id in [1, 2_000, 2_047, 2_048, 2_049, ROWS] {
        check_row(&other, id);
    }
    // Pages beyond 2 GiB are read from the log and from the database, and rolled back.
    db.execute_batch("begin; update t set body = zeroblob(1048576) where id > 2500").unwrap();
    check_row(&other, ROWS);
    db.execute_batch("rollback").unwrap();
    check_row(&db, ROWS);
    other.execute("update t set body = ?1 where id = ?2", rusqlite::params![body(7), ROWS]).unwrap();
    let changed: Vec<u8> =
        db.query_row("select body from t where id = ?1", [ROWS], |row| row.get(0)).unwrap();
    assert!(changed == body(7));
    other.execute("update t set body = ?1 where id = ?2", rusqlite::params![body(ROWS), ROWS]).unwrap();
    assert_eq!(text(&other, "pragma quick_check"), "ok");
    step("quick_check");

    // The whole database goes through the log.
    db.execute_batch("pragma wal_autocheckpoint = 0; vacuum").unwrap();
    let log = runtime.write_ahead_size();
    assert!(log > 5 * GIB / 2, "{log}");
    check_row(&other, ROWS);
    check_row(&other, 1);
    assert_eq!(integer(&db, "pragma wal_checkpoint(truncate)"), 0);
    assert_eq!(runtime.write_ahead_size(), 0);
    step(&format!("VACUUM through {log} bytes of log"));
    check_row(&other, ROWS);
    assert_eq!(integer(&other, "select sum(length(body)) from t"), i64::from(ROWS) << 20);
    drop((db, other));

    let image = runtime.export_database_blocking().unwrap();
    assert_eq!(image.len() as u64, runtime.database_size());
    drop(runtime);
    step("exported");
    let runtime = Runtime::create(&options).unwrap();
    runtime.import_database_blocking(image).unwrap();
    step("imported");
    let db = connect(&runtime);
    for id in [1, 2_047, 2_048, 2_049, ROWS] {
        check_row(&db, id);
    }
    assert_eq!(text(&db, "pragma quick_check"), "ok");
    step("quick_check");
}
