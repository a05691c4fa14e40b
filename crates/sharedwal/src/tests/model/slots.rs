//! Slots: each death is reaped once and whole, whoever dies of reaping it, and the next connection
//! in a slot is left alone.

use std::sync::Arc;

use super::memory::control;
use super::steps::{ghost, pause};
use super::{Model, await_end, full, reached};
use crate::connections::Slot;
use crate::layout::{ATTACHED, PUBLISHER, VERSION, locks, slot, slot_states, slot_word};
use crate::locks::LockTable;
use crate::memory::Words;
use crate::reaping::reap;

const DYING: u32 = 0;

fn connect(index: u32, state: u32) {
    control().store(slot(index), slot_word(1, state));
}

/// The state of a slot of generation 1, if it is of that generation.
fn state(index: u32) -> Option<u32> {
    let word = control().load(slot(index));
    (word >> slot_states::GENERATION_SHIFT == 1).then_some(word & slot_states::MASK)
}

/// A connection that died while it held something of everything.
fn holding_everything() {
    let words = control();
    connect(DYING, slot_states::LIVE);
    let mut table = LockTable::new(words.clone(), DYING);
    table.try_shared(locks::CHECKPOINT + 5).unwrap();
    table.try_exclusive(locks::WRITE).unwrap();
    words.or(ATTACHED, 1 << DYING);
    words.store(PUBLISHER, DYING + 1);
    words.store(VERSION, 7);
}

fn holds_nothing(words: &Arc<dyn Words>, index: u32) {
    let mut table = LockTable::new(words.clone(), 50);
    for lock in 0..locks::COUNT {
        assert_eq!(table.try_exclusive(lock), Ok(()), "lock {lock} is still held");
        table.release_exclusive(lock);
    }
    assert_eq!(words.load(ATTACHED) & 1 << index, 0, "still attached");
    assert_ne!(words.load(PUBLISHER), index + 1, "still inside the ordered section");
    assert_eq!(words.load(VERSION) % 2, 0, "the version stays odd");
}

/// How often the first death was reaped.
const REAPED: u32 = 8;

fn reap_it(reaper: u32, dead: u32) {
    let reaps = reap(&control(), reaper, dead, 1);
    ghost(REAPED, |reaped| *reaped += u32::from(reaps && dead == DYING));
    reached(&format!("{reaper} {} {dead}", if reaps { "reaps" } else { "passes" }));
}

/// Two get the proof at once.
#[test]
fn two_reapers_reap_once() {
    let report = Model::new("2 reapers")
        .set_up(|| {
            holding_everything();
            [1, 2].into_iter().for_each(|reaper| connect(reaper, slot_states::LIVE));
        })
        .thread(|| reap_it(1, DYING))
        .thread(|| reap_it(2, DYING))
        .check(|| {
            assert_eq!(state(DYING), Some(slot_states::FREE));
            assert_eq!(ghost(REAPED, |_| ()), 1, "each of them reaped it");
            holds_nothing(&control(), DYING);
        })
        .explore();
    report.assert_reached(&["1 reaps 0", "1 passes 0", "2 reaps 0", "2 passes 0"]);
}

/// One of two reapers dies, at any point, and the other has the proof of that death too.
#[test]
fn a_case_is_taken_over_from_a_dead_reaper() {
    let report = Model::new("a dying reaper, a reaper of both")
        .set_up(|| {
            holding_everything();
            [1, 2].into_iter().for_each(|reaper| connect(reaper, slot_states::LIVE));
        })
        .mortal(|| reap_it(1, DYING))
        .thread(|| {
            reap_it(2, DYING);
            if await_end(0) {
                assert!(reap(&control(), 2, 1, 1));
                assert_eq!(state(1), Some(slot_states::FREE));
            }
        })
        .check(|| {
            assert_eq!(state(DYING), Some(slot_states::FREE), "the case was left");
            holds_nothing(&control(), DYING);
        })
        .explore();
    report.assert_reached(&["1 reaps 0", "2 reaps 0", "2 passes 0"]);
}

