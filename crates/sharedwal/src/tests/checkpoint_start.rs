//! Before a checkpoint overwrites pages of the database, everybody can know of how many frames it
//! may: else a snapshot could be opened of which pages are overwritten already.

use std::time::Duration;

use rusqlite::Connection;

use super::{connect_without_checkpoints, create_runtime, mortal};
use crate::Runtime;
use crate::injection::Point;
use crate::layout::{HEADER, PUBLISHER};
use crate::ordered_section::TEST_PATIENCE;

/// `WalIndexHdr.mxFrame` and `WalCkptInfo.nBackfillAttempted`.
const MX_FRAME: u32 = HEADER + 4;
const BACKFILL_ATTEMPTED: u32 = HEADER + 32;

/// A row that is in the log alone.
fn with_a_log() -> (Runtime, Connection) {
    let runtime = create_runtime();
    let db = connect_without_checkpoints(&runtime, Duration::ZERO);
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    (runtime, db)
}

/// From the next time on that this thread synchronises a file, somebody stands in the ordered section.
fn stall_at_sync(runtime: &Runtime) {
    let words = runtime.inner().control().clone();
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    mortal::visit_at(Point::Sync, Some(Box::new(move || words.store(PUBLISHER, 60 + 1))));
}

#[test]
fn what_is_attempted_is_known_before_the_first_page_is_written() {
    let (runtime, db) = with_a_log();
    let control = runtime.inner().control();
    let frames = control.load(MX_FRAME);
    assert!(frames > 0);
    assert_eq!(control.load(BACKFILL_ATTEMPTED), 0);
    mortal::die_at(Point::Write, 0);
    mortal::until_death(|| {
        let _ = db.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    });
    assert!(mortal::is_dead(), "the checkpoint wrote nothing");
    drop(db);
    mortal::revive();
    assert_eq!(control.load(BACKFILL_ATTEMPTED), frames);
}

#[test]
fn a_checkpoint_that_cannot_tell_of_its_attempt_writes_nothing() {
    let (runtime, db) = with_a_log();
    let words = runtime.inner().control();
    let checkpoint = || {
        db.query_row("pragma wal_checkpoint(passive)", [], |row| Ok([0, 1, 2].map(|at| row.get(at).unwrap())))
    };
    // The log is synchronised right before.
    stall_at_sync(&runtime);
    mortal::die_at(Point::Write, 0);
    let refused = checkpoint();
    assert!(!mortal::is_dead(), "it wrote");
    mortal::revive();
    mortal::visit_at(Point::Sync, None);
    let frames = i64::from(words.load(MX_FRAME));
    assert_eq!(refused, Ok([0, frames, 0]));

    words.store(PUBLISHER, 0);
    assert_eq!(checkpoint(), Ok([0, frames, frames]));
    assert_eq!(db.query_row("select sum(x) from t", [], |row| row.get(0)), Ok(1));
}

/// With EXCLUSIVE nobody else reads, and who closes last deletes the log: it must have written all of it.
#[test]
fn the_last_one_to_close_writes_whatever_stalls() {
    let (runtime, db) = with_a_log();
    let words = runtime.inner().control();
    stall_at_sync(&runtime);
    drop(db);
    mortal::visit_at(Point::Sync, None);
    words.store(PUBLISHER, 0);
    let db = connect_without_checkpoints(&runtime, Duration::ZERO);
    assert_eq!(db.query_row("select sum(x) from t", [], |row| row.get(0)), Ok(1));
}
