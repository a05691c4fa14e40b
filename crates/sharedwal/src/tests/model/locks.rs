//! The lock table: exclusion, wake-ups, claims, and what the dead leave.
//!
//! Nothing here knows the words of a lock: what a model asserts, it keeps itself.

use std::time::Duration;

use super::memory::control;
use super::steps::{ghost, knows, no_time_passes, pause};
use super::{FOR_EVER, Model, TimeOuts, await_end, full, reached};
use crate::layout::{locks, slot, slot_states, slot_word};
use crate::locks::{Contended, LockTable, Mode};
use crate::reaping::reap;

const LOCK: u32 = locks::WRITE;

/// How a thread is inside, kept in a word for each.
const OUT: u32 = 0;
const OWNER: u32 = 1;
const HOLDER: u32 = 2;
const THREADS: u32 = 4;

/// Whoever fails so often in a row, against others that are all awake, is left out of account: how
/// long that can go on is for the scheduler to say.
fn tries() -> u32 {
    if full() { 3 } else { 2 }
}

fn is_let_in(thread: u32, mode: Mode) {
    ghost(thread, |inside| *inside = if mode == Exclusive { OWNER } else { HOLDER });
    let inside: Vec<u32> =
        (0..THREADS).map(|thread| ghost(thread, |_| ())).filter(|how| *how != OUT).collect();
    assert!(inside.len() == 1 || !inside.contains(&OWNER), "inside are {inside:?}");
}

fn goes_out(thread: u32) {
    ghost(thread, |inside| *inside = OUT);
}

/// Tries once.
fn attempt(thread: u32, table: &mut LockTable, mode: Mode) -> Result<(), Contended> {
    let taken = match mode {
        Mode::Shared => table.try_shared(LOCK),
        Mode::Exclusive => table.try_exclusive(LOCK),
    };
    if taken.is_ok() {
        is_let_in(thread, mode);
    }
    taken
}

fn leave(thread: u32, table: &mut LockTable, mode: Mode) {
    pause();
    // Out before the release: others may be let in from its first step on.
    goes_out(thread);
    match mode {
        Mode::Shared => table.release_shared(LOCK),
        Mode::Exclusive => table.release_exclusive(LOCK),
    }
}

/// Takes the lock as SQLite does, waiting where it is refused. False if others went first so often
/// that this execution is left out of account.
fn take(thread: u32, table: &mut LockTable, mode: Mode) -> bool {
    for tried in 0..tries() {
        knows(&(tried, table.memory()), no_time_passes());
        match attempt(thread, table, mode) {
            Ok(()) => return true,
            Err(contended) if tried + 1 < tries() => {
                assert!(table.wait_for(contended, FOR_EVER), "no time-out is so long");
            }
            Err(_) => {}
        }
    }
    // It stops trying, and so gives up its claim, as SQLite does when a statement ends.
    table.give_up();
    false
}

/// The threads' slots, far from each other.
const SLOTS: [u32; THREADS as usize] = [0, 33, 2, 63];

fn table(thread: u32) -> LockTable {
    LockTable::new(control(), SLOTS[thread as usize])
}