/// A reaper dies of it, and so does the one that reaps that one. The last one had the proof of the
/// first death too early, when another was at it.
#[test]
fn a_case_is_taken_over_twice() {
    let report = Model::new("2 dying reapers, a reaper of all")
        .set_up(|| {
            holding_everything();
            [1, 2, 3].into_iter().for_each(|reaper| connect(reaper, slot_states::LIVE));
        })
        .mortal(|| reap_it(1, DYING))
        .mortal(|| {
            if await_end(0) {
                reap_it(2, 1);
            }
        })
        .thread(|| {
            // The proof of the first death came at a time when the case was another's.
            let first = await_end(0);
            if state(DYING).is_some_and(|state| state < slot_states::REAPING) {
                reap_it(3, DYING);
            }
            if await_end(1) {
                reap_it(3, 2);
            }
            if first {
                reap_it(3, 1);
            }
        })
        .check(|| {
            assert_eq!(state(DYING), Some(slot_states::FREE), "the case was left");
            holds_nothing(&control(), DYING);
        })
        .explore();
    report.assert_reached(&["2 reaps 1", "3 reaps 2", "3 reaps 1", "3 passes 1"]);
}

/// A new connection in the dead one's slot: its locks, its attachment and its slot stay its own,
/// however late a reaper of the dead one is.
#[test]
fn the_next_in_the_slot_is_left_alone() {
    const LOCK: u32 = locks::RESERVED;
    const GENERATION: u32 = 0;
    let model = Model::new("2 reapers, 1 of them dying, and the next in the slot")
        .set_up(|| {
            holding_everything();
            // No other slot is free, so that only the dead one's can be claimed.
            (1..crate::layout::SLOTS).for_each(|index| connect(index, slot_states::LIVE));
        })
        .mortal(|| reap_it(1, DYING))
        .thread(|| {
            reap_it(2, DYING);
            if await_end(0) {
                reap_it(2, 1);
            }
        })
        .thread(|| {
            let words = control();
            let Some(next) = Slot::claim(&words, 0) else { return reached("no slot is free") };
            assert!(next.attach());
            let index = next.index();
            let mut table = LockTable::new(words.clone(), index);
            assert_eq!(table.try_exclusive(LOCK), Ok(()));
            assert_eq!(table.try_shared(locks::WRITE), Ok(()), "the dead one's lock");
            words.or(ATTACHED + index / 32, 1 << (index % 32));
            if index == DYING {
                ghost(GENERATION, |generation| *generation = next.generation());
                reached("reused");
            }
            // It lives on, with what it has.
            std::mem::forget(next);
        })
        .check(|| {
            let words = control();
            if ghost(GENERATION, |_| ()) == 2 {
                assert_eq!(words.load(slot(DYING)), slot_word(2, slot_states::LIVE), "its slot");
                let mut table = LockTable::new(words.clone(), 50);
                assert!(table.is_owned(LOCK), "its lock was taken from it");
                assert!(table.try_exclusive(locks::WRITE).is_err(), "its shared hold was taken from it");
                assert_eq!(words.load(ATTACHED) & 1, 1, "it was detached");
            }
        });
    model.explore().assert_reached(&["reused", "no slot is free", "1 reaps 0", "2 reaps 0"]);
}

/// Claims that meet get different slots.
#[test]
fn a_slot_is_claimed_by_one() {
    let claimer = || {
        let slot = Slot::claim(&control(), 0).unwrap();
        assert!(slot.attach());
        let users = ghost(slot.index(), |users| *users += 1);
        assert_eq!(users, 1, "two connections in slot {}", slot.index());
        reached(&format!("slot {}", slot.index()));
        pause();
        ghost(slot.index(), |users| *users -= 1);
        drop(slot);
    };
    let model = Model::new("2 claims").thread(claimer).thread(claimer);
    if full() {
        // The third one stays.
        Model::new("3 claims")
            .thread(claimer)
            .thread(claimer)
            .thread(|| {
                let slot = Slot::claim(&control(), 0).unwrap();
                let users = ghost(slot.index(), |users| *users += 1);
                assert_eq!(users, 1, "two connections in slot {}", slot.index());
                reached(&format!("slot {} for good", slot.index()));
                std::mem::forget(slot);
            })
            .explore()
            .assert_reached(&["slot 0 for good", "slot 1 for good", "slot 2 for good"]);
    }
    model
        .check(|| (0..3).for_each(|index| assert_eq!(control().load(slot(index)) & slot_states::MASK, 0)))
        .explore()
        .assert_reached(&["slot 0", "slot 1"]);
}
