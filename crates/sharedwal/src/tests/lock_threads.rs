//! Locks under real threads: exclusion, wake-ups, fairness.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::one_at_a_time;
use crate::layout::{self, CONTROL_WORDS, lock_word, locks};
use crate::locks::{Contended, LockTable, Mode};
use crate::memory::Words;
use crate::memory::heap::HeapWords;

fn control() -> Arc<dyn Words> {
    Arc::new(HeapWords::new(CONTROL_WORDS))
}

const PATIENT: Duration = Duration::from_secs(10);

/// Takes a lock as SQLite does: tries, waits where it is refused, tries again.
fn take(table: &mut LockTable, lock: u32, mode: Mode) {
    loop {
        let taken = match mode {
            Mode::Shared => table.try_shared(lock),
            Mode::Exclusive => table.try_exclusive(lock),
        };
        match taken {
            Ok(()) => return,
            Err(contended) => assert!(table.wait_for(contended, PATIENT), "nothing was released for 10 s"),
        }
    }
}

/// Words that only a lock protects.
struct Guarded(UnsafeCell<[u64; 2]>);
// SAFETY: the test is about the lock that excludes the threads from each other.
unsafe impl Sync for Guarded {}

#[test]
fn exclusive_holders_exclude_everybody() {
    const WRITERS: u32 = 3;
    const READERS: u32 = 2;
    const ROUNDS: u64 = 4_000;
    let control = control();
    let guarded = Guarded(UnsafeCell::new([0; 2]));
    std::thread::scope(|scope| {
        for slot in 0..WRITERS {
            let (control, guarded) = (control.clone(), &guarded);
            scope.spawn(move || {
                // Slots of both words of the bitmaps.
                let mut table = LockTable::new(control, slot * 31);
                for _ in 0..ROUNDS {
                    take(&mut table, locks::WRITE, Mode::Exclusive);
                    // SAFETY: the lock excludes everybody else.
                    let words = unsafe { &mut *guarded.0.get() };
                    words[0] += 1;
                    std::hint::black_box(&mut *words);
                    words[1] += 1;
                    table.release_exclusive(locks::WRITE);
                }
            });
        }
        for slot in 0..READERS {
            let (control, guarded) = (control.clone(), &guarded);
            scope.spawn(move || {
                let mut table = LockTable::new(control, 1 + slot * 32);
                for _ in 0..ROUNDS {
                    take(&mut table, locks::WRITE, Mode::Shared);
                    // SAFETY: the lock excludes writers.
                    let [first, second] = unsafe { *guarded.0.get() };
                    assert_eq!(first, second);
                    table.release_shared(locks::WRITE);
                }
            });
        }
    });
    assert_eq!(guarded.0.into_inner(), [u64::from(WRITERS) * ROUNDS; 2]);
}

/// Tries that meet, without any waiting in between: both may be refused, but never let in.
#[test]
fn tries_that_meet_are_not_both_let_in() {
    const TRIES: u32 = 300_000;
    let control = control();
    let (writing, reading) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut table = LockTable::new(control.clone(), 0);
            for _ in 0..TRIES {
                if table.try_exclusive(locks::WRITE).is_ok() {
                    writing.store(true, Ordering::SeqCst);
                    assert_eq!(reading.load(Ordering::SeqCst), 0);
                    writing.store(false, Ordering::SeqCst);
                    table.release_exclusive(locks::WRITE);
                }
            }
        });
        for slot in [1, 40] {
            let (control, writing, reading) = (control.clone(), &writing, &reading);
            scope.spawn(move || {
                let mut table = LockTable::new(control, slot);
                for _ in 0..TRIES {
                    if table.try_shared(locks::WRITE).is_ok() {
                        reading.fetch_add(1, Ordering::SeqCst);
                        assert!(!writing.load(Ordering::SeqCst));
                        reading.fetch_sub(1, Ordering::SeqCst);
                        table.release_shared(locks::WRITE);
                    }
                }
            });
        }
    });
}

