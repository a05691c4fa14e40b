//! The order in which a dead connection's things are given back: a newcomer may look after each
//! step, and the reaper may die of each.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{create_runtime, mortal};
use crate::connections::Slot;
use crate::injection::Point;
use crate::layout::{self, PUBLISHER, lock_word, locks};
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{JournalMode, Runtime};

const ROWS: i64 = 100;

fn connect(runtime: &Runtime, mode: JournalMode) -> Connection {
    let db = super::connect(runtime, mode, Duration::ZERO);
    db.execute_batch("pragma cache_size = 10; pragma cache_spill = 1").unwrap();
    db
}

/// A database of small pages.
fn create(mode: JournalMode) -> Runtime {
    let runtime = create_runtime();
    let db = super::connect(&runtime, JournalMode::Keep, Duration::ZERO);
    db.execute_batch(&format!(
        "pragma page_size = 512;
         create table t (id integer primary key, x, pad);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {ROWS})
           insert into t select i, 7, printf('%.300c', 'x') from c"
    ))
    .unwrap();
    drop(db);
    drop(connect(&runtime, mode));
    runtime
}

/// Kills the connection's thread at the point while it does `work`; returns who it was.
fn die(runtime: &Runtime, mode: JournalMode, point: Point, times: u32, work: &str) -> (u32, u32) {
    let db = connect(runtime, mode);
    // SAFETY: the connection is open, and nothing else uses its database now.
    let identity = unsafe { database_of(db.handle()) }.unwrap().identity();
    mortal::die_at(point, times);
    mortal::until_death(|| {
        let _ = db.execute_batch(work);
    });
    assert!(mortal::is_dead(), "{point:?} was not reached");
    drop(db);
    mortal::revive();
    identity
}

/// Reaps, by somebody who dies after so many changes; whether it came to the end before.
fn reap_and_die(runtime: &Runtime, (slot, generation): (u32, u32), changes: u32) -> ((u32, u32), bool) {
    let control = runtime.inner().control();
    let dying = Slot::claim(control, 0).unwrap();
    assert!(dying.attach());
    let identity = (dying.index(), dying.generation());
    mortal::die_after(changes);
    reap(control, dying.index(), slot, generation);
    let done = !mortal::is_dead();
    mortal::die_after(0);
    drop(dying);
    mortal::revive();
    (identity, done)
}

/// What a newcomer reads: what was committed, or nothing yet.
fn look(runtime: &Runtime, step: u32, allowed: &[i64]) {
    let options = crate::ConnectOptions {
        journal_mode: JournalMode::Keep,
        busy_timeout: Duration::ZERO,
        ..crate::ConnectOptions::default()
    };
    let sum = runtime.connect_blocking_with(&options).and_then(|db| {
        Ok(db.query_row("select sum(x), sum(length(pad)) from t", [], |row| row.get::<_, i64>(0))?)
    });
    match sum {
        Ok(sum) => assert!(allowed.contains(&sum), "{sum} after step {step}"),
        Err(crate::Error::Sqlite(error)) => {
            assert_eq!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy),
                "after step {step}: {error}"
            );
        }
        Err(error) => panic!("after step {step}: {error}"),
    }
}

/// For every number of steps that the first reaper lives.
fn at_each_step(mode: JournalMode, point: Point, times: u32, work: &str, allowed: &[i64]) {
    for step in 0.. {
        assert!(step < 200, "the reaper never comes to the end");
        let runtime = create(mode);
        let dead = die(&runtime, mode, point, times, work);
        let (dead_reaper, done) = reap_and_die(&runtime, dead, step);
        let control = runtime.inner().control();
        // While its publisher word or WRITE stands, a newcomer can be left waiting.
        if control.load(PUBLISHER) == 0 && control.load(layout::lock(locks::WRITE) + lock_word::OWNER) == 0 {
            look(&runtime, step, allowed);
        }
        let reaper = Slot::claim(control, 0).unwrap();
        assert!(reaper.attach());
        assert!(reap(control, reaper.index(), dead_reaper.0, dead_reaper.1));
        reap(control, reaper.index(), dead.0, dead.1);
        drop(reaper);
        assert_eq!(runtime.connections(), 0, "after step {step}: a case was not taken over");

        let db = connect(&runtime, mode);
        let sum: i64 = db.query_row("select sum(x) from t", [], |row| row.get(0)).unwrap();
        assert!(allowed.contains(&sum), "{sum} in the end, after step {step}");
        db.execute_batch("update t set pad = 'z'").unwrap();
        let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, "ok", "after step {step}");
        if done {
            return;
        }
    }
}

const WORK: &str = "begin immediate; update t set x = 1, pad = printf('%.900c', 'y'); commit";

/// Pages in the database are half of the dead transaction's: nobody may read them before they are
/// rolled back from the journal.
#[test]
fn with_a_hot_journal() {
    for mode in [JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        at_each_step(mode, Point::Write, 150, WORK, &[7 * ROWS]);
    }
}

/// In the publish of a commit: the transaction is there, or it is not.
#[test]
fn in_the_publish_of_a_commit() {
    for point in [Point::VersionOdd, Point::BetweenWords, Point::WordsStored, Point::VersionEven] {
        for times in [0, 1] {
            at_each_step(JournalMode::Wal, point, times, WORK, &[7 * ROWS, ROWS]);
        }
    }
}
