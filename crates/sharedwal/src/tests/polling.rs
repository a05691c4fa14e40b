//! SQLite's own busy handler counts how long its sleeps were to be. A release ends one early, and the
//! time-out must not become shorter by that.

use std::time::{Duration, Instant};

use super::{connect, create_runtime};
use crate::JournalMode;
use crate::layout::{self, lock, lock_word, locks, slot_states, slot_word};
use crate::vfs::{database_of, pause};

const STEP: Duration = Duration::from_millis(200);

#[test]
fn what_a_release_saves_is_slept_later() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("create table t (x)").unwrap();
    // SAFETY: the connection is open, and nothing else uses its database now.
    let control = unsafe { database_of(db.handle()) }.unwrap().control().clone();
    let owner = |slot| control.store(lock(locks::WRITE) + lock_word::OWNER, slot);
    let refused = || db.execute_batch("begin immediate").is_err();
    let slept = || {
        let start = Instant::now();
        pause(STEP);
        start.elapsed()
    };
    owner(50);
    assert!(refused());
    for _ in 0..2 {
        owner(0);
        let short = slept();
        assert!(short < STEP, "the lock is free, and still it sleeps {short:?}");
        owner(50);
        assert!(refused(), "another one was faster");
    }
    let long = slept();
    assert!(long >= STEP * 3 - STEP / 20, "{long:?} and twice next to nothing, for three steps");
    assert!(refused());
    owner(0);
    slept();
    db.execute_batch("begin immediate; rollback").unwrap();
    owner(50);
    assert!(refused());
    let next = slept();
    assert!(next >= STEP && next < STEP * 2 - STEP / 20, "another wait takes over nothing: {next:?}");
}

/// Without a pause SQLite's hundred looks for a snapshot take no time, and SQLITE_PROTOCOL is what a
/// few commits of others can do.
#[test]
fn a_connection_whose_death_nobody_could_prove_sleeps_as_well() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("create table t (x)").unwrap();
    // SAFETY: the connection is open, and nothing else uses its database now.
    let database = unsafe { database_of(db.handle()) }.unwrap();
    let (slot, generation) = database.identity();
    for state in [slot_states::LIVE, slot_states::UNPROVEN] {
        database.control().store(layout::slot(slot), slot_word(generation, state));
        let start = Instant::now();
        pause(Duration::from_micros(20_001));
        assert!(start.elapsed() >= Duration::from_millis(19), "state {state}: {:?}", start.elapsed());
    }
}
