//! The last connection deletes the log. A wal-index that somebody half dead seems to have must not
//! outlive it: what is committed into the log after that could not be recovered.

use std::time::Duration;

use rusqlite::Connection;

use super::{connect_without_checkpoints, create_runtime, invalidate_header, mortal};
use crate::Runtime;
use crate::connections::Slot;
use crate::layout::locks;
use crate::locks::LockTable;
use crate::reaping::reap;
use crate::vfs::database_of;

pub fn open(runtime: &Runtime) -> Connection {
    connect_without_checkpoints(runtime, Duration::ZERO)
}

pub fn rows(db: &Connection) -> i64 {
    db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
}

/// A connection that died, and who was to reap it.
pub struct Death {
    /// By slot and generation.
    pub dead: (u32, u32),
    pub reaper: Slot,
    /// Whether that one lived until it was done.
    pub reaped: bool,
}

/// A connection dies before it changes anything more, and who reaps it after so many changes.
pub fn reaped_by_one_that_dies(runtime: &Runtime, victim: Connection, changes: u32) -> Death {
    // SAFETY: the connection is open, and nothing else uses its database now.
    let dead = unsafe { database_of(victim.handle()) }.unwrap().identity();
    mortal::die_after(0);
    drop(victim);
    mortal::revive();

    let control = runtime.inner().control();
    let reaper = Slot::claim(control, 0).unwrap();
    assert!(reaper.attach());
    mortal::die_after(changes);
    reap(control, reaper.index(), dead.0, dead.1);
    let reaped = !mortal::is_dead();
    mortal::revive();
    Death { dead, reaper, reaped }
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
    let death = reaped_by_one_that_dies(&runtime, victim, changes);
    drop(last);

    let next = open(&runtime);
    let mut reader = LockTable::new(control.clone(), 60);
    reader.try_shared(locks::READ + 1).unwrap();
    next.execute_batch("insert into t values (2)").unwrap();
    reader.release_shared(locks::READ + 1);
    invalidate_header(control.as_ref());
    assert_eq!(rows(&open(&runtime)), 2, "rows, after a reaper that died of its change {changes}");
    death.reaped
}

#[test]
fn a_log_that_is_gone_has_no_wal_index() {
    let steps = (0..).find(|changes| after(*changes)).unwrap();
    assert!(steps > 20, "{steps} changes");
}
