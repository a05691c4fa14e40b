//! What a connection leaves behind that dies in the middle of a transaction, once its locks are
//! free. A connection that is leaked does what a terminated worker does from then on: nothing.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{create_runtime, take_unattached};
use crate::connections::Slot;
use crate::layout::{self, HEADER, PUBLISHER, VERSION, connection_word, lock_word, locks};
use crate::memory::{Change, Words};
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{ConnectOptions, JournalMode, Runtime};

/// The first connection of a runtime has the first slot, in its first generation.
const DEAD: u32 = 0;
/// The other connection has the second.
const REAPER: u32 = 1;

fn connect(runtime: &Runtime, mode: JournalMode) -> Connection {
    let db = super::connect(runtime, mode, Duration::ZERO);
    db.execute_batch("pragma cache_size = 10; pragma cache_spill = 1").unwrap();
    db
}

/// A database of small pages with 100 rows, on the connection that is to die and another one.
fn two_connections(mode: JournalMode) -> (Runtime, Connection, Connection) {
    let runtime = create_runtime();
    let dying = connect(&runtime, JournalMode::Keep);
    dying
        .execute_batch(
            "pragma page_size = 512;
             create table t (id integer primary key, x, pad);
             with recursive c (i) as (select 1 union all select i + 1 from c where i < 100)
               insert into t select i, 7, printf('%.300c', 'x') from c",
        )
        .unwrap();
    dying.query_row(&format!("pragma journal_mode = {}", mode.name().unwrap()), [], |_| Ok(())).unwrap();
    let other = connect(&runtime, mode);
    check(&other);
    (runtime, dying, other)
}

/// The rows are as they were before the transaction of the dead connection.
fn check(db: &Connection) {
    let sum: i64 = db.query_row("select sum(x) from t", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 700);
    let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

fn owns(words: &dyn Words, lock: u32) -> bool {
    words.load(layout::lock(lock) + lock_word::OWNER) == DEAD + 1
}

#[test]
fn a_hot_journal_is_rolled_back() {
    for mode in [JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        for spilled in [true, false] {
            let (runtime, dying, other) = two_connections(mode);
            let words = runtime.inner().control();
            let before = runtime.database_size();
            dying.execute_batch("begin immediate").unwrap();
            if spilled {
                dying.execute_batch("update t set x = 1, pad = printf('%.900c', 'y')").unwrap();
            } else {
                dying.execute_batch("update t set x = 1 where id = 50").unwrap();
            }
            assert!(owns(words.as_ref(), locks::RESERVED));
            assert_eq!(owns(words.as_ref(), locks::EXCLUSIVE), spilled, "{mode:?}");
            assert_eq!(runtime.database_size() > before, spilled, "the file was written to");
            std::mem::forget(dying);
            assert!(reap(words, REAPER, DEAD, 1));
            check(&other);
            assert_eq!(runtime.database_size(), before, "{mode:?}");
            other.execute_batch("update t set x = x + 1; update t set x = x - 1").unwrap();
            check(&other);
            check(&connect(&runtime, mode));
        }
    }
}

/// Frames of a transaction that was not committed, whether others know of them or not.
#[test]
fn uncommitted_frames_are_passed_over() {
    for published in [true, false] {
        let (runtime, dying, other) = two_connections(JournalMode::Wal);
        let words = runtime.inner().control();
        dying.execute_batch("update t set pad = 'z' where id = 1; begin immediate").unwrap();
        let before = runtime.write_ahead_size();
        dying.execute_batch("update t set x = 1, pad = printf('%.400c', 'y')").unwrap();
        assert!(runtime.write_ahead_size() > before, "the transaction did not spill");
        assert!(owns(words.as_ref(), locks::WRITE));
        if published {
            // SAFETY: the connection is open, and nothing else uses its database now.
            unsafe { database_of(dying.handle()) }.unwrap().refresh();
        }
        std::mem::forget(dying);
        assert!(reap(words, REAPER, DEAD, 1));
        check(&other);
        let again = connect(&runtime, JournalMode::Wal);
        for db in [&other, &again] {
            db.execute_batch("update t set x = x + 1 where id < 60; update t set x = x - 1 where id < 60")
                .unwrap();
            check(&other);
            check(&again);
            for db in [&other, &again] {
                // SAFETY: as above.
                let database = unsafe { database_of(db.handle()) }.unwrap();
                database.refresh();
                assert_eq!(database.wal_index().unwrap().difference_from_shared(), None);
            }
        }
        assert_eq!(other.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0)), Ok(0));
        check(&again);
    }
}

