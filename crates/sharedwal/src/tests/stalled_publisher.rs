//! A publisher that does not come out again: everybody else waits with a bound, and what could not
//! be published then is not lost.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::{create_runtime, mortal};
use crate::injection::Point;
use crate::layout::{HEADER, PUBLISHER, ROSTER, VERSION, connection_word, lock_word, locks, slot_states};
use crate::ordered_section::TEST_PATIENCE;
use crate::reaping::{reap, reap_marked};
use crate::vfs::{database_of, settle_while_idle};
use crate::{JournalMode, Runtime, layout};

/// A slot that no connection has here.
const STALLED: u32 = 60;

fn connect(runtime: &Runtime) -> Connection {
    super::connect(runtime, JournalMode::Wal, Duration::ZERO)
}

/// Two connections that know of one row, 1.
fn two() -> (Runtime, Connection, Connection) {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    a.execute_batch("create table t (x); insert into t values (1)").unwrap();
    assert_eq!(sum(&b), Ok(1));
    (runtime, a, b)
}

fn sum(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("select sum(x) from t", [], |row| row.get(0))
}

#[test]
fn a_commit_that_could_not_be_published_is_published_later() {
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let (runtime, a, b) = two();
    let words = runtime.inner().control();
    a.execute_batch("begin immediate; insert into t values (10)").unwrap();
    words.store(PUBLISHER, STALLED + 1);
    a.execute_batch("commit").unwrap();
    let owner = words.load(layout::lock(locks::WRITE) + lock_word::OWNER);
    assert_ne!(owner, 0, "the lock stands for what others do not know yet");
    assert_eq!(sum(&b), Ok(1));
    let refused = b.execute_batch("insert into t values (100)").unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{refused}");

    words.store(PUBLISHER, 0);
    assert_eq!(sum(&a), Ok(11), "the next statement publishes");
    assert_eq!(words.load(layout::lock(locks::WRITE) + lock_word::OWNER), 0);
    assert_eq!(sum(&b), Ok(11));
    b.execute_batch("insert into t values (100)").unwrap();
    a.execute_batch("insert into t values (1000)").unwrap();
    assert_eq!(sum(&a), Ok(1111));
    assert_eq!(sum(&b), Ok(1111));
}

/// Its owner may run nothing for long, and others must not wait for that.
#[test]
fn what_is_owed_is_settled_while_its_connection_runs_nothing() {
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let (runtime, a, b) = two();
    let words = runtime.inner().control();
    // SAFETY: no connection of this thread runs anything.
    let still_owes = || unsafe { settle_while_idle() };
    assert!(!still_owes());
    a.execute_batch("begin immediate; insert into t values (10)").unwrap();
    assert!(!still_owes(), "a transaction that is open is nothing owed");
    words.store(PUBLISHER, STALLED + 1);
    let before = words.load(ROSTER);
    a.execute_batch("commit").unwrap();
    assert_ne!(words.load(ROSTER), before, "for which its event loop waits");
    assert!(still_owes());
    b.execute_batch("insert into t values (100)").unwrap_err();

    words.store(PUBLISHER, 0);
    assert!(!still_owes());
    assert_eq!(words.load(layout::lock(locks::WRITE) + lock_word::OWNER), 0);
    b.execute_batch("insert into t values (100)").unwrap();
    assert_eq!(sum(&b), Ok(111));
    assert_eq!(sum(&a), Ok(111));
}

#[test]
fn so_is_what_an_attached_database_owes() {
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let (runtime, _a, b) = two();
    let words = runtime.inner().control();
    let private = connect(&create_runtime());
    private.execute_batch(&format!("attach '/{}/{}' as other", runtime.id(), runtime.name())).unwrap();
    private.execute_batch("begin immediate; insert into other.t values (10)").unwrap();
    words.store(PUBLISHER, STALLED + 1);
    private.execute_batch("commit").unwrap();
    // SAFETY: no connection of this thread runs anything.
    let still_owes = || unsafe { settle_while_idle() };
    assert!(still_owes());
    b.execute_batch("insert into t values (100)").unwrap_err();

    words.store(PUBLISHER, 0);
    assert!(!still_owes());
    b.execute_batch("insert into t values (100)").unwrap();
    assert_eq!(sum(&b), Ok(111));
    // One that is closed with something owed is in no list any more.
    private.execute_batch("begin immediate; insert into other.t values (1000)").unwrap();
    words.store(PUBLISHER, STALLED + 1);
    private.execute_batch("commit").unwrap();
    drop(private);
    assert!(!still_owes());
}

/// What was acknowledged is in the log, and nobody could tell others of it any more: they find it by
/// SQLite's recovery. While the section cannot be entered, the dead one keeps its lock.
#[test]
fn a_commit_whose_writer_died_before_it_was_published() {
    for close in [false, true] {
        for patient in [true, false] {
            let (runtime, a, b) = two();
            let words = runtime.inner().control();
            // SAFETY: the connections are open, and nothing else uses their databases now.
            let [(slot, generation), (reaper, _)] =
                [&a, &b].map(|db| unsafe { database_of(db.handle()) }.unwrap().identity());
            let slot_word = || words.load(layout::slot(slot));
            TEST_PATIENCE.set(Some(Duration::from_millis(5)));
            a.execute_batch("begin immediate; insert into t values (10)").unwrap();
            words.store(PUBLISHER, STALLED + 1);
            a.execute_batch("commit").unwrap();
            if close {
                drop(a);
                assert_eq!(slot_word() & slot_states::MASK, slot_states::DEAD, "it cannot be closed whole");
            } else {
                mortal::die_after(0);
                drop(a);
                mortal::revive();
                TEST_PATIENCE.set(Some(Duration::from_millis(5)));
            }
            if !patient {
                assert!(!reap(words, reaper, slot, generation), "nobody can recover it now");
                assert_eq!(slot_word() & slot_states::MASK, slot_states::DEAD);
                assert_ne!(words.load(layout::lock(locks::WRITE) + lock_word::OWNER), 0);
            }
            words.store(PUBLISHER, 0);
            if patient && !close {
                assert!(reap(words, reaper, slot, generation));
            } else {
                reap_marked(words, reaper);
            }
            assert_eq!(slot_word() & slot_states::MASK, slot_states::FREE);
            assert_eq!(sum(&b), Ok(11), "an acknowledged commit is lost");
            b.execute_batch("insert into t values (100)").unwrap();
            assert_eq!(sum(&connect(&runtime)), Ok(111));
        }
    }
}

