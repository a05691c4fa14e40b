//! A long waiter's claim to be next: respected, withdrawn, void after a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::layout::{self, CONTROL_WORDS, lock_word, locks};
use crate::locks::{Contended, LockTable, Mode};
use crate::memory::Words;
use crate::memory::heap::HeapWords;
use crate::tests::mortal;

const LOCK: u32 = locks::WRITE;
const PATIENT: Duration = Duration::from_secs(10);
const REFUSED: Contended = Contended { lock: LOCK, mode: Mode::Exclusive };

fn control() -> Arc<dyn Words> {
    Arc::new(HeapWords::new(CONTROL_WORDS))
}

fn claim(control: &dyn Words) -> u32 {
    control.load(layout::lock(LOCK) + lock_word::RESERVATION)
}

fn set_claim(control: &dyn Words, claim: u32) {
    control.store(layout::lock(LOCK) + lock_word::RESERVATION, claim);
}

/// Waits until the slot has the claim; returns it.
fn until_claimed_by(control: &dyn Words, slot: u32) -> u32 {
    let start = Instant::now();
    loop {
        let claim = claim(control);
        if claim & 0xff == slot + 1 {
            return claim;
        }
        assert!(start.elapsed() < PATIENT, "slot {slot} makes no claim");
        std::thread::yield_now();
    }
}

#[test]
fn a_waiter_claims_to_be_next_and_is() {
    let control = control();
    let mut owner = LockTable::new(control.clone(), 3);
    owner.try_exclusive(LOCK).unwrap();
    let claimed = Instant::now();
    let served = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut waiter = LockTable::new(control.clone(), 40);
            assert!(waiter.wait_for(REFUSED, PATIENT));
            // Whoever tries the lock out of turn owns it for the moment of looking at the claim.
            while waiter.try_exclusive(LOCK).is_err() {
                assert!(waiter.wait_for(REFUSED, PATIENT));
            }
            assert_eq!(claim(control.as_ref()), 0, "who has the lock claims it no more");
            served.store(true, Ordering::SeqCst);
            waiter.release_exclusive(LOCK);
        });
        let claim = until_claimed_by(control.as_ref(), 40);
        owner.release_exclusive(LOCK);
        // The owner wants it again at once, but it is not its turn while the claim stands.
        while owner.try_exclusive(LOCK).is_err() {
            assert!(owner.wait_for(REFUSED, PATIENT));
        }
        let void = claimed.elapsed() > Duration::from_millis(45);
        assert!(served.load(Ordering::SeqCst) || void, "claim {claim:#x} was passed over");
    });
}

#[test]
fn shared_takers_are_not_held_up() {
    let control = control();
    set_claim(control.as_ref(), 1 << 8 | 64);
    let mut table = LockTable::new(control, 0);
    assert_eq!(table.try_shared(LOCK), Ok(()));
    assert_eq!(table.try_exclusive(LOCK), Err(REFUSED));
}

#[test]
fn a_claim_is_void_after_its_time() {
    let control = control();
    set_claim(control.as_ref(), 7 << 8 | 9);
    let mut table = LockTable::new(control.clone(), 0);
    let start = Instant::now();
    assert_eq!(table.try_exclusive(LOCK), Err(REFUSED));
    assert!(table.wait_for(REFUSED, PATIENT), "nobody releases anything, and still it comes free");
    assert_eq!(table.try_exclusive(LOCK), Ok(()));
    let waited = start.elapsed();
    assert!((45..2_000).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(claim(control.as_ref()), 0);
}

/// Observers time every lock's claim by itself: looking at another one does not start anew.
#[test]
fn claims_on_two_locks_run_out_side_by_side() {
    let control = control();
    for lock in [LOCK, locks::CHECKPOINT] {
        control.store(layout::lock(lock) + lock_word::RESERVATION, 7 << 8 | 9);
    }
    let mut table = LockTable::new(control, 0);
    let start = Instant::now();
    while table.try_exclusive(LOCK).is_err() {
        assert!(start.elapsed() < PATIENT, "the claim never becomes void");
        let _ = table.try_exclusive(locks::CHECKPOINT);
        std::thread::yield_now();
    }
    assert!(start.elapsed() >= Duration::from_millis(45));
}

/// A waiter may not be scheduled for so long that others take its claim for void. It is as patient
/// as before then, and claims again.
#[test]
fn a_waiter_whose_claim_became_void_claims_again() {
    let control = control();
    let mut owner = LockTable::new(control.clone(), 0);
    owner.try_exclusive(LOCK).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut waiter = LockTable::new(control.clone(), 1);
            let free = waiter.wait_for(REFUSED, PATIENT);
            (free, waiter.try_exclusive(LOCK))
        });
        let mut before = 0;
        for _ in 0..3 {
            let claim = until_claimed_by(control.as_ref(), 1);
            assert_ne!(claim, before, "no two claims look the same");
            before = claim;
            set_claim(control.as_ref(), 0);
        }
        owner.release_exclusive(LOCK);
        assert_eq!(waiter.join().unwrap(), (true, Ok(())));
    });
}

