//! Readers while others commit without a pause: none is refused (SQLITE_PROTOCOL), none waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{connect, create_runtime, one_at_a_time};
use crate::JournalMode;

/// SQLite gives up after some 10 s, so `npm run stress` runs this for longer.
fn duration() -> Duration {
    let seconds = std::env::var("SHAREDWAL_STRESS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(if super::quick() { 0.5 } else { 2.0 }))
}

#[test]
fn no_reader_is_refused_or_waits() {
    let _guard = one_at_a_time();
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::from_secs(30));
    db.execute_batch(
        "create table t (writer primary key, n) without rowid; insert into t values (0, 0), (1, 0)",
    )
    .unwrap();
    let stop = AtomicBool::new(false);
    let acknowledged = AtomicU64::new(0);
    let (commits, reads, longest) = std::thread::scope(|scope| {
        let (runtime, stop, acknowledged) = (&runtime, &stop, &acknowledged);
        let writers = [0, 1].map(|writer| {
            scope.spawn(move || {
                let db = connect(runtime, JournalMode::Wal, Duration::from_secs(30));
                let mut commits = 0_u64;
                while !stop.load(Ordering::SeqCst) {
                    db.execute("update t set n = n + 1 where writer = ?1", [writer]).unwrap();
                    commits += 1;
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                commits
            })
        });
        let readers = [(); 2].map(|()| {
            scope.spawn(move || {
                // Without a busy timeout: what a reader waits for, it waits for in SQLite.
                let db = connect(runtime, JournalMode::Keep, Duration::ZERO);
                let (mut reads, mut longest) = (0_u64, Duration::ZERO);
                while !stop.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let start = Instant::now();
                    let sum: i64 = db.query_row("select sum(n) from t", [], |row| row.get(0)).unwrap();
                    longest = longest.max(start.elapsed());
                    assert!(sum as u64 >= least, "{sum} read after {least} commits");
                    reads += 1;
                }
                (reads, longest)
            })
        });
        let start = Instant::now();
        while start.elapsed() < duration() && !readers.iter().any(|reader| reader.is_finished()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::SeqCst);
        let readers = readers.map(|reader| reader.join().unwrap());
        let commits: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        (commits, readers.iter().map(|(reads, _)| reads).sum::<u64>(), readers.map(|(_, longest)| longest))
    });
    println!("{commits} commits, {reads} reads, the longest of each reader {longest:?}");
    assert!(commits > 100 && reads > 100, "{commits} commits, {reads} reads");
    assert!(longest.iter().all(|longest| *longest < Duration::from_secs(1)), "{longest:?}");
}
