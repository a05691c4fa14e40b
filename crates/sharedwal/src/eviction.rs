//! Evicting connections of which nothing was heard for long, where nobody could prove their death.
//!
//! Who looks notes on a clock of its own since when a connection's counter has stood still, so no
//! clocks are compared. A look after a long pause counts as a short one: whoever was stopped itself
//! (a suspended computer, a frozen page) has not listened. A connection inside of its fence is never
//! evicted: it is in the middle of a change (`fence`).

use std::sync::Arc;
use std::time::Duration;

use crate::counters::count;
use crate::fence;
use crate::injection::Mutation;
use crate::layout::{
    self, CONNECTION_STRIDE, EVICTIONS, LOCK_STALE_MS, SLOTS, SLOTS_USED, connection_word, slot_states,
    slot_word,
};
use crate::memory::Words;

/// How long a connection may be silent, unless the runtime says otherwise.
pub const DEFAULT_LOCK_STALE_MS: u32 = 30_000;
/// A connection is evicted after this many looks at the least.
const LOOKS: u32 = 4;
/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// What was heard of one connection.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    slot_word: u32,
    beats: u32,
    silent: Duration,
}

/// What was heard of all.
pub struct Hearing {
    looked: Duration,
    heard: [Heard; SLOTS as usize],
}

impl Hearing {
    /// Nothing yet.
    pub fn new() -> Hearing {
        Hearing { looked: Duration::ZERO, heard: [Heard::default(); SLOTS as usize] }
    }

    /// Marks as dead whoever was silent for too long; returns whether there was one.
    pub fn look(&mut self, words: &Arc<dyn Words>, now: Duration) -> bool {
        let stale = match words.load(LOCK_STALE_MS) {
            0 => DEFAULT_LOCK_STALE_MS,
            milliseconds => milliseconds,
        };
        let stale = Duration::from_millis(stale.into());
        let since = now.saturating_sub(self.looked);
        if since < (stale / (2 * LOOKS)).min(PAUSE) {
            return false;
        }
        self.looked = now;
        let mut slots = [0; SLOTS as usize];
        let slots = &mut slots[..words.load(SLOTS_USED).min(SLOTS) as usize];
        words.load_many(layout::slot(0), slots);
        let unproven =
            |word: u32| matches!(word & slot_states::MASK, slot_states::UNPROVEN | slot_states::INSIDE);
        if !slots.iter().any(|word| unproven(*word)) {
            return false;
        }
        let mut beats = [0; SLOTS as usize];
        let beats = &mut beats[..slots.len()];
        words.load_strided(layout::connection(0) + connection_word::BEATS, CONNECTION_STRIDE, beats);
        let own: Vec<_> = fence::own(words).iter().map(|fence| (fence.slot(), fence.generation())).collect();
        let mut evicted = false;
        for (slot, (word, beats)) in (0..).zip(slots.iter().zip(beats.iter())) {
            let heard = &mut self.heard[slot as usize];
            let is_own = own.contains(&(slot, word >> slot_states::GENERATION_SHIFT));
            if !unproven(*word) || is_own || (heard.slot_word, heard.beats) != (*word, *beats) {
                *heard = Heard { slot_word: *word, beats: *beats, silent: Duration::ZERO };
                continue;
            }
            heard.silent += since.min(stale / LOOKS);
            if heard.silent >= stale {
                evicted |= evict(words.as_ref(), slot, word >> slot_states::GENERATION_SHIFT);
            }
        }
        evicted
    }
}

/// Takes a connection for dead, unless it is inside of its fence.
pub fn evict(words: &dyn Words, slot: u32, generation: u32) -> bool {
    let [unproven, dead] =
        [slot_states::UNPROVEN, slot_states::DEAD].map(|state| slot_word(generation, state));
    let mut evicted = words.compare_exchange(layout::slot(slot), unproven, dead) == unproven;
    if !evicted && Mutation::EvictedInside.is_on() {
        let inside = slot_word(generation, slot_states::INSIDE);
        evicted = words.compare_exchange(layout::slot(slot), inside, dead) == inside;
    }
    if evicted {
        count(words, EVICTIONS, 1);
    }
    evicted
}