#[test]
fn who_gives_up_leaves_no_claim() {
    let control = control();
    let mut owner = LockTable::new(control.clone(), 0);
    let mut waiter = LockTable::new(control.clone(), 1);
    owner.try_exclusive(LOCK).unwrap();
    assert!(!waiter.wait_for(REFUSED, Duration::from_millis(20)));
    assert_eq!(claim(control.as_ref()), 0);
    // Another's claim is none of its business.
    set_claim(control.as_ref(), 7 << 8 | 9);
    assert!(!waiter.wait_for(REFUSED, Duration::from_millis(20)));
    waiter.give_up();
    assert_eq!(claim(control.as_ref()), 7 << 8 | 9);
}

/// Whoever is woken and finds that another one was faster goes on with the patience that is left:
/// a waiter that loses every race would starve else.
#[test]
fn losing_a_race_does_not_start_the_wait_anew() {
    const ANOTHER: u32 = 50;
    let control = control();
    let word = |word| layout::lock(LOCK) + word;
    let (next, turns) = std::sync::mpsc::channel();
    let (woken, wakes) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut waiter = LockTable::new(control.clone(), 1);
            for () in turns {
                woken.send(waiter.wait_for(REFUSED, PATIENT)).unwrap();
            }
        });
        for _ in 0..20 {
            control.store(word(lock_word::OWNER), ANOTHER + 1);
            next.send(()).unwrap();
            std::thread::sleep(Duration::from_micros(200));
            control.store(word(lock_word::OWNER), 0);
            control.add(word(lock_word::RELEASES), 1);
            control.notify(word(lock_word::RELEASES));
            assert!(wakes.recv().unwrap());
        }
        drop(next);
    });
    assert_eq!(claim(control.as_ref()) & 0xff, 2, "4 ms in vain, and no claim");
}

/// Of two waiters the one that came first is next, even if the other one claimed before it.
#[test]
fn who_waits_longer_takes_the_claim_over() {
    let control = control();
    let mut owner = LockTable::new(control.clone(), 0);
    owner.try_exclusive(LOCK).unwrap();
    let releases = layout::lock(LOCK) + lock_word::RELEASES;
    for before in [7, 0xfffff, 0x1fffff] {
        control.store(releases, before);
        let mut first = LockTable::new(control.clone(), 1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(first.wait_for(REFUSED, PATIENT));
                assert_eq!(first.try_exclusive(LOCK), Ok(()));
                first.release_exclusive(LOCK);
            });
            until_claimed_by(control.as_ref(), 1);
            // As if another one, that came after the next release, had been faster.
            control.store(releases, before.wrapping_add(1));
            let later = before.wrapping_add(1) << 12 | 1 << 8 | 33;
            set_claim(control.as_ref(), later);
            control.notify(releases);
            until_claimed_by(control.as_ref(), 1);
            // And one that came before is left alone.
            let earlier = before.wrapping_sub(1) << 12 | 1 << 8 | 33;
            let start = Instant::now();
            set_claim(control.as_ref(), earlier);
            control.add(releases, 1);
            control.notify(releases);
            std::thread::sleep(Duration::from_millis(5));
            let left_alone = claim(control.as_ref()) == earlier;
            assert!(left_alone || start.elapsed() > Duration::from_millis(45));
            set_claim(control.as_ref(), 0);
            owner.release_exclusive(LOCK);
        });
        owner.try_exclusive(LOCK).unwrap();
    }
}

/// A free lock that the dead cannot claim is not tried for ever: who waits for the reaper would, too.
#[test]
fn who_dies_before_its_claim_comes_back() {
    for changes in 0..3 {
        let control = control();
        let waiter = std::thread::spawn(move || {
            mortal::die_after(changes);
            LockTable::new(control, 1).wait_for_turn(REFUSED, PATIENT);
        });
        let start = Instant::now();
        while !waiter.is_finished() {
            assert!(start.elapsed() < PATIENT, "with {changes} changes before its death");
            std::thread::sleep(Duration::from_millis(1));
        }
        waiter.join().unwrap();
    }
}