/// Two threads hand a lock to each other, and each lets go only when the other one sleeps. A lost
/// wake-up would cost the longest sleep of 50 ms.
fn hand_over(wanted: Mode) {
    const TURNS: usize = 1_000;
    let control = control();
    let holder = AtomicU32::new(u32::MAX);
    let wait_until = |done: &dyn Fn() -> bool| {
        while !done() {
            std::thread::yield_now();
        }
    };
    let thread = |me: u32| {
        let mut table = LockTable::new(control.clone(), me);
        let waiting = layout::lock(locks::CHECKPOINT) + lock_word::WAITING;
        let mut slow = 0;
        wait_until(&|| me == 0 || holder.load(Ordering::SeqCst) == 0);
        for turn in 1..=TURNS {
            let asked = Instant::now();
            take(&mut table, locks::CHECKPOINT, wanted);
            slow += usize::from(asked.elapsed() > Duration::from_millis(40));
            if wanted == Mode::Shared {
                // So that the other one has to wait.
                table.try_exclusive(locks::CHECKPOINT).unwrap();
                table.release_shared(locks::CHECKPOINT);
            }
            holder.store(me, Ordering::SeqCst);
            let last = turn == TURNS;
            wait_until(&|| (last && me == 1) || control.load(waiting) & (2 >> me) != 0);
            if turn % 2 == 0 {
                // Long enough for it to be asleep.
                let until = Instant::now() + Duration::from_micros(100);
                wait_until(&|| Instant::now() >= until);
            }
            table.release_exclusive(locks::CHECKPOINT);
            wait_until(&|| last || holder.load(Ordering::SeqCst) == 1 - me);
        }
        slow
    };
    let started = Instant::now();
    let slow: usize = std::thread::scope(|scope| {
        let threads = [0, 1].map(|me| {
            let thread = &thread;
            scope.spawn(move || thread(me))
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{wanted:?}: {} hand-overs in {:?}, {slow} of them slow", 2 * TURNS, started.elapsed());
    assert!(slow * 10 < TURNS, "{slow} of {} waits took more than 40 ms", 2 * TURNS);
}

#[test]
fn a_release_wakes_who_waits_for_an_exclusive_lock() {
    hand_over(Mode::Exclusive);
}

#[test]
fn a_release_wakes_who_waits_for_a_shared_lock() {
    hand_over(Mode::Shared);
}

/// Writers that take the lock again and again without a pause: nobody starves.
fn shares(writers: u32, held: Duration) -> Vec<u64> {
    // What is measured is the locks, not how the system shares its cores between tests.
    let _guard = one_at_a_time();
    let control = control();
    let stop = AtomicBool::new(false);
    let longest = AtomicU64::new(0);
    let shares = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|slot| {
                let (control, stop, longest) = (control.clone(), &stop, &longest);
                scope.spawn(move || {
                    let mut table = LockTable::new(control, slot);
                    let mut taken = 0;
                    while !stop.load(Ordering::SeqCst) {
                        let asked = Instant::now();
                        take(&mut table, locks::WRITE, Mode::Exclusive);
                        longest.fetch_max(asked.elapsed().as_micros() as u64, Ordering::SeqCst);
                        let until = Instant::now() + held;
                        while Instant::now() < until {
                            std::hint::spin_loop();
                        }
                        table.release_exclusive(locks::WRITE);
                        taken += 1;
                    }
                    taken
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(800));
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    println!("{writers} writers, {held:?} held: {shares:?}, the longest wait {longest:?} us");
    shares
}

#[test]
fn two_busy_writers_get_comparable_shares() {
    for held in
        [Duration::ZERO, Duration::from_micros(30), Duration::from_micros(900), Duration::from_millis(3)]
    {
        let shares = shares(2, held);
        let (least, most) = (*shares.iter().min().unwrap(), *shares.iter().max().unwrap());
        assert!(most > 10 && least * 8 >= most, "{held:?}: {shares:?}");
    }
}

#[test]
fn four_busy_writers_get_comparable_shares() {
    let shares = shares(4, Duration::from_micros(30));
    let (least, most) = (*shares.iter().min().unwrap(), *shares.iter().max().unwrap());
    assert!(most > 10 && least * 8 >= most, "{shares:?}");
}

#[test]
fn a_wait_ends_with_its_timeout() {
    let control = control();
    let mut owner = LockTable::new(control.clone(), 0);
    let mut waiter = LockTable::new(control, 1);
    owner.try_exclusive(locks::WRITE).unwrap();
    let contended = waiter.try_exclusive(locks::WRITE).unwrap_err();
    assert_eq!(contended, Contended { lock: locks::WRITE, mode: Mode::Exclusive });
    let start = Instant::now();
    assert!(!waiter.wait_for(contended, Duration::from_millis(120)));
    let waited = start.elapsed();
    assert!((120..2_000).contains(&waited.as_millis()), "{waited:?}");
    owner.release_exclusive(locks::WRITE);
    assert_eq!(waiter.try_exclusive(locks::WRITE), Ok(()), "who gave up has left no claim");
    waiter.release_exclusive(locks::WRITE);
    assert_eq!(owner.try_exclusive(locks::WRITE), Ok(()));
}
