//! The fence: what a connection does that may be evicted at any moment, it does whole and before, or
//! not at all. Its locks go to others, and its slot to the next, who are left alone by it.

use super::memory::control;
use super::steps::ghost;
use super::{Model, reached};
use crate::connections::{Slot, TEST_UNPROVEN};
use crate::eviction::evict;
use crate::fence::{Evicted, Fence};
use crate::layout::{lock, lock_word, locks, slot, slot_states, slot_word};
use crate::locks::LockTable;
use crate::reaping::reap_marked;
use crate::tests::mortal;

const LOCK: u32 = locks::WRITE;
const SILENT: u32 = 0;
const OTHER: u32 = 1;

/// What the lock protects: two ghost words that are equal but in the middle of a change.
const DATA: [u32; 2] = [0, 1];
/// What was reported as done.
const DONE: u32 = 2;

fn owner() -> u32 {
    control().load(lock(LOCK) + lock_word::OWNER)
}

/// Changes the data, as the owner of the lock.
fn change(by: u32) {
    assert_eq!(owner(), by + 1, "it changes what is not its own");
    let before = DATA.map(|word| ghost(word, |_| ()));
    assert_eq!(before[0], before[1], "half of a change");
    ghost(DATA[0], |word| *word += 1);
    assert_eq!(owner(), by + 1, "its lock was taken from it in the middle of a change");
    ghost(DATA[1], |word| *word += 1);
}

/// Opens a connection whose death nobody can prove, takes the lock, changes something, and gives the
/// lock up: each a call, with a fence around it.
fn silent() -> Result<(), Evicted> {
    let words = control();
    let Some(claimed) = Slot::claim(&words, 0) else { return Ok(()) };
    TEST_UNPROVEN.set(true);
    assert!(claimed.attach());
    TEST_UNPROVEN.set(false);
    let (fence, inside) = Fence::around(&words, &claimed);
    // What it is afterwards is of no interest here.
    std::mem::forget(claimed);
    let mut table = LockTable::new(words, SILENT);
    drop(inside);
    let taken = fence.enter().map(|_inside| table.try_exclusive(LOCK))?;
    if taken.is_err() {
        reached("refused");
        return Ok(());
    }
    let _inside = fence.enter()?;
    change(SILENT);
    drop(_inside);
    ghost(DONE, |done| *done += 1);
    let _inside = fence.enter()?;
    table.release_exclusive(LOCK);
    Ok(())
}

#[test]
fn who_is_evicted_changes_nothing_any_more() {
    let report = Model::new("eviction")
        .switch_everywhere()
        .set_up(|| {
            control().store(slot(OTHER), slot_word(1, slot_states::LIVE));
            (OTHER + 1..crate::layout::SLOTS)
                .for_each(|index| control().store(slot(index), slot_word(1, slot_states::LIVE)));
            let _ = LockTable::new(control(), OTHER);
        })
        .thread(|| {
            let result = silent();
            mortal::revive();
            reached(if result.is_ok() { "through" } else { "evicted" });
        })
        .thread(|| {
            let words = control();
            if !evict(words.as_ref(), SILENT, 1) {
                return reached("not to be evicted");
            }
            reap_marked(&words, OTHER);
            // The next one in the slot, which has the same number in all words.
            let next = Slot::claim(&words, 0).expect("the slot is free");
            assert!(next.attach());
            assert_eq!((next.index(), next.generation()), (SILENT, 2));
            let mut table = LockTable::new(words, SILENT);
            assert_eq!(table.try_exclusive(LOCK), Ok(()), "the lock is free");
            change(SILENT);
            ghost(DONE, |done| *done += 1);
            reached("the next one has it");
            std::mem::forget(next);
        })
        .check(|| {
            let [first, second, done] = [DATA[0], DATA[1], DONE].map(|word| ghost(word, |_| ()));
            assert_eq!((first, second), (done, done), "what was reported as done is there");
            let next = control().load(slot(SILENT)) >> slot_states::GENERATION_SHIFT == 2;
            if next {
                assert_eq!(owner(), SILENT + 1, "the lock was taken from the next one");
            }
        })
        .explore();
    report.assert_reached(&["through", "evicted", "not to be evicted", "the next one has it"]);
}
