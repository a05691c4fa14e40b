//! Workers that die, between any two changes of shared memory and at every named point; they are
//! reaped, at times by somebody who dies of it, and are born anew.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Deaths;
use super::ledger::{Ledger, STALE};
use super::worker::Worker;
use crate::connections::{Slot, TEST_UNPROVEN};
use crate::injection::Point;
use crate::layout::{self, connection_word, lock_word, locks, slot_states};
use crate::reaping::reap;
use crate::tests::random::Random;
use crate::tests::{mortal, take_unattached};

/// Slot and generation.
pub type Identity = (u32, u32);

/// Steps in which a point is to be reached; a worker that gets nowhere near it dies elsewhere.
const STEPS: u32 = 150;

impl Worker<'_> {
    /// One life, from the opening of its connections to its death.
    pub fn live_and_die(&mut self) {
        let point = self.ledger().next_point();
        let times = if self.random().percent(50) { 0 } else { self.random().below(12) as u32 };
        let changes = self.random().below(1500) as u32;
        match point {
            Some(point) => mortal::die_at(point, times),
            None => mortal::die_after(changes),
        }
        mortal::until_death(|| {
            self.open();
            for step in 0.. {
                if point.is_some() && step == STEPS {
                    mortal::die_after(changes);
                }
                self.step();
                mortal::stop_if_dead();
            }
        });
        let identities = self.leave();
        mortal::revive();
        for identity in identities {
            bury(self.ledger(), self.random(), identity);
        }
        self.ledger().note_death();
    }
}

impl Worker<'_> {
    /// Sleeps now and then for longer than it may be silent, until it is found to have been evicted. It
    /// goes on from where it slept, as if nothing had been.
    pub fn live_and_be_taken_for_dead(&mut self, points: &[Point], stop: &AtomicBool) {
        TEST_UNPROVEN.set(true);
        mortal::until_death(|| {
            self.open();
            while !stop.load(Ordering::SeqCst) {
                if !mortal::is_to_sleep() {
                    let time = STALE + Duration::from_millis(self.random().below(250));
                    let times = self.random().below(60) as u32;
                    let place = self.random().below(points.len() as u64 * 2) as usize;
                    match points.get(place) {
                        Some(point) => mortal::sleep_at(*point, times, time),
                        None => mortal::sleep_after(times * 20, time),
                    }
                }
                mortal::fenced(|| self.step());
                mortal::stop_if_dead();
            }
        });
        TEST_UNPROVEN.set(false);
        let evicted = mortal::is_evicted();
        let identities = mortal::fenced(|| self.leave());
        mortal::revive();
        if evicted {
            identities.into_iter().for_each(|identity| check_free(self.ledger(), identity));
            self.ledger().note_death();
        }
    }
}

impl Ledger {
    /// Where the next death is to be: at the points in turn, and at times between any two changes.
    fn next_point(&self) -> Option<Point> {
        let Deaths::At(points) = self.case.deaths else { return None };
        points.get(self.deaths() as usize % (points.len() + points.len() / 4)).copied()
    }

    /// Who holds what, for a failure's message.
    pub fn locks(&self) -> String {
        let words = self.runtime().inner().control();
        let owners = (0..locks::COUNT).map(|lock| words.load(layout::lock(lock) + lock_word::OWNER));
        let slots = (0..8).map(|slot| {
            let shared = words.load(layout::connection(slot) + connection_word::SHARED);
            format!("{:x} shares {shared:b}", words.load(layout::slot(slot)))
        });
        format!("owners {:?}; slots {:?}", owners.collect::<Vec<_>>(), slots.collect::<Vec<_>>())
    }
}

/// Reaps a dead connection.
fn bury(ledger: &Ledger, random: &mut Random, (slot, generation): Identity) {
    let control = ledger.runtime().inner().control();
    if take_unattached(control, slot, generation) {
        return;
    }
    let reaper = Slot::claim(control, 0).unwrap();
    assert!(reaper.attach());
    if random.percent(40) {
        let dying = Slot::claim(control, 0).unwrap();
        assert!(dying.attach());
        let (dying_slot, dying_generation) = (dying.index(), dying.generation());
        mortal::die_after(random.below(40) as u32);
        reap(control, dying_slot, slot, generation);
        drop(dying);
        mortal::revive();
        // It may have died when it was done, and then it was its slot that was left.
        reap(control, reaper.index(), dying_slot, dying_generation);
        check_free(ledger, (dying_slot, dying_generation));
    }
    reap(control, reaper.index(), slot, generation);
    check_free(ledger, (slot, generation));
}

/// Whoever was reaped is in its slot no more. Somebody who opens a connection at this moment may
/// have found the case before its reaper did, and be at it.
fn check_free(ledger: &Ledger, (slot, generation): Identity) {
    const LONG: Duration = Duration::from_secs(20);
    let start = Instant::now();
    loop {
        let word = ledger.runtime().inner().control().load(layout::slot(slot));
        let free = word & slot_states::MASK == slot_states::FREE;
        if free || word >> slot_states::GENERATION_SHIFT != generation {
            return;
        }
        assert!(start.elapsed() < LONG, "slot {slot} is {word:x}");
        std::thread::yield_now();
    }
}