/// Died between the words of a publish: the header is invalid, and SQLite recovers it from the log.
#[test]
fn a_torn_header_is_recovered() {
    let (runtime, dying, other) = two_connections(JournalMode::Wal);
    let words = runtime.inner().control();
    other.execute_batch("update t set pad = 'z' where id < 20").unwrap();
    dying.execute_batch("begin immediate; update t set x = 1").unwrap();
    std::mem::forget(dying);
    words.store(PUBLISHER, DEAD + 1);
    words.add(VERSION, 1);
    words.scatter(&[Change { at: HEADER + 4, value: 77 }, Change { at: HEADER + 6, value: 12 }]);
    let before = runtime.diagnostics().counters;
    assert!(reap(words, REAPER, DEAD, 1));
    check(&other);
    let after = runtime.diagnostics().counters;
    assert_eq!((after.deaths, after.recoveries), (before.deaths + 1, before.recoveries + 1));
    check(&connect(&runtime, JournalMode::Wal));
    let pads: i64 = other.query_row("select count(*) from t where pad = 'z'", [], |row| row.get(0)).unwrap();
    assert_eq!(pads, 19, "what was committed is there");
}

/// A connection that closed is not dead, nor is the next one in its slot.
#[test]
fn only_the_dead_are_reaped() {
    let (runtime, first, other) = two_connections(JournalMode::Wal);
    let words = runtime.inner().control().clone();
    assert!(!reap(&words, REAPER, DEAD, 0), "a generation that is over");
    drop(first);
    assert!(!reap(&words, REAPER, DEAD, 1), "a connection that closed");
    let next = connect(&runtime, JournalMode::Wal);
    assert!(!reap(&words, REAPER, DEAD, 1), "the next one in the slot");
    next.execute_batch("begin; select * from t").unwrap();
    std::mem::forget(next);
    assert_eq!(runtime.connections(), 2);
    assert!(reap(&words, REAPER, DEAD, 2));
    assert!(!reap(&words, REAPER, DEAD, 2), "once is enough");
    assert_eq!(runtime.connections(), 1);
    assert_eq!(other.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0)), Ok(0));
    check(&other);
}

/// A writer that waits for a dead one is woken when that one is reaped, not when it next looks.
#[test]
fn a_waiter_is_woken() {
    let (runtime, dying, _other) = two_connections(JournalMode::Wal);
    dying.execute_batch("begin immediate; update t set x = 1").unwrap();
    std::mem::forget(dying);
    let waited = std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let db = super::connect(&runtime, JournalMode::Keep, Duration::from_secs(20));
            let start = Instant::now();
            db.execute_batch("begin immediate; commit").unwrap();
            start.elapsed()
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(reap(runtime.inner().control(), REAPER, DEAD, 1));
        waiter.join().unwrap()
    });
    assert!(waited > Duration::from_millis(100), "it did not have to wait: {waited:?}");
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

/// One that was slow to attach lost its slot, as one that is dead: it opens in another, and whoever
/// has its slot by then is left alone.
#[test]
fn a_slot_taken_away_while_opening() {
    let runtime = create_runtime();
    let control = runtime.inner().control();
    let slow = Slot::claim(control, 0).unwrap();
    let (index, generation) = (slow.index(), slow.generation());
    assert!(take_unattached(control, index, generation));
    let next = Slot::claim(control, 0).unwrap();
    assert_eq!((next.index(), next.generation()), (index, generation + 1));
    let next = runtime.connect_in(next, &ConnectOptions::default()).unwrap();
    let told = || {
        [connection_word::PROOF, connection_word::PROOF_CHECK]
            .map(|word| control.load(layout::connection(index) + word))
    };
    let proof = told();
    assert_eq!(proof[0], layout::connection_id(index, generation + 1));

    let db = runtime.connect_in(slow, &ConnectOptions::default()).unwrap();
    assert_eq!(runtime.connections(), 2);
    db.execute_batch("create table t (x); insert into t values (7)").unwrap();
    assert_eq!(next.query_row("select x from t", [], |row| row.get(0)), Ok(7));
    assert_eq!(told(), proof, "by which others know that it lives");
    drop((db, next));
    assert_eq!(runtime.connections(), 0);
}
