//! A checkpoint that empties the log has told of it before. Else somebody who read the database alone, and
//! writes now, could find the header that was: it would append to a log that has lost its beginning, and
//! no recovery would find what it commits.

use std::time::Duration;

use rusqlite::Connection;

use super::{connect, create_runtime, mortal};
use crate::connections::Slot;
use crate::layout::{HEADER, HEADER_WORDS};
use crate::memory::Change;
use crate::ordered_section::{Section, TEST_PATIENCE, patience};
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{JournalMode, Runtime};

fn open(runtime: &Runtime) -> Connection {
    let db = connect(runtime, JournalMode::Wal, Duration::ZERO);
    db.execute_batch("pragma wal_autocheckpoint = 0").unwrap();
    db
}

fn rows(db: &Connection) -> i64 {
    db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
}

/// What came of it.
struct Outcome {
    /// Whether the checkpoint, and the reaper, did all they had to before their deaths.
    checkpointed: bool,
    reaped: bool,
    committed: bool,
}

/// One connection dies while it empties the log, whoever reaps it dies, too, and a connection that read all the
/// time commits then. Later the wal-index is lost.
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

    // SAFETY: the connection is open, and nothing else uses its database now.
    let (slot, generation) = unsafe { database_of(victim.handle()) }.unwrap().identity();
    mortal::die_after(changes);
    let _ = victim.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    let checkpointed = !mortal::is_dead();
    mortal::die_after(0);
    drop(victim);
    mortal::revive();

    let dying = Slot::claim(control).unwrap();
    assert!(dying.attach());
    mortal::die_after(changes_of_reaper);
    reap(control, dying.index(), slot, generation);
    let reaped = !mortal::is_dead();
    mortal::revive();
    // What it says of a lock that is not free yet, or of a snapshot that is too old, is right.
    TEST_PATIENCE.set(Some(Duration::ZERO));
    let committed = survivor.execute_batch("insert into t values (2); commit").is_ok();
    TEST_PATIENCE.set(None);
    let _ = survivor.execute_batch("rollback");

    let reaper = Slot::claim(control).unwrap();
    assert!(reaper.attach());
    reap(control, reaper.index(), dying.index(), dying.generation());
    reap(control, reaper.index(), slot, generation);
    // As a reaper does after a writer that died in its publish.
    let mut section = Section::enter(control.as_ref(), reaper.index(), patience()).unwrap();
    section.open();
    let zeros: Vec<Change> = (HEADER..HEADER + HEADER_WORDS).map(|at| Change { at, value: 0 }).collect();
    control.scatter(&zeros);
    drop(section);
    let found = rows(&open(&runtime));
    let place = format!("after {changes} changes of the checkpoint and {changes_of_reaper} of the reaper");
    assert_eq!(found, 1 + i64::from(committed), "{place}");
    Outcome { checkpointed, reaped, committed }
}

#[test]
fn who_goes_on_after_a_death_appends_to_no_log_without_a_beginning() {
    let (mut commits, mut changes) = (0, 0);
    loop {
        let mut outcome;
        let mut changes_of_reaper = 0;
        loop {
            outcome = after(changes, changes_of_reaper);
            commits += u32::from(outcome.committed);
            if outcome.reaped {
                break;
            }
            changes_of_reaper += 1;
        }
        if outcome.checkpointed {
            break;
        }
        changes += 1;
    }
    assert!(changes > 10, "{changes} changes");
    assert!(commits > 10, "{commits} commits");
}
