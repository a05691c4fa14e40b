//! The fence of a connection whose death nobody can prove.
//!
//! When nothing was heard of such a connection for long, it is evicted (`eviction`): others take it
//! for dead. It may live all the same, and go on at any moment. So it changes shared memory only
//! inside of its fence, and nobody is evicted who is inside. Going in and being evicted are each one
//! compare-and-swap of the same word, the slot's: of the two, one happens.
//!
//! A connection whose death can be proved is never evicted, and walks through.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use rusqlite::ffi;

use crate::connections::Slot;
#[cfg(target_arch = "wasm32")]
use crate::connections::say;
use crate::injection::Mutation;
use crate::layout::{self, connection_word, slot_states, slot_word};
use crate::memory::Words;

/// The connection was evicted: nothing of it may reach shared memory any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evicted;

/// One connection's fence. Used by one thread at a time, as its connection is.
pub struct Fence {
    words: Arc<dyn Words>,
    slot: u32,
    generation: u32,
    unproven: AtomicBool,
    /// How often the connection went in and has not come out yet.
    depth: AtomicU32,
    evicted: AtomicBool,
    beats: AtomicU32,
    /// The level of its lock on the database file, as SQLite numbers them.
    level: AtomicI32,
    /// The proof of life of a connection that got it after it was opened.
    #[cfg(target_arch = "wasm32")]
    lease: std::sync::OnceLock<crate::lease::Lease>,
}

thread_local! {
    /// The fences of this thread's connections; in a page those of the WebAssembly instance.
    static OWN: RefCell<Vec<Weak<Fence>>> = const { RefCell::new(Vec::new()) };
}

