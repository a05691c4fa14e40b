//! A checkpoint that empties the log has told of it before. Else somebody who read the database alone, and
//! writes now, could find the header that was: it would append to a log that has lost its beginning, and
//! no recovery would find what it commits.

use std::time::Duration;

use super::last_close::{Death, open, reaped_by_one_that_dies, rows};
use super::{create_runtime, invalidate_header, mortal};
use crate::connections::Slot;
use crate::ordered_section::TEST_PATIENCE;
use crate::reaping::reap;

/// What came of it.
struct Outcome {
    /// Whether the checkpoint, and the reaper, did all they had to before their deaths.
    checkpointed: bool,
    reaped: bool,
    committed: bool,
}

/// One connection dies while it empties the log, whoever reaps it dies, too, and a connection that read all
/// the time commits then. Later the wal-index is lost.
fn after(changes: u32, changes_of_reaper: u32) -> Outcome {
    let runtime = create_runtime();
    let control = runtime.inner().control();
    let victim = open(&runtime);
    victim
        .execute_batch("create table t (x); insert into t values (1); pragma wal_checkpoint(full)")
        .unwrap();
    let survivor = open(&runtime);
    survivor.execute_batch("begin").unwrap();
    assert_eq!(rows(&survivor), 1);

    mortal::die_after(changes);
    let _ = victim.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    let checkpointed = !mortal::is_dead();
    let Death { dead, reaper, reaped } = reaped_by_one_that_dies(&runtime, victim, changes_of_reaper);

    // What it says of a lock that is not free yet, or of a snapshot that is too old, is right.
    TEST_PATIENCE.set(Some(Duration::ZERO));
    let committed = survivor.execute_batch("insert into t values (2); commit").is_ok();
    TEST_PATIENCE.set(None);
    let _ = survivor.execute_batch("rollback");

    let next = Slot::claim(control, 0).unwrap();
    assert!(next.attach());
    reap(control, next.index(), reaper.index(), reaper.generation());
    reap(control, next.index(), dead.0, dead.1);
    invalidate_header(control.as_ref());
    let found = rows(&open(&runtime));
    let place = format!("after {changes} changes of the checkpoint and {changes_of_reaper} of the reaper");
    assert_eq!(found, 1 + i64::from(committed), "{place}");
    Outcome { checkpointed, reaped, committed }
}

#[test]
fn who_goes_on_after_a_death_appends_to_no_log_without_a_beginning() {
    let mut commits = 0;
    let changes = (0..).find(|changes| {
        let deaths = (0..).map(|changes_of_reaper| after(*changes, changes_of_reaper));
        let last =
            deaths.inspect(|outcome| commits += u32::from(outcome.committed)).find(|outcome| outcome.reaped);
        last.is_some_and(|outcome| outcome.checkpointed)
    });
    let changes = changes.unwrap();
    assert!(changes > 10, "{changes} changes");
    assert!(commits > 10, "{commits} commits");
}
