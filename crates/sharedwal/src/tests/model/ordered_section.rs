//! The ordered section: copies are whole, nothing is lost, and a death inside is mended.

use super::memory::control;
use super::steps::ghost;
use super::{Model, TimeOuts, await_end, full, reached};
use crate::layout::{EPOCH, HEADER, PUBLISHER, VERSION, locks, slot, slot_states, slot_word};
use crate::locks::LockTable;
use crate::memory::{Change, Words};
use crate::ordered_section::{Section, Version, patience, read};
use crate::reaping::reap;

/// Words that are published together, each time with one value for all.
const TOGETHER: usize = 2;

/// How many publishes have begun and how many are complete.
const BEGUN: u32 = 0;
const COMPLETE: u32 = 1;

/// Publishes the next value; false if the section cannot be entered.
fn publish(words: &dyn Words, slot: u32) -> bool {
    let Ok(mut section) = Section::enter(words, slot, patience()) else { return false };
    section.open();
    let value = words.load(HEADER) + 1;
    ghost(BEGUN, |begun| *begun += 1);
    let changes: Vec<_> = (0..TOGETHER as u32).map(|at| Change { at: HEADER + at, value }).collect();
    words.scatter(&changes);
    drop(section);
    ghost(COMPLETE, |complete| *complete += 1);
    true
}

/// Copies what is there; `None` if it cannot.
fn copy(words: &dyn Words, slot: u32) -> Option<[u32; TOGETHER]> {
    let mut copy = [0; TOGETHER];
    read(words, slot, patience(), || words.copy_out(HEADER, &mut copy)).ok().map(|_| copy)
}

/// Looks, and finds a version and a state that so many complete publishes made.
fn look(words: &dyn Words, slot: u32) -> (Version, u32) {
    let complete = ghost(COMPLETE, |_| ());
    let mut copy = [0; TOGETHER];
    let version = read(words, slot, patience(), || words.copy_out(HEADER, &mut copy));
    let version = version.expect("nobody stands in the way for ever");
    assert!(copy.iter().all(|word| *word == copy[0]), "a torn copy: {copy:?}");
    assert!(copy[0] >= complete, "publish {complete} was complete before the look, which found {copy:?}");
    assert!(copy[0] <= ghost(BEGUN, |_| ()), "{copy:?} was never published");
    (version, copy[0])
}

/// After everything: the section is free, its version even, and rose by two for each publish.
fn check_quiet(words: &dyn Words, publishes: u32) {
    assert_eq!(words.load(PUBLISHER), 0, "somebody is still inside");
    let first = if words.load(EPOCH) == 0 { 0 } else { WRAPS };
    assert_eq!(words.load(VERSION).wrapping_sub(first), 2 * publishes, "the version");
    assert_eq!(words.load(HEADER), publishes, "a publish was lost");
}

/// A version from which the next publish goes past 32 bits.
const WRAPS: u32 = 0_u32.wrapping_sub(2);

fn side_by_side(name: &'static str, publishers: u32, looks: u32) -> Model {
    let mut model = Model::new(name).thread(move || {
        let words = control();
        let (mut last_version, mut last) = look(words.as_ref(), 9);
        reached(&format!("looked at {last}"));
        for _ in 1..looks {
            let (version, next) = look(words.as_ref(), 9);
            assert!(next >= last && version >= last_version, "{next} after {last}");
            assert_eq!(version > last_version, next > last, "{version:?} after {last_version:?}");
            (last_version, last) = (version, next);
            reached(&format!("looked at {next}"));
        }
    });
    for slot in 0..publishers {
        model = model.thread(move || assert!(publish(control().as_ref(), slot)));
    }
    model.check(move || check_quiet(control().as_ref(), publishers))
}

#[test]
fn copies_are_whole_and_no_publish_is_lost() {
    let looks = if full() { 3 } else { 2 };
    let report = side_by_side("2 publishers, 1 reader", 2, looks).explore();
    report.assert_reached(&["looked at 0", "looked at 1"]);
}

#[test]
fn a_copy_that_keeps_publishers_out_is_whole_too() {
    for optimistic in [0, 1] {
        let report = side_by_side("2 publishers, 1 slow reader", 2, 1).optimistic(optimistic).explore();
        report.assert_reached(&["looked at 0", "looked at 1", "looked at 2"]);
    }
}

/// The upper half of the version moves before the lower one: no version after the wrap is taken for
/// one before it.
#[test]
fn the_version_goes_past_32_bits() {
    side_by_side("a publisher, a reader, past 32 bits", 1, 2)
        .set_up(|| control().store(VERSION, WRAPS))
        .explore()
        .assert_reached(&["looked at 0", "looked at 1"]);
}

fn connect(index: u32) {
    control().store(slot(index), slot_word(1, slot_states::LIVE));
}

const DYING: u32 = 0;
const PUBLISHING: u32 = 1;
const READING: u32 = 2;
const REAPING: u32 = 3;