#[cfg(all(test, not(target_arch = "wasm32")))]
thread_local! {
    /// Whether this thread is inside of a fence, or about to go in or come out.
    pub static TEST_INSIDE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The fences of this thread's connections.
fn all_own() -> Vec<Arc<Fence>> {
    OWN.with_borrow(|own| own.iter().filter_map(Weak::upgrade).collect())
}

/// The fences of this thread's connections to one runtime.
pub fn own(words: &Arc<dyn Words>) -> Vec<Arc<Fence>> {
    all_own().into_iter().filter(|fence| Arc::ptr_eq(&fence.words, words)).collect()
}

/// Shows that all of this thread's connections live: it is asleep for one of them.
pub fn show_life() {
    all_own().iter().for_each(|fence| drop(fence.enter()));
}

/// The fence of this thread's connection that is writing, as its lock on the database file tells:
/// SQLite does not say for whom it creates a super-journal, or deletes a file. If one of several that
/// it could be was evicted, it is that one's: who was not is refused once, and goes back.
pub fn of_writer(words: &Arc<dyn Words>) -> Option<Arc<Fence>> {
    let own = own(words);
    let level = |fence: &Arc<Fence>| fence.level.load(Relaxed);
    // RESERVED is the least that a writer has; without it an empty log is deleted, with SHARED.
    let least = own.iter().map(level).max()?.min(ffi::SQLITE_LOCK_RESERVED);
    let mut candidates: Vec<_> = own.into_iter().filter(|fence| level(fence) >= least).collect();
    let evicted = candidates.iter().position(|fence| !fence.stands());
    Some(candidates.swap_remove(evicted.unwrap_or(0)))
}

impl Fence {
    /// Around the connection in a slot that was attached just now. It is inside.
    pub fn around(words: &Arc<dyn Words>, slot: &Slot) -> (Arc<Fence>, Inside) {
        let inside = slot_word(slot.generation(), slot_states::INSIDE);
        let fence = Arc::new(Fence {
            words: words.clone(),
            slot: slot.index(),
            generation: slot.generation(),
            unproven: AtomicBool::new(words.load(layout::slot(slot.index())) == inside),
            depth: AtomicU32::new(1),
            evicted: AtomicBool::new(false),
            beats: AtomicU32::new(0),
            level: AtomicI32::new(0),
            #[cfg(target_arch = "wasm32")]
            lease: std::sync::OnceLock::new(),
        });
        OWN.with_borrow_mut(|own| {
            own.retain(|fence| fence.strong_count() > 0);
            own.push(Arc::downgrade(&fence));
        });
        let inside = Inside(fence.is_unproven().then(|| fence.clone()));
        (fence, inside)
    }

    /// The generation of the connection's slot.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Which slot the connection is in.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// Notes the level of the connection's lock on the database file.
    pub fn set_level(&self, level: i32) {
        self.level.store(level, Relaxed);
    }

    /// Goes in, for as long as the result is kept; shows that the connection lives.
    pub fn enter(self: &Arc<Self>) -> Result<Inside, Evicted> {
        if !self.is_unproven() {
            return Ok(Inside(None));
        }
        if self.depth.load(Relaxed) == 0 || self.is_evicted() {
            self.go_in()?;
        }
        self.depth.fetch_add(1, Relaxed);
        Ok(Inside(Some(self.clone())))
    }

    /// Comes out while something is waited for, and goes in again.
    pub fn outside<T>(&self, wait: impl FnOnce() -> T) -> Result<T, Evicted> {
        let inside = self.is_unproven() && self.depth.load(Relaxed) > 0;
        if inside {
            self.come_out();
        }
        let result = wait();
        if inside {
            self.go_in()?;
        }
        Ok(result)
    }

    /// Whether the connection has found itself evicted.
    pub fn is_evicted(&self) -> bool {
        self.evicted.load(Relaxed)
    }

    /// Looks whether the connection was evicted: what it has read until now counts only if not.
    pub fn stands(&self) -> bool {
        if self.is_unproven() && !self.is_evicted() {
            let word = self.words.load(layout::slot(self.slot));
            let stands =
                [slot_states::UNPROVEN, slot_states::INSIDE].iter().any(|state| word == self.word(*state));
            if !stands {
                self.found_evicted();
            }
        }
        !self.is_evicted()
    }

    fn is_unproven(&self) -> bool {
        self.unproven.load(Relaxed)
    }

    /// From here on the connection's death can be proved, and it needs no fence. To be called outside.
    #[cfg(target_arch = "wasm32")]
    pub fn prove(&self, lease: crate::lease::Lease) {
        let (is_proof, proof) = (lease.is_proof(), lease.proof());
        let _ = self.lease.set(lease);
        // It may have been evicted, and the slot be another's.
        if !is_proof || !self.stands() {
            return;
        }
        say(self.words.as_ref(), self.slot, self.generation, connection_word::PROOF, proof);
        if self.swap(slot_states::UNPROVEN, slot_states::LIVE) {
            self.unproven.store(false, Relaxed);
            self.words.add(layout::ROSTER, 1);
            self.words.notify(layout::ROSTER);
        }
    }

    fn word(&self, state: u32) -> u32 {
        slot_word(self.generation, state)
    }

    fn swap(&self, from: u32, to: u32) -> bool {
        #[cfg(all(test, not(target_arch = "wasm32")))]
        TEST_INSIDE.set(true);
        let from = self.word(from);
        self.words.compare_exchange(layout::slot(self.slot), from, self.word(to)) == from
    }

    fn go_in(&self) -> Result<(), Evicted> {
        let inside = !self.is_evicted() && self.swap(slot_states::UNPROVEN, slot_states::INSIDE);
        if !inside && !Mutation::EvictedGoesOn.is_on() {
            self.found_evicted();
            return Err(Evicted);
        }
        let beats = self.beats.fetch_add(1, Relaxed).wrapping_add(1);
        self.words.store(layout::connection(self.slot) + connection_word::BEATS, beats);
        Ok(())
    }

    fn found_evicted(&self) {
        self.evicted.store(true, Relaxed);
        #[cfg(all(test, not(target_arch = "wasm32")))]
        crate::tests::mortal::evicted();
    }

    fn come_out(&self) {
        if !self.is_evicted() {
            self.swap(slot_states::INSIDE, slot_states::UNPROVEN);
            #[cfg(all(test, not(target_arch = "wasm32")))]
            TEST_INSIDE.set(false);
        }
    }
}

/// Being inside of a fence, or needing none.
pub struct Inside(Option<Arc<Fence>>);

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(fence) = &self.0
            && fence.depth.fetch_sub(1, Relaxed) == 1
        {
            fence.come_out();
        }
    }
}
