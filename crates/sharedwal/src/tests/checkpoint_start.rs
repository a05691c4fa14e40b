//! Before a checkpoint overwrites pages of the database, everybody can know of how many frames it
//! may: else a snapshot could be opened of which pages are overwritten already.

use std::time::Duration;

use super::{connect, create_runtime, mortal};
use crate::JournalMode;
use crate::injection::Point;
use crate::layout::HEADER;

/// `WalIndexHdr.mxFrame` and `WalCkptInfo.nBackfillAttempted`.
const MX_FRAME: u32 = HEADER + 4;
const BACKFILL_ATTEMPTED: u32 = HEADER + 32;

#[test]
fn what_is_attempted_is_known_before_the_first_page_is_written() {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("pragma wal_autocheckpoint = 0; create table t (x); insert into t values (1)").unwrap();
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