/// The last connection closes, and would delete the log, before anybody reaps the one that owes a commit.
#[test]
fn what_a_closed_connection_owes_outlives_the_last_one() {
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let (runtime, a, b) = two();
    let words = runtime.inner().control();
    a.execute_batch("begin immediate; insert into t values (10)").unwrap();
    words.store(PUBLISHER, STALLED + 1);
    a.execute_batch("commit").unwrap();
    drop(a);
    words.store(PUBLISHER, 0);
    drop(b);
    assert_eq!(sum(&connect(&runtime)), Ok(11), "an acknowledged commit is lost");
}

#[test]
fn what_is_owed_is_settled_by_the_next_unlock() {
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let (runtime, a, b) = two();
    let words = runtime.inner().control();
    a.execute_batch("begin immediate; insert into t values (10)").unwrap();
    words.store(PUBLISHER, STALLED + 1);
    // WRITE is given up first, and then the read lock.
    let (stalling, mut unlocks) = (words.clone(), 0);
    let visit = move || {
        unlocks += 1;
        stalling.store(PUBLISHER, if unlocks == 1 { STALLED + 1 } else { 0 });
    };
    mortal::visit_at(Point::ShmUnlock, Some(Box::new(visit)));
    a.execute_batch("commit").unwrap();
    mortal::visit_at(Point::ShmUnlock, None);
    assert_eq!(words.load(PUBLISHER), 0, "the read lock was given up, too");
    assert_eq!(words.load(layout::lock(locks::WRITE) + lock_word::OWNER), 0);
    b.execute_batch("insert into t values (100)").unwrap();
    assert_eq!([&a, &b].map(sum), [Ok(111), Ok(111)]);
}

/// What it owes are a read mark and what was checkpointed: under a writer that lives, a header that is
/// zeroed for that would have its next frames overwrite committed ones.
#[test]
fn who_owes_and_only_tried_exclusive_has_no_header_recovered() {
    let (runtime, a, b) = two();
    let w = connect(&runtime);
    let words = runtime.inner().control();
    assert_eq!(sum(&w), Ok(1));
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    let stalling = words.clone();
    mortal::visit_at(Point::ShmUnlock, Some(Box::new(move || stalling.store(PUBLISHER, STALLED + 1))));
    let _ = a.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    mortal::visit_at(Point::ShmUnlock, None);
    words.store(PUBLISHER, 0);
    // SAFETY: the connections are open, and nothing else uses their databases now.
    let [(slot, generation), (reaper, _)] =
        [&a, &b].map(|db| unsafe { database_of(db.handle()) }.unwrap().identity());
    assert_eq!(words.load(layout::connection(slot) + connection_word::OWED), 1);

    w.execute_batch("begin immediate; insert into t values (10)").unwrap();
    let header = || -> Vec<u32> { (HEADER..HEADER + 24).map(|at| words.load(at)).collect() };
    let before = header();
    // The first lock that closing tries is PENDING, the second EXCLUSIVE.
    mortal::die_at(Point::LockOwned, 1);
    mortal::until_death(|| drop(a));
    assert!(mortal::is_dead());
    mortal::revive();
    let owner = words.load(layout::lock(locks::EXCLUSIVE) + lock_word::OWNER);
    assert_eq!(owner, slot + 1, "it died while it tried EXCLUSIVE");
    assert!(reap(words, reaper, slot, generation));
    assert_eq!(header(), before);
    w.execute_batch("commit").unwrap();
    assert_eq!([&w, &b, &connect(&runtime)].map(sum), [Ok(11), Ok(11), Ok(11)]);
}

/// SQLite repeats a hundred times what did not succeed: only the first time is waited for.
#[test]
fn nobody_waits_twice() {
    let patience = Duration::from_millis(100);
    TEST_PATIENCE.set(Some(patience));
    let (runtime, a, b) = two();
    let words = runtime.inner().control();
    for round in 0..2 {
        words.store(PUBLISHER, STALLED + 1);
        words.add(VERSION, 1);
        // SAFETY: the connection is open, and nothing else uses its database now.
        let database = unsafe { database_of(b.handle()) }.unwrap();
        let start = Instant::now();
        (0..50).for_each(|_| database.refresh());
        let waited = start.elapsed();
        assert!(patience <= waited && waited < 20 * patience, "{waited:?}");
        words.add(VERSION, 1);
        words.store(PUBLISHER, 0);
        // As patient as before once it came through.
        a.execute_batch("insert into t values (1)").unwrap();
        assert_eq!(sum(&b), Ok(2 + round));
    }
}
