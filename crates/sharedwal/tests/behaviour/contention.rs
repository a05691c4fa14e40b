//! Connections that never pause: writers get comparable shares and none waits beyond its busy timeout;
//! readers are never refused.

use std::time::Instant;

use super::*;

/// How a writer that waits for the lock has been told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timeout {
    /// The default of 5 s.
    Default,
    /// `PRAGMA busy_timeout`.
    Pragma,
    /// `sqlite3_busy_timeout`, which puts SQLite's polling handler in place of this crate's.
    Polling,
}

/// Whoever waits so long of its 5 s was passed over again and again.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What one writer did.
#[derive(Debug, Default)]
struct Share {
    commits: u64,
    longest: Duration,
}

/// The shares of writers that commit without pause for so long, each a row of its own.
fn write_without_pause(writers: i64, duration: Duration, timeout: Timeout) -> Vec<Share> {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (writer integer primary key, n)").unwrap();
    for writer in 0..writers {
        db.execute("insert into t values (?1, 0)", [writer]).unwrap();
    }
    let start = Meeting::of(writers as usize);
    let shares: Vec<Share> = std::thread::scope(|scope| {
        let (runtime, start) = (&runtime, &start);
        let write = |writer: i64| {
            let db = connect(runtime);
            match timeout {
                Timeout::Default => {}
                Timeout::Pragma => db.execute_batch("pragma busy_timeout = 5000").unwrap(),
                Timeout::Polling => db.busy_timeout(Duration::from_secs(5)).unwrap(),
            }
            let mut update = db.prepare("update t set n = n + 1 where writer = ?1").unwrap();
            let mut share = Share::default();
            start.wait();
            let begin = Instant::now();
            let mut last = begin;
            while last - begin < duration {
                let result = update.execute([writer]);
                assert_eq!(result, Ok(1), "writer {writer} after {:?}: {share:?}", last.elapsed());
                let now = Instant::now();
                share.longest = share.longest.max(now - last);
                share.commits += 1;
                last = now;
            }
            share
        };
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(move || write(writer))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (writer, share) in (0_i64..).zip(&shares) {
        let counted = integer(&db, &format!("select n from t where writer = {writer}"));
        assert_eq!(counted as u64, share.commits, "writer {writer}");
    }
    shares
}

/// The least share as a part of the greatest.
fn evenness(shares: &[Share]) -> f64 {
    let commits = || shares.iter().map(|share| share.commits);
    commits().min().unwrap_or(0) as f64 / commits().max().unwrap_or(1) as f64
}

fn duration() -> Duration {
    Duration::from_secs(if std::env::var_os("SHAREDWAL_QUICK").is_some() { 1 } else { 5 })
}

/// The best of a few runs: a machine may give one thread no time for a while.
fn check_evenness(writers: i64, timeout: Timeout) {
    let mut best = 0.0_f64;
    for run in 0..3 {
        let shares = write_without_pause(writers, duration(), timeout);
        let longest = shares.iter().map(|share| share.longest).max().unwrap();
        let each: Vec<_> = shares.iter().map(|share| share.commits).collect();
        let rate = each.iter().sum::<u64>() as f64 / duration().as_secs_f64();
        best = best.max(evenness(&shares));
        println!("{timeout:?}, run {run}: {rate:.0} commits/s, {each:?}, longest wait {longest:?}");
        assert!(longest < LONGEST_WAIT, "{timeout:?}: a writer waited {longest:?}");
        if best >= 0.5 {
            return;
        }
    }
    panic!("{timeout:?}: of {writers} writers the slowest makes {best:.2} of the commits of the fastest");
}

#[test]
fn of_two_writers_the_slower_makes_half_the_commits() {
    check_evenness(2, Timeout::Default);
}

#[test]
fn of_six_writers_the_slowest_makes_half_the_commits_of_the_fastest() {
    check_evenness(6, Timeout::Default);
}

#[test]
fn the_same_with_the_timeout_of_the_pragma() {
    check_evenness(6, Timeout::Pragma);
}

#[test]
fn the_same_with_the_polling_handler_of_sqlite() {
    check_evenness(6, Timeout::Polling);
}

/// SQLite gives up with SQLITE_PROTOCOL when it has looked for a snapshot a hundred times in vain.
#[test]
fn readers_beside_writers_are_never_refused_and_never_wait_long() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (writer integer primary key, n); insert into t values (0, 0), (1, 0)")
        .unwrap();
    let deadline = Instant::now() + duration();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let db = connect(&runtime);
            scope.spawn(move || {
                while Instant::now() < deadline {
                    db.execute("update t set n = n + 1 where writer = ?1", [writer]).unwrap();
                }
            });
        }
        for _ in 0..4 {
            // Without a busy handler: a reader needs none.
            let db = connect_in(&runtime, JournalMode::Wal);
            scope.spawn(move || {
                let mut sum = db.prepare("select sum(n) from t").unwrap();
                let (mut reads, mut last, mut longest) = (0_u64, 0, Duration::ZERO);
                while Instant::now() < deadline {
                    let start = Instant::now();
                    let found: i64 = sum.query_row([], |row| row.get(0)).unwrap();
                    assert!(found >= last, "{found} after {last}");
                    (reads, last, longest) = (reads + 1, found, longest.max(start.elapsed()));
                }
                println!("{reads} reads, the longest took {longest:?}, of {last} commits at the end");
                assert!(longest < Duration::from_secs(1), "a read took {longest:?}");
                assert!(reads > 100 && last > 100, "{reads} reads, {last} commits");
            });
        }
    });
}
