//! Real SQLite, several threads, no pause: what a database promises holds at every look, also when
//! connections die.
//!
//! Each case takes about 2 s: `SHAREDWAL_STRESS_SECONDS` makes it as long as one likes,
//! `SHAREDWAL_QUICK=1` shorter, and `SHAREDWAL_SEED` replays the random choices of a run.

mod cases;
mod history;
mod ledger;
mod lives;
mod tally;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger::Ledger;
use tally::Tally;
use worker::{LONGEST_WAIT, Worker};

use super::random::{Random, seed};
use super::{mortal, mutations, one_at_a_time};
use crate::JournalMode;
use crate::injection::Point;
use crate::locks::LockTable;
use crate::wal_index::EARLY_COMPLETION;

/// How the threads use the database.
#[derive(Debug, Clone, Copy)]
struct Case {
    mode: JournalMode,
    threads: u64,
    /// Connections of each thread.
    connections: usize,
    page_size: u32,
    /// Frames after which a commit checkpoints; 0 leaves it to the explicit checkpoints.
    autocheckpoint: u32,
    /// Frames that the log has to have before anybody checkpoints.
    least_log: u64,
    early_completion: bool,
    deaths: Deaths,
}

/// Where workers die.
#[derive(Debug, Clone, Copy)]
enum Deaths {
    None,
    /// At each of these points, and between any two changes.
    At(&'static [Point]),
    /// At none, but others may take them for dead: they sleep there for longer than a connection may be
    /// silent whose death nobody can prove.
    Seeming(&'static [Point]),
}

fn duration() -> Duration {
    match std::env::var("SHAREDWAL_STRESS_SECONDS") {
        Ok(seconds) => {
            Duration::from_secs_f64(seconds.parse().expect("SHAREDWAL_STRESS_SECONDS is a number"))
        }
        Err(_) => Duration::from_secs_f64(if super::quick() { 0.4 } else { 1.5 }),
    }
}

/// What every case has to reach, however slow the machine is: enough for all that is left to chance
/// to happen, closing (one step in 40) the least often.
const LEAST_COMMITS: u64 = 250;
const LEAST_READS: u64 = 50;
/// How long a case may go on beyond its time to reach that.
const EXTRA_TIME: Duration = Duration::from_secs(40);
/// Nobody commits or reads for so long only if nobody can.
const STANDSTILL: Duration = Duration::from_secs(15);

fn run(name: &str, case: Case) {
    // The switch for early completion is the whole process's, and so are the counters of deaths.
    let _guard = one_at_a_time();
    EARLY_COMPLETION.store(case.early_completion, Ordering::SeqCst);
    mutations::fail_fast();
    seed();
    let Deaths::At(points) = case.deaths else { return run_case(name, case, &[]) };
    let before: Vec<u64> = points.iter().map(|point| mortal::deaths_at(*point)).collect();
    run_case(name, case, &before);
    let counts = points.iter().zip(before).map(|(point, before)| {
        let count = mortal::deaths_at(*point) - before;
        assert!(count > 0, "no death at {point:?}");
        format!("{point:?} {count}")
    });
    println!("{name}: deaths at {}", counts.collect::<Vec<_>>().join(", "));
}

fn run_case(name: &str, case: Case, deaths_before: &[u64]) {
    let ledger = Ledger::create(&case);
    let stop = AtomicBool::new(false);
    let ended = AtomicBool::new(false);
    let started = Instant::now();
    let (trespasses, sleeps) = (mortal::trespasses(), mortal::sleeps());
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        if let Deaths::Seeming(_) = case.deaths {
            scope.spawn(|| evict(&ledger, &ended));
        }
        let threads: Vec<_> = (0..case.threads)
            .map(|number| {
                let (ledger, stop) = (&ledger, &stop);
                scope.spawn(move || work(Worker::new(ledger, number, Random::new(number + 1)), stop))
            })
            .collect();
        let enough = || {
            if ledger.longest_log() < case.least_log {
                return false;
            }
            if ledger.commits() < LEAST_COMMITS || ledger.reads() < LEAST_READS {
                return false;
            }
            let Deaths::At(points) = case.deaths else { return true };
            points.iter().zip(deaths_before).all(|(point, before)| mortal::deaths_at(*point) > *before)
        };
        let mut progress = (0, Instant::now());
        while started.elapsed() < duration() || (!enough() && started.elapsed() < duration() + EXTRA_TIME) {
            if threads.iter().any(|thread| thread.is_finished()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
            let done = ledger.commits() + ledger.reads() + ledger.deaths();
            if done > progress.0 {
                progress = (done, Instant::now());
            }
            let standstill = if mutations::any() { STANDSTILL / 5 } else { STANDSTILL };
            if progress.1.elapsed() > standstill {
                stop.store(true, Ordering::SeqCst);
                panic!("nobody gets on: {}", ledger.locks());
            }
        }
        stop.store(true, Ordering::SeqCst);
        let ends: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        ended.store(true, Ordering::SeqCst);
        ends.into_iter().map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    EARLY_COMPLETION.store(true, Ordering::SeqCst);
    let total = tallies.iter().fold(Tally::default(), |sum, tally| sum.plus(tally));
    let deaths = ledger.deaths();
    let longest_log = ledger.longest_log();
    println!("{name}: {deaths} deaths, {total:?}, {longest_log} frames in {:?}", started.elapsed());
    ledger.check_after(&tallies);
    assert_eq!(mortal::trespasses() - trespasses, 0, "changes outside of a fence");
    if let Deaths::Seeming(_) = case.deaths {
        let (sleeps, evictions) = (mortal::sleeps() - sleeps, ledger.evictions());
        println!("{name}: {sleeps} slept, {evictions} evicted");
        assert!(evictions > 0 && evictions >= deaths, "{deaths} of them found out");
    }
    assert!(total.commits >= LEAST_COMMITS, "only {} commits", total.commits);
    assert!(total.longest_wait < LONGEST_WAIT, "a wait of {:?}", total.longest_wait);
    assert!(total.rollbacks > 0 && total.reopened > 0 && total.spills > 0, "{total:?}");
    if let Deaths::None = case.deaths {
        assert!(total.reads >= LEAST_READS, "only {} reads", total.reads);
        assert_eq!(total.beside > 0, case.connections > 1 && case.mode == JournalMode::Wal);
    }
    if case.mode == JournalMode::Wal {
        assert!(total.checkpoints > 0 || case.least_log > 0, "no checkpoint");
    }
    assert!(longest_log >= case.least_log, "the log had {longest_log} frames at the most");
    assert_eq!(total.claims > 0, case.threads > 1, "claims of waiters");
}

/// What a page's timer does in each context: evicts who is silent for too long.
fn evict(ledger: &Ledger, ended: &AtomicBool) {
    let reaper = ledger.slot();
    assert!(reaper.attach());
    let _table = LockTable::new(ledger.runtime().inner().control().clone(), reaper.index());
    while !ended.load(Ordering::SeqCst) {
        ledger.runtime().inner().evict_silent(reaper.index());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn work(mut worker: Worker<'_>, stop: &AtomicBool) -> Tally {
    if let Deaths::Seeming(points) = worker.ledger().case.deaths {
        while !stop.load(Ordering::SeqCst) {
            worker.live_and_be_taken_for_dead(points, stop);
        }
    }
    let mortal = matches!(worker.ledger().case.deaths, Deaths::At(_));
    while mortal && !stop.load(Ordering::SeqCst) {
        worker.live_and_die();
    }
    worker.open();
    while !mortal && !stop.load(Ordering::SeqCst) {
        worker.step();
    }
    worker.finish()
}
