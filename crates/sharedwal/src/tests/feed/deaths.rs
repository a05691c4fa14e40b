//! A writer that dies before any change of shared memory that its commit makes: what others find
//! changed, they were told of. So in each mode, and where its reaper dies as well.

use super::*;
use crate::ConnectOptions;
use crate::connections::Slot;
use crate::ordered_section::TEST_PATIENCE;
use crate::reaping::reap;
use crate::tests::mortal::{die_after, is_dead, last_point, revive, until_death};
use crate::tests::{create_runtime, take_unattached};
use crate::vfs::database_of;

/// Reaps what is dead: proof is the caller's.
pub fn bury(runtime: &Runtime, slot: u32, generation: u32) {
    let control = runtime.inner().control();
    if !take_unattached(control, slot, generation) {
        let reaper = Slot::claim(control, 0).unwrap();
        assert!(reaper.attach());
        reap(control, reaper.index(), slot, generation);
    }
}

fn filled(mode: JournalMode) -> Runtime {
    let runtime = create_runtime();
    Tracked::new(&runtime, mode).exec("create table a (x); create table b (x); insert into a values (0)");
    runtime
}

fn sum(db: &Connection) -> i64 {
    db.query_row("select (select sum(x) from a) + coalesce((select sum(x) from b), 0)", [], |row| row.get(0))
        .unwrap()
}

fn identity(db: &Tracked) -> (u32, u32) {
    // SAFETY: the connection is open, and nothing else uses its database now.
    unsafe { database_of(db.handle()) }.unwrap().identity()
}

/// Lets a connection die of `work` after so many changes; who died, or `None` if it was done before.
fn die_of(runtime: &Runtime, before: &str, work: &str, changes: u32) -> Option<(u32, u32)> {
    let db = Tracked::new(runtime, JournalMode::Keep);
    db.exec(before);
    let identity = identity(&db);
    die_after(changes);
    until_death(|| {
        let _ = db.run(work);
    });
    let died = is_dead();
    die_after(0);
    drop(db);
    revive();
    if !died {
        bury(runtime, identity.0, identity.1);
    }
    died.then_some(identity)
}

/// After the death: whoever looks finds nothing that was not told.
fn check(runtime: &Runtime, listener: &mut Reader, before: i64, what: &str) -> Vec<String> {
    let db = connect(runtime, JournalMode::Keep, Duration::from_secs(20));
    let mut told = told(listener);
    let mut last = before;
    // With the second look SQLite may recover what the first one did not find.
    for _ in 0..2 {
        let found = sum(&db);
        told.extend(super::told(listener));
        assert!(found == last || !told.is_empty(), "{what}: {found} instead of {last}, and nothing told");
        last = found;
    }
    for told in &told {
        assert!(told == "?" || told == "a" || told == "a b", "{what}: {told}");
    }
    // The ring is in order.
    let other = Tracked::of(db);
    other.exec("insert into b values (100)");
    let after = super::told(listener);
    assert_eq!(after.last().map(String::as_str), Some("b"), "{what}: {after:?}");
    told
}

fn sweep(mode: JournalMode, before: &str, work: &str, least_known: i32) {
    let (mut deaths, mut unknown, mut known) = (0, 0, 0);
    for changes in 0.. {
        let what = format!("{mode:?}, {work}, dead after {changes} changes");
        let runtime = filled(mode);
        let mut listener = listen(&runtime);
        let Some((slot, generation)) = die_of(&runtime, before, work, changes) else { break };
        let what = format!("{what} at {:?}", last_point());
        bury(&runtime, slot, generation);
        let told = check(&runtime, &mut listener, 0, &what);
        deaths += 1;
        unknown += i32::from(told.iter().any(|told| told == "?"));
        known += i32::from(told.iter().any(|told| told != "?"));
        assert!(changes < 5000, "{what}: it never comes to the end");
    }
    println!("{mode:?}, {work}: {deaths} deaths, {unknown} told as unknown, {known} by their own record");
    assert!(deaths > 20 && unknown > 10 && known >= least_known, "{deaths}, {unknown}, {known}");
}

#[test]
fn of_a_commit() {
    for mode in [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        sweep(mode, "", "insert into a values (7)", 1);
    }
    sweep(JournalMode::Wal, "begin; insert into a values (7)", "insert into b values (8); commit", 1);
}

#[test]
fn of_a_commit_in_exclusive_mode() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        // The record is the last change.
        let before = "pragma locking_mode = exclusive; select * from a";
        sweep(mode, before, "insert into a values (7)", 0);
    }
}

/// A reaper dies of it before each of its changes; the next one begins anew. Meanwhile others commit.
#[test]
fn of_who_reaps() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let begin = if mode == JournalMode::Wal { "immediate" } else { "exclusive" };
        let mut deaths = 0;
        for changes in 0.. {
            let runtime = filled(mode);
            let mut listener = listen(&runtime);
            let control = runtime.inner().control();
            let dying = Tracked::new(&runtime, JournalMode::Keep);
            dying.exec(&format!("begin {begin}; insert into a values (7)"));
            let (slot, generation) = identity(&dying);
            die_after(0);
            drop(dying);
            revive();

            let reaper = Slot::claim(control, 0).unwrap();
            assert!(reaper.attach());
            let (second, second_generation) = (reaper.index(), reaper.generation());
            die_after(changes);
            until_death(|| {
                reap(control, second, slot, generation);
            });
            let died = is_dead();
            die_after(0);
            drop(reaper);
            revive();
            // Somebody who can write by now does.
            TEST_PATIENCE.set(Some(Duration::ZERO));
            let options = ConnectOptions {
                journal_mode: JournalMode::Keep,
                busy_timeout: Duration::ZERO,
                ..ConnectOptions::default()
            };
            let quick = runtime.connect_blocking_with(&options);
            let wrote = quick.is_ok_and(|db| db.execute("insert into b values (0)", []).is_ok());
            TEST_PATIENCE.set(None);
            if died {
                bury(&runtime, second, second_generation);
            }
            bury(&runtime, slot, generation);
            let what = format!("{mode:?}: a reaper dead after {changes} changes, wrote {wrote}");
            let told = check(&runtime, &mut listener, 0, &what);
            assert!(told.iter().any(|told| told == "?"), "{what}");
            if !died {
                break;
            }
            deaths += 1;
        }
        println!("{mode:?}: {deaths} reapers died");
        assert!(deaths > 10, "{deaths}");
    }
}
