//! The lock table: exclusion, wake-ups, claims, and what the dead leave.
//!
//! Nothing here knows the words of a lock: what a model asserts, it keeps itself.

use std::time::Duration;

use super::memory::control;
use super::world::{ghost, knows, no_time_passes};
use super::{FOR_EVER, Model, TimeOuts, await_end, full, reached};
use crate::layout::{locks, slot, slot_states, slot_word};
use crate::locks::{Contended, LockTable, Mode};
use crate::reaping::reap;

const LOCK: u32 = locks::WRITE;

/// Who is inside: the living exclusive holder, and how many shared ones.
const OWNER: u32 = 0;
const HOLDERS: u32 = 1;

/// Whoever fails so often in a row, against others that are all awake, is left out of account: how
/// long that can go on is for the scheduler to say.
fn tries() -> u32 {
    if full() { 3 } else { 2 }
}

fn is_let_in(mode: Mode) {
    let owner = ghost(OWNER, |owner| *owner += u32::from(mode == Mode::Exclusive));
    let holders = ghost(HOLDERS, |holders| *holders += u32::from(mode == Mode::Shared));
    let (exclusive, shared) = (owner, holders);
    assert!(exclusive == 0 || exclusive == 1 && shared == 0, "{exclusive} owners and {shared} holders");
}

fn goes_out(mode: Mode) {
    ghost(if mode == Mode::Exclusive { OWNER } else { HOLDERS }, |inside| *inside -= 1);
}

/// Tries once.
fn attempt(table: &mut LockTable, mode: Mode) -> Result<(), Contended> {
    let taken = match mode {
        Mode::Shared => table.try_shared(LOCK),
        Mode::Exclusive => table.try_exclusive(LOCK),
    };
    if taken.is_ok() {
        is_let_in(mode);
    }
    taken
}

fn leave(table: &LockTable, mode: Mode) {
    // Out before the release: others may be let in from its first step on.
    goes_out(mode);
    match mode {
        Mode::Shared => table.release_shared(LOCK),
        Mode::Exclusive => table.release_exclusive(LOCK),
    }
}

/// Takes the lock as SQLite does, waiting where it is refused. False if others went first so often
/// that this execution is left out of account.
fn take(table: &mut LockTable, mode: Mode, patience: Duration) -> bool {
    for tried in 0..tries() {
        knows(&(tried, table.memory()), no_time_passes());
        match attempt(table, mode) {
            Ok(()) => return true,
            Err(contended) => {
                if !table.wait_for(contended, patience) {
                    reached("gave up");
                    return false;
                }
            }
        }
    }
    // It stops trying, and so gives up its claim, as SQLite does when a statement ends.
    table.give_up();
    false
}

/// Slots of both words of a bitmap of 64.
const SLOTS: [u32; 4] = [0, 33, 2, 63];

fn connect() {
    for index in SLOTS {
        control().store(slot(index), slot_word(1, slot_states::LIVE));
    }
}

/// After everything the lock is nobody's.
fn check_free() {
    let mut table = LockTable::new(control(), 50);
    assert!(!table.is_owned(LOCK), "somebody is left as the owner");
    assert_eq!(table.try_exclusive(LOCK), Ok(()), "a shared hold or a claim is left");
    assert_eq!(table.try_shared(LOCK + 1), Ok(()), "the next lock is none of its business");
}

fn trying(name: &'static str, modes: &[Mode], rounds: u32) -> Model {
    let mut model = Model::new(name);
    for (thread, mode) in modes.iter().copied().enumerate() {
        model = model.thread(move || {
            let mut table = LockTable::new(control(), SLOTS[thread]);
            for _ in 0..rounds {
                if attempt(&mut table, mode).is_ok() {
                    reached(&format!("{thread} was let in"));
                    leave(&table, mode);
                } else {
                    reached(&format!("{thread} was refused"));
                }
            }
        });
    }
    model.check(check_free)
}

use Mode::{Exclusive, Shared};

#[test]
fn exclusive_takers_exclude_everybody() {
    let rounds = if full() { 2 } else { 1 };
    for modes in [[Exclusive, Exclusive, Exclusive], [Exclusive, Exclusive, Shared], [Exclusive, Shared, Shared]] {
        let report = trying("3 tries", &modes, rounds).explore();
        report.assert_reached(&["0 was let in", "0 was refused", "2 was let in", "2 was refused"]);
    }
    for modes in [[Exclusive, Exclusive], [Exclusive, Shared]] {
        trying("2 tries, again and again", &modes, 3).explore();
    }
}

/// One thread that has the lock and lets it go, and others that sleep where they are refused: none
/// sleeps for ever.
fn waiting(name: &'static str, holds: Mode, modes: &[Mode], time_outs: TimeOuts) -> Model {
    const HOLDER: u32 = 5;
    let mut model = Model::new(name)
        .time_outs(time_outs)
        .set_up(move || attempt(&mut LockTable::new(control(), HOLDER), holds).unwrap())
        .thread(move || leave(&LockTable::new(control(), HOLDER), holds));
    for (thread, mode) in modes.iter().copied().enumerate() {
        model = model.thread(move || {
            let mut table = LockTable::new(control(), SLOTS[thread]);
            if take(&mut table, mode, FOR_EVER) {
                reached(&format!("{thread} had it"));
                leave(&table, mode);
            } else {
                reached(&format!("{thread} was unlucky"));
            }
        });
    }
    model.check(check_free)
}

#[test]
fn no_release_is_slept_over() {
    let three = [[Exclusive, Exclusive], [Exclusive, Shared], [Shared, Shared]];
    for holds in [Exclusive, Shared] {
        for modes in three.into_iter().filter(|modes| holds == Exclusive || modes[0] == Exclusive) {
            waiting("a holder, 2 waiters", holds, &modes, TimeOuts::Never)
                .explore()
                .assert_reached(&["0 had it", "1 had it"]);
        }
    }
}

/// As before, where threads may be as slow as it takes to make a claim.
#[test]
fn nobody_sleeps_for_ever_over_a_claim() {
    for modes in [[Exclusive, Exclusive], [Exclusive, Shared]] {
        waiting("a holder, 2 waiters with claims", Exclusive, &modes, TimeOuts::Delays).explore();
    }
}
