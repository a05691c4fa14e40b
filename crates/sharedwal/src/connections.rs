//! Connection slots: a connection is known to the others by its slot and the slot's generation.

use std::sync::Arc;

use crate::injection::Mutation;
use crate::layout::{self, ROSTER, SLOTS, connection_word, slot_states, slot_word};
#[cfg(any(test, target_arch = "wasm32"))]
use crate::layout::{lock_word, locks};
use crate::memory::Words;

#[cfg(all(test, not(target_arch = "wasm32")))]
thread_local! {
    /// Whether nobody can prove the death of connections that this thread opens.
    pub static TEST_UNPROVEN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The states of a slot whose connection can hold something.
const ATTACHED: [u32; 3] = [slot_states::UNPROVEN, slot_states::INSIDE, slot_states::LIVE];

/// A claimed slot. Dropping it frees the slot, so whatever it holds must be given up before.
pub struct Slot {
    words: Arc<dyn Words>,
    index: u32,
    generation: u32,
    /// A number that all connections of one worker have.
    worker: u32,
    /// Given up after the slot is free, since until then its loss would mean a death.
    #[cfg(target_arch = "wasm32")]
    lease: Option<crate::lease::Lease>,
}

impl Slot {
    /// Claims a free slot for a connection of a worker; `None` if all are taken.
    pub fn claim(words: &Arc<dyn Words>, worker: u32) -> Option<Slot> {
        (0..SLOTS).find_map(|index| {
            let word = words.load(layout::slot(index));
            if word & slot_states::MASK != slot_states::FREE {
                return None;
            }
            let generation = (word >> slot_states::GENERATION_SHIFT).wrapping_add(1);
            let claimed = slot_word(generation, slot_states::ATTACHING);
            if words.compare_exchange(layout::slot(index), word, claimed) != word {
                return None;
            }
            Some(Slot {
                words: words.clone(),
                index,
                generation: claimed >> slot_states::GENERATION_SHIFT,
                worker,
                #[cfg(target_arch = "wasm32")]
                lease: None,
            })
        })
    }

    /// Keeps the proof of life of the slot's connection, if there is one, until the slot is freed.
    #[cfg(target_arch = "wasm32")]
    pub fn keep(&mut self, lease: Option<crate::lease::Lease>) {
        self.lease = lease;
    }

    /// Whether the death of the connection can be proved.
    pub fn is_proven(&self) -> bool {
        #[cfg(target_arch = "wasm32")]
        return self.lease.as_ref().is_some_and(crate::lease::Lease::is_proof);
        // A thread of a program gives up what it has, also when it panics.
        #[cfg(all(test, not(target_arch = "wasm32")))]
        return !TEST_UNPROVEN.get();
        #[cfg(not(any(test, target_arch = "wasm32")))]
        return true;
    }

    /// The id of the connection whose Web Lock it is that proves this one's life.
    fn proof(&self) -> u32 {
        #[cfg(target_arch = "wasm32")]
        if let Some(lease) = &self.lease {
            return lease.proof();
        }
        layout::connection_id(self.index, self.generation)
    }

    /// From here on the connection can hold something, and others watch over it. False if that
    /// took so long that the slot was given to another. One whose death nobody can prove is inside of
    /// its fence then.
    pub fn attach(&self) -> bool {
        let state = if self.is_proven() { slot_states::LIVE } else { slot_states::INSIDE };
        let claimed = slot_word(self.generation, slot_states::ATTACHING);
        let attached = slot_word(self.generation, state);
        if self.words.load(layout::slot(self.index)) != claimed && !Mutation::ProofWrittenOver.is_on() {
            return false;
        }
        self.say(connection_word::WORKER, self.worker);
        self.say(connection_word::PROOF, self.proof());
        if self.words.compare_exchange(layout::slot(self.index), claimed, attached) != claimed {
            return false;
        }
        self.words.add(ROSTER, 1);
        self.words.notify(ROSTER);
        true
    }

    fn say(&self, word: u32, value: u32) {
        say(self.words.as_ref(), self.index, self.generation, word, value);
    }

    /// Leaves what the connection holds to whoever reaps it.
    pub fn mark_dead(self) {
        if Mutation::LeftAsAlive.is_on() {
            return std::mem::forget(self);
        }
        let dead = slot_word(self.generation, slot_states::DEAD);
        for state in ATTACHED {
            self.words.compare_exchange(layout::slot(self.index), slot_word(self.generation, state), dead);
        }
        self.words.add(ROSTER, 1);
        self.words.notify(ROSTER);
    }

    /// Which slot, from 0 on.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// How many connections the slot has had, this one included.
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let word = self.words.load(layout::slot(self.index));
        let is = |state| word == slot_word(self.generation, state);
        // Not if it is another's by now, or being reaped.
        if ATTACHED.into_iter().any(is) || is(slot_states::ATTACHING) {
            let free = slot_word(self.generation, slot_states::FREE);
            self.words.compare_exchange(layout::slot(self.index), word, free);
        }
    }
}

/// Says something of a connection that others look at once its slot says that it is attached, or can be
/// proved: the word before its check.
pub fn say(words: &dyn Words, slot: u32, generation: u32, word: u32, value: u32) {
    let at = layout::connection(slot) + word;
    words.store(at, value);
    words.store(at + 1, layout::check(value, slot, generation));
}

/// Whether nobody but the connection in the slot may change the database and the wal-index's header: it has
/// WRITE, or the file's EXCLUSIVE lock. The owner word of EXCLUSIVE is no sign of that: who tries the lock
/// stands there before it has looked at the others.
#[cfg(any(test, target_arch = "wasm32"))]
pub fn is_writer(words: &dyn Words, slot: u32) -> bool {
    let owned = |lock| words.load(layout::lock(lock) + lock_word::OWNER) == slot + 1;
    let holds_exclusive = || match Mutation::TriedCountsAsHeld.is_on() {
        true => owned(locks::EXCLUSIVE),
        false => words.load(layout::connection(slot) + connection_word::HOLDS_EXCLUSIVE) != 0,
    };
    owned(locks::WRITE) || holds_exclusive()
}

/// Connections that exist now.
pub fn count(words: &dyn Words) -> usize {
    let mut slots = [0; SLOTS as usize];
    words.load_many(layout::slot(0), &mut slots);
    slots.iter().filter(|word| **word & slot_states::MASK != slot_states::FREE).count()
}