/// All are connected before anything begins, which leaves one shared word less to the search.
fn connect() {
    for (thread, index) in (0..).zip(SLOTS) {
        control().store(slot(index), slot_word(1, slot_states::LIVE));
        let _ = table(thread);
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
    for (thread, mode) in (0..).zip(modes.iter().copied()) {
        model = model.thread(move || {
            let mut table = table(thread);
            for _ in 0..rounds {
                if attempt(thread, &mut table, mode).is_ok() {
                    reached(&format!("{thread} was let in"));
                    leave(thread, &mut table, mode);
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
    for modes in
        [[Exclusive, Exclusive, Exclusive], [Exclusive, Exclusive, Shared], [Exclusive, Shared, Shared]]
    {
        let report = trying("3 tries", &modes, rounds).explore();
        report.assert_reached(&["0 was let in", "0 was refused", "2 was let in", "2 was refused"]);
    }
    for modes in [[Exclusive, Exclusive], [Exclusive, Shared]] {
        trying("2 tries, again and again", &modes, 3).explore();
    }
}

/// A thread that sleeps where it is refused, and lets the lock go once it had it.
fn wait_and_leave(thread: u32, mode: Mode) {
    let mut table = table(thread);
    if take(thread, &mut table, mode) {
        reached(&format!("{thread} had it"));
        leave(thread, &mut table, mode);
    } else {
        reached(&format!("{thread} was unlucky"));
    }
}

/// One thread that has the lock and lets it go, and others that sleep where they are refused: none
/// sleeps for ever.
fn waiting(name: &'static str, holds: Mode, modes: [Mode; 2], time_outs: TimeOuts) -> Model {
    let [first, second] = modes;
    Model::new(name)
        .time_outs(time_outs)
        .set_up(move || {
            connect();
            attempt(0, &mut table(0), holds).unwrap();
        })
        .thread(move || leave(0, &mut table(0), holds))
        .thread(move || wait_and_leave(1, first))
        .thread(move || wait_and_leave(2, second))
        .check(check_free)
}

#[test]
fn no_release_is_slept_over() {
    for (holds, modes) in [
        (Exclusive, [Exclusive, Exclusive]),
        (Exclusive, [Exclusive, Shared]),
        (Exclusive, [Shared, Shared]),
        (Shared, [Exclusive, Exclusive]),
    ] {
        waiting("a holder, 2 waiters", holds, modes, TimeOuts::Never)
            .explore()
            .assert_reached(&["1 had it", "2 had it"]);
    }
}

/// As before, where threads may be as slow as it takes to make a claim.
#[test]
fn nobody_sleeps_for_ever_over_a_claim() {
    let report =
        waiting("a holder, 2 waiters with claims", Exclusive, [Exclusive, Exclusive], TimeOuts::Delays)
            .explore();
    report.assert_reached(&["1 had it", "2 had it"]);
}

/// Reaps the first thread's connection when that one has died.
fn reaper() {
    if await_end(0) {
        // Until here the others had to respect what it held.
        goes_out(0);
        assert!(reap(&control(), SLOTS[3], SLOTS[0], 1));
        reached("reaped");
    }
}

/// A holder dies at any point, while it takes the lock, has it or gives it up: whoever waits gets
/// the lock when that one is reaped.
#[test]
fn waiters_for_a_dead_holder_come_through() {
    for (holds, wants) in [(Exclusive, Exclusive), (Exclusive, Shared), (Shared, Exclusive)] {
        Model::new("a dying holder, a waiter, a reaper")
            .set_up(connect)
            .mortal(move || {
                let mut table = table(0);
                if attempt(0, &mut table, holds).is_ok() {
                    leave(0, &mut table, holds);
                }
            })
            .thread(move || wait_and_leave(1, wants))
            .thread(reaper)
            .check(check_free)
            .explore()
            .assert_reached(&["1 had it", "reaped"]);
    }
}

/// A waiter dies at any point, with a claim or without: the other waiter comes through, at the
/// latest when that one is reaped.
#[test]
fn a_dead_waiter_holds_nobody_up() {
    let waits = || {
        let mut table = table(0);
        if let Err(contended) = table.try_exclusive(LOCK) {
            let _ = table.wait_for(contended, FOR_EVER);
            table.give_up();
        } else {
            table.release_exclusive(LOCK);
        }
    };
    Model::new("a dying waiter, another one, a holder that reaps")
        .time_outs(TimeOuts::Delays)
        .set_up(|| {
            connect();
            LockTable::new(control(), SLOTS[2]).try_exclusive(LOCK).unwrap();
        })
        .mortal(waits)
        .thread(|| wait_and_leave(1, Exclusive))
        .thread(|| {
            table(2).release_exclusive(LOCK);
            reaper();
        })
        .check(check_free)
        .explore()
        .assert_reached(&["1 had it", "reaped"]);
}

/// A claim whose maker died and is not reaped is void after its time.
#[test]
fn no_claim_lasts_for_ever() {
    const PATIENCE: Duration = Duration::from_millis(200);
    let report = Model::new("a dying waiter, and one that comes after it")
        .time_outs(TimeOuts::Possible)
        .set_up(|| {
            connect();
            table(2).try_exclusive(LOCK).unwrap();
        })
        .mortal(|| {
            let mut table = table(0);
            let contended = table.try_exclusive(LOCK).unwrap_err();
            let _ = table.wait_for(contended, Duration::from_millis(60));
            table.give_up();
        })
        .thread(|| {
            await_end(0);
            table(2).release_exclusive(LOCK);
            let mut table = table(1);
            if table.try_exclusive(LOCK).is_ok() {
                reached("at once");
                return table.release_exclusive(LOCK);
            }
            let refused = Contended { lock: LOCK, mode: Exclusive };
            assert!(table.wait_for(refused, PATIENCE), "a claim outlives its time");
            assert_eq!(table.try_exclusive(LOCK), Ok(()));
            table.release_exclusive(LOCK);
            reached("after the claim");
        })
        .explore();
    report.assert_reached(&["at once", "after the claim"]);
}
