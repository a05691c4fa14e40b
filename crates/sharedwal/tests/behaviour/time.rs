//! SQLite's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

#[test]
fn now_is_now() {
    let db = connect(&runtime());
    let system = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    for sql in ["select (julianday('now') - 2440587.5) * 86400.0", "select unixepoch('subsec')"] {
        let before = system();
        let seconds: f64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        let after = system();
        // julianday() is rounded to the millisecond.
        assert!(before - 0.002 <= seconds && seconds <= after + 0.002, "{sql}: {before} {seconds} {after}");
    }
}

#[test]
fn random_numbers_differ() {
    let (a, b) = (connect(&runtime()), connect(&runtime()));
    let numbers: Vec<_> = [&a, &a, &b, &b].map(|db| integer(db, "select random()")).into();
    for (at, number) in numbers.iter().enumerate() {
        assert!(!numbers[..at].contains(number));
    }
}
