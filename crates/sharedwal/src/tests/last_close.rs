//! The last connection deletes the log. A wal-index that somebody half dead seems to have must not
//! outlive it: what is committed into the log after that could not be recovered.

use std::time::Duration;

use rusqlite::Connection;

use super::{connect, create_runtime, mortal};
use crate::connections::Slot;
use crate::layout::{HEADER, HEADER_WORDS, locks};
use crate::locks::LockTable;
use crate::memory::Change;
use crate::ordered_section::{Section, patience};
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

/// A reaper dies after so many changes, the last connection closes, and the next one commits while a
/// reader keeps it from beginning the log anew; then a writer dies in its publish.
fn after(changes: u32) -> bool {
    let runtime = create_runtime();
    let control = runtime.inner().control();
    let last = open(&runtime);
    last.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let victim = open(&runtime);
    assert_eq!(rows(&victim), 1);
    // SAFETY: the connection is open, and nothing else uses its database now.
    let (slot, generation) = unsafe { database_of(victim.handle()) }.unwrap().identity();
    mortal::die_after(0);
    drop(victim);
    mortal::revive();

    let dying = Slot::claim(control).unwrap();
    assert!(dying.attach());
    mortal::die_after(changes);
    reap(control, dying.index(), slot, generation);
    let done = !mortal::is_dead();
    mortal::revive();
    drop(last);

    let next = open(&runtime);
    let mut reader = LockTable::new(control.clone(), 60);
    reader.try_shared(locks::READ + 1).unwrap();
    next.execute_batch("insert into t values (2)").unwrap();
    reader.release_shared(locks::READ + 1);
    // As a reaper does after a writer that died in its publish.
    let mut section = Section::enter(control.as_ref(), 60, patience()).unwrap();
    section.open();
    let zeros: Vec<Change> = (HEADER..HEADER + HEADER_WORDS).map(|at| Change { at, value: 0 }).collect();
    control.scatter(&zeros);
    drop(section);
    assert_eq!(rows(&open(&runtime)), 2, "rows, after a reaper that died of its change {changes}");
    done
}

#[test]
fn a_log_that_is_gone_has_no_wal_index() {
    let steps = (0..).find(|changes| after(*changes)).unwrap();
    assert!(steps > 20, "{steps} changes");
}
