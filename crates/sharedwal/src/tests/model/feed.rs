//! The change feed: who reads the ring gets each record whole and in its order, or is told that some
//! are missing; and no two append at once, whoever died.

use super::memory::control;
use super::{Model, await_end, reached};
use crate::feed::{Commit, Reader, Ring, TableChange, Tables};
use crate::layout::feed::LISTENING;
use crate::layout::{self, connection_word, locks, slot, slot_states, slot_word};
use crate::locks::LockTable;
use crate::reaping::reap;

/// Has room for four records of one table.
const SHORT: u32 = 32;

/// Each connection has a table of its own.
fn table_of(connection: u32) -> Tables {
    let name = ["zero", "one", "two", "six"][connection as usize];
    Tables::Known(vec![TableChange { name: name.into(), row_ids: None }])
}

fn append(ring: &Ring, connection: u32) {
    ring.append(connection, table_of(connection));
}

/// Whether it is told what its connection did, and all of it.
fn is_whole(commit: &Commit) -> bool {
    commit.connection.is_some_and(|connection| connection < 4 && commit.tables == table_of(connection))
}

fn read_on(reader: &mut Reader, looks: u32) -> String {
    let mut last = 0;
    let mut seen = String::new();
    for _ in 0..looks {
        let Some(commit) = reader.next() else { continue };
        if commit.tables == Tables::Unknown {
            seen += "?";
        } else {
            assert!(is_whole(&commit), "a torn record: {commit:?}");
            assert_eq!(commit.sequence, last + 1, "{commit:?} after {last}");
            seen += &commit.connection.unwrap_or_default().to_string();
        }
        last = commit.sequence;
    }
    seen
}

/// A writer goes round the ring and may die of it, another one comes after it, and a reader begins at
/// the record that is overwritten first.
fn going_round(looks: u32) -> Model {
    Model::new("a ring that is overwritten by two writers, a death, a reader")
        .set_up(|| {
            let ring = Ring::short(control(), SHORT);
            (0..3).for_each(|_| append(&ring, 3));
        })
        .mortal(|| {
            let ring = Ring::short(control(), SHORT);
            append(&ring, 0);
            append(&ring, 0);
        })
        .thread(|| {
            await_end(0);
            append(&Ring::short(control(), SHORT), 1);
        })
        .thread(move || {
            let mut reader = Reader::from_start(Ring::short(control(), SHORT));
            reached(&read_on(&mut reader, looks));
        })
        .check(|| {
            // Four records fit; each is there unless the ring went round.
            let mut reader = Reader::from_start(Ring::short(control(), SHORT));
            let seen = read_on(&mut reader, 10);
            assert!(["3331", "?", "333?"].contains(&&*seen), "{seen}");
        })
}

#[test]
fn a_reader_gets_whole_records_or_is_told() {
    let (looks, most) = if super::full() { (4, "3331") } else { (2, "33") };
    going_round(looks).explore().assert_reached(&[most, "3?", "?"]);
}

fn connect(index: u32) {
    control().store(slot(index), slot_word(1, slot_states::LIVE));
}

const DYING: u32 = 0;
const WRITING: u32 = 1;
const REAPING: u32 = 2;

/// What a commit does around its record.
fn commit(connection: u32) -> bool {
    let words = control();
    let mut table = LockTable::new(words.clone(), connection);
    if table.try_exclusive(locks::WRITE).is_err() {
        return false;
    }
    append(&Ring::of(words), connection);
    table.release_exclusive(locks::WRITE);
    true
}

/// A writer dies at any point, is reaped, and another one writes as soon as it can: the records are in
/// order, and where the dead one may have committed without its record, there is an unknown one.
#[test]
fn a_dead_writers_commit_is_told() {
    let report = Model::new("a dying writer, another one, a reaper")
        .set_up(|| {
            [DYING, WRITING, REAPING].into_iter().for_each(connect);
            control().store(LISTENING, 1);
        })
        .mortal(|| {
            commit(DYING);
        })
        .thread(|| {
            let wrote = commit(WRITING);
            reached(if wrote { "wrote" } else { "was kept out" });
        })
        .thread(|| {
            if await_end(0) {
                assert!(reap(&control(), REAPING, DYING, 1));
                reached("reaped");
            }
        })
        .check(|| {
            let mut reader = Reader::from_start(Ring::of(control()));
            let mut all = String::new();
            let mut last = 0;
            while let Some(commit) = reader.next() {
                assert_eq!(commit.sequence, last + 1, "{commit:?}");
                last = commit.sequence;
                assert!(is_whole(&commit) || commit.connection == Some(64 + DYING), "{commit:?}");
                all += &if is_whole(&commit) { commit.connection.unwrap().to_string() } else { "?".into() };
            }
            reached(&all);
        })
        .explore();
    report.assert_reached(&["0", "01", "10", "?", "?1", "1", "0?", "0?1", "wrote", "was kept out", "reaped"]);
}

/// Who tries EXCLUSIVE stands in its owner word before it has looked at the others. If it dies there,
/// nobody tells of it: a living writer may be telling just now.
#[test]
fn a_death_with_a_lock_that_was_only_tried() {
    Model::new("a dying taker of EXCLUSIVE, a writer that shares it, a reaper")
        .set_up(|| {
            [DYING, WRITING, REAPING].into_iter().for_each(connect);
            let words = control();
            words.store(LISTENING, 1);
            LockTable::new(words, WRITING).try_shared(locks::EXCLUSIVE).unwrap();
        })
        .mortal(|| {
            let words = control();
            let mut table = LockTable::new(words.clone(), DYING);
            if table.try_exclusive(locks::EXCLUSIVE).is_ok() {
                words.store(layout::connection(DYING) + connection_word::HOLDS_EXCLUSIVE, 1);
                panic!("somebody shares it");
            }
        })
        .thread(|| assert!(commit(WRITING)))
        .thread(|| {
            if await_end(0) {
                assert!(reap(&control(), REAPING, DYING, 1));
                reached("reaped");
            }
        })
        .check(|| {
            let mut reader = Reader::from_start(Ring::of(control()));
            assert_eq!(read_on(&mut reader, 3), "1");
        })
        .explore()
        .assert_reached(&["reaped"]);
}
