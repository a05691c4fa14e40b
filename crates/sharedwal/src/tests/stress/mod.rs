//! Real SQLite, several threads, no pause: what a database promises holds at every look.
//!
//! Each case takes about 2 s: `SHAREDWAL_STRESS_SECONDS` makes it as long as one likes,
//! `SHAREDWAL_QUICK=1` shorter, and `SHAREDWAL_SEED` replays the random choices of a run.

mod ledger;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger::Ledger;
use worker::{Tally, Worker};

use super::one_at_a_time;
use super::random::{Random, seed};
use crate::JournalMode;
use crate::wal_index::EARLY_COMPLETION;

/// How the threads use the database.
struct Case {
    mode: JournalMode,
    threads: u64,
    page_size: u32,
    /// Frames after which a commit checkpoints; 0 leaves it to the explicit checkpoints.
    autocheckpoint: u32,
    early_completion: bool,
}

fn duration() -> Duration {
    let quick = std::env::var("SHAREDWAL_QUICK").is_ok_and(|value| value != "0");
    match std::env::var("SHAREDWAL_STRESS_SECONDS") {
        Ok(seconds) => {
            Duration::from_secs_f64(seconds.parse().expect("SHAREDWAL_STRESS_SECONDS is a number"))
        }
        Err(_) => Duration::from_secs_f64(if quick { 0.4 } else { 1.5 }),
    }
}

/// What every case has to reach, however slow the machine is.
const LEAST_COMMITS: u64 = 100;
const LEAST_READS: u64 = 50;
/// How long a case may go on beyond its time to reach that.
const EXTRA_TIME: Duration = Duration::from_secs(40);

fn run(case: &Case) {
    // The switch for early completion is the whole process's.
    let _guard = one_at_a_time();
    EARLY_COMPLETION.store(case.early_completion, Ordering::SeqCst);
    seed();
    let ledger = Ledger::create(case);
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..case.threads)
            .map(|number| {
                let (ledger, stop) = (&ledger, &stop);
                scope.spawn(move || {
                    let mut worker = Worker::new(ledger, number, Random::new(number + 1));
                    while !stop.load(Ordering::SeqCst) {
                        worker.step();
                    }
                    worker.finish()
                })
            })
            .collect();
        let enough = || ledger.commits() >= LEAST_COMMITS && ledger.reads() >= LEAST_READS;
        let failed = || threads.iter().any(|thread| thread.is_finished());
        while started.elapsed() < duration() || (!enough() && started.elapsed() < duration() + EXTRA_TIME) {
            if failed() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::SeqCst);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    EARLY_COMPLETION.store(true, Ordering::SeqCst);
    let total = tallies.iter().fold(Tally::default(), |sum, tally| sum.plus(tally));
    println!(
        "{:?} autocheckpoint {} early {}: {total:?} in {:?}",
        case.mode,
        case.autocheckpoint,
        case.early_completion,
        started.elapsed()
    );
    ledger.check_after(&tallies);
    assert!(total.commits >= LEAST_COMMITS, "only {} commits", total.commits);
    assert!(total.reads >= LEAST_READS, "only {} reads", total.reads);
    assert!(total.rollbacks > 0 && total.reopened > 0 && total.spills > 0, "{total:?}");
    if case.mode == JournalMode::Wal {
        assert!(total.checkpoints > 0, "no checkpoint");
    }
    assert!(total.longest_wait < Duration::from_secs(20), "a wait of {:?}", total.longest_wait);
}

fn wal(autocheckpoint: u32, early_completion: bool) {
    let page_size = if autocheckpoint == 40 { 512 } else { 1024 };
    run(&Case { mode: JournalMode::Wal, threads: 4, page_size, autocheckpoint, early_completion });
}

fn rollback(mode: JournalMode) {
    run(&Case { mode, threads: 3, page_size: 512, autocheckpoint: 0, early_completion: true });
}

#[test]
fn wal_that_is_checkpointed_all_the_time() {
    wal(40, true);
}

#[test]
fn wal_that_is_checkpointed_all_the_time_without_early_completion() {
    wal(40, false);
}

#[test]
fn wal_that_is_checkpointed_at_times() {
    wal(1000, true);
}

#[test]
fn wal_that_is_checkpointed_at_times_without_early_completion() {
    wal(1000, false);
}

#[test]
fn wal_that_grows() {
    wal(0, true);
}

#[test]
fn wal_that_grows_without_early_completion() {
    wal(0, false);
}

#[test]
fn two_connections_in_wal() {
    run(&Case {
        mode: JournalMode::Wal,
        threads: 2,
        page_size: 4096,
        autocheckpoint: 100,
        early_completion: true,
    });
}

#[test]
fn rollback_journal_that_is_deleted() {
    rollback(JournalMode::Delete);
}

#[test]
fn rollback_journal_that_is_truncated() {
    rollback(JournalMode::Truncate);
}

#[test]
fn rollback_journal_that_persists() {
    rollback(JournalMode::Persist);
}
