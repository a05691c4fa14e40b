//! Attaching to the wal-index: the first one zeroes it, and only when nobody else is attached.

use super::memory::{control, index};
use super::steps::ghost;
use super::{Model, await_end, reached};
use crate::layout::{ATTACHED, HEADER, PUBLISHER, VERSION, slot, slot_states, slot_word};
use crate::memory::Change;
use crate::ordered_section::{Section, patience};
use crate::reaping::reap;
use crate::wal_index::{Holding, WalIndex};

/// What was there before: of connections that are gone.
const LEFT: u32 = 77;
/// A word that each connection increments while it is attached, in a section of its own.
const COUNT: u32 = HEADER + 24;

/// Connections that are attached for certain, and that many increments since the last zeroing.
const CERTAIN: u32 = 0;

fn set_up(connections: u32) {
    for connection in 0..connections {
        control().store(slot(connection), slot_word(1, slot_states::LIVE));
    }
    (0..2).for_each(|at| control().store(HEADER + at, LEFT));
    control().store(COUNT, LEFT);
}

/// Attaches, leaves a mark of its own, sees to it that this stays, and detaches.
fn connection(me: u32) {
    let words = control();
    let attached =
        WalIndex::attach(words.clone(), index(), me, patience()).expect("nobody stands in the way for ever");
    ghost(CERTAIN, |certain| *certain += 1);
    let at = COUNT + 1 + me;
    let mut section = Section::enter(words.as_ref(), me, patience()).unwrap();
    assert_eq!(words.load(HEADER), 0, "the first one zeroes");
    assert_eq!(words.load(HEADER + 1), 0, "the first one zeroes all of it");
    section.open();
    let count = words.load(COUNT);
    assert!(count < LEFT, "{count} is left of those before");
    words.scatter(&[Change { at: COUNT, value: count + 1 }, Change { at, value: 5 }]);
    drop(section);
    reached(&format!("attached, {count} before"));
    assert_eq!(words.load(at), 5, "zeroed under a connection that is attached");
    ghost(CERTAIN, |certain| *certain -= 1);
    assert!(attached.detach(Holding::Nothing).is_ok());
}

fn check_quiet() {
    let words = control();
    assert_eq!(words.load(PUBLISHER), 0);
    assert_eq!(words.load(VERSION) % 2, 0);
    assert_eq!([words.load(ATTACHED), words.load(ATTACHED + 1)], [0, 0], "somebody is still attached");
}

#[test]
fn the_first_one_zeroes_and_no_other() {
    let report = Model::new("2 attach and detach")
        .set_up(|| set_up(2))
        .thread(|| connection(0))
        .thread(|| connection(1))
        .check(check_quiet)
        .explore();
    report.assert_reached(&["attached, 0 before", "attached, 1 before"]);
}

/// One dies at any point, also in the middle of zeroing, and is reaped; the other is there before
/// that, or after.
#[test]
fn a_death_leaves_nothing_half_zeroed() {
    const REAPER: u32 = 2;
    let report = Model::new("a dying one attaches, another one, a reaper")
        .set_up(|| set_up(3))
        .mortal(|| connection(0))
        .thread(|| connection(1))
        .thread(|| {
            if await_end(0) {
                assert!(reap(&control(), REAPER, 0, 1));
                reached("reaped");
            }
        })
        .check(check_quiet)
        .explore();
    report.assert_reached(&["attached, 0 before", "attached, 1 before", "reaped"]);
}