/// Reaps the first thread's connection when that one has died.
fn reaper() {
    if await_end(0) {
        assert!(reap(&control(), REAPING, DYING, 1));
        reached("reaped");
    }
}

/// A publisher without WRITE dies at any point: each of its words counts for itself, the section is
/// left, and the others come through.
#[test]
fn a_dead_publisher_is_led_out() {
    let report = Model::new("a dying publisher, another one, a reader, a reaper")
        .set_up(|| [DYING, PUBLISHING, READING, REAPING].into_iter().for_each(connect))
        .mortal(|| {
            publish(control().as_ref(), DYING);
        })
        .thread(|| {
            // Another word than the dying one's, as of another read mark.
            let words = control();
            let mut section = Section::enter(words.as_ref(), PUBLISHING, patience()).unwrap();
            section.open();
            words.scatter(&[Change { at: HEADER + 5, value: 8 }]);
        })
        .thread(|| {
            let copy = copy(control().as_ref(), READING).expect("nobody stands in the way for ever");
            assert!(copy.iter().all(|word| *word <= 1), "{copy:?}");
            reached(&format!("{copy:?}"));
        })
        .thread(reaper)
        .check(|| {
            let words = control();
            assert_eq!(words.load(PUBLISHER), 0);
            assert_eq!(words.load(VERSION) % 2, 0, "the version stays odd");
            assert_eq!(words.load(HEADER + 5), 8, "the living one's publish was lost");
        })
        .explore();
    report.assert_reached(&["[0, 0]", "[1, 0]", "[1, 1]", "reaped"]);
}

/// The holder of WRITE dies at any point: whoever looks finds the state before, the state after, or
/// a header of zeros, which is SQLite's word for "recover this".
#[test]
fn a_dead_writers_header_is_whole_or_zero() {
    const OLD: u32 = 4;
    let report = Model::new("a dying writer, a reader, a reaper")
        .set_up(|| {
            [DYING, READING, REAPING].into_iter().for_each(connect);
            let words = control();
            (0..TOGETHER as u32).for_each(|at| words.store(HEADER + at, OLD));
        })
        .mortal(|| {
            let words = control();
            let mut table = LockTable::new(words.clone(), DYING);
            assert!(table.try_exclusive(locks::WRITE).is_ok());
            publish(words.as_ref(), DYING);
            table.release_exclusive(locks::WRITE);
        })
        .thread(|| {
            let looks = [(); 2].map(|()| copy(control().as_ref(), READING).unwrap());
            for look in looks {
                let [word, other] = look;
                assert!(word == other && [0, OLD, OLD + 1].contains(&word), "accepted {look:?}");
            }
            reached(&format!("{} then {}", looks[0][0], looks[1][0]));
        })
        .thread(|| {
            reaper();
            if await_end(0) {
                assert!(!LockTable::new(control(), REAPING).is_owned(locks::WRITE), "WRITE is still owned");
            }
        })
        .check(|| {
            let words = control();
            assert_eq!(words.load(PUBLISHER), 0);
            assert_eq!(words.load(VERSION) % 2, 0, "the version stays odd");
        })
        .explore();
    report
        .assert_reached(&["4 then 4", "4 then 5", "5 then 5", "4 then 0", "0 then 0", "5 then 0", "reaped"]);
}

/// A reader that keeps publishers out dies of it: nothing was stored, and nothing changes.
#[test]
fn a_reader_that_died_inside_is_led_out() {
    Model::new("a dying slow reader, a publisher, a reaper")
        .optimistic(0)
        .set_up(|| [DYING, PUBLISHING, REAPING].into_iter().for_each(connect))
        .mortal(|| {
            copy(control().as_ref(), DYING);
        })
        .thread(|| assert!(publish(control().as_ref(), PUBLISHING)))
        .thread(reaper)
        .check(|| check_quiet(control().as_ref(), 1))
        .explore()
        .assert_reached(&["reaped"]);
}

/// Nobody reaps: the others give up after their patience, and leave everything as it is.
#[test]
fn patience_ends() {
    let report = Model::new("a publisher that died for good, another one, a reader")
        .time_outs(TimeOuts::Possible)
        .set_up(|| [DYING, PUBLISHING, READING].into_iter().for_each(connect))
        .mortal(|| {
            publish(control().as_ref(), DYING);
        })
        .thread(|| {
            reached(if publish(control().as_ref(), PUBLISHING) { "published" } else { "gave up" });
        })
        .thread(|| match copy(control().as_ref(), READING) {
            Some(copy) => {
                assert_eq!(copy[0], copy[1], "a torn copy");
                reached("copied");
            }
            None => reached("did not copy"),
        })
        .check(|| {
            let words = control();
            let (publisher, version) = (words.load(PUBLISHER), words.load(VERSION));
            assert!(publisher == 0 || publisher == DYING + 1, "{publisher} is inside");
            assert!(publisher != 0 || version % 2 == 0, "an odd version without a name");
        })
        .explore();
    report.assert_reached(&["published", "gave up", "copied", "did not copy"]);
}
