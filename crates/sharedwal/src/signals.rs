//! What one context asks of a connection in another: to end its statement, or to stop for good.
//!
//! A request is a bit in a word of the connection. It looks there while its statement runs, when it
//! is woken, and before it begins another statement; nothing is done to it from outside.

use std::sync::Arc;

use crate::fence::Fence;
use crate::layout::{self, SLOTS, connection_word, lock_word, locks, signals, slot_states};
use crate::memory::Words;

const GENERATION_SHIFT: u32 = slot_states::GENERATION_SHIFT;
const MASK: u32 = slot_states::MASK;

const fn word_of(slot: u32) -> u32 {
    layout::connection(slot) + connection_word::SIGNALS
}

/// The requests that one connection has got.
#[derive(Clone)]
pub struct Signals {
    words: Arc<dyn Words>,
    fence: Arc<Fence>,
}

impl Signals {
    /// For a new connection: nobody has asked it for anything.
    pub fn new(words: Arc<dyn Words>, fence: Arc<Fence>) -> Self {
        words.store(word_of(fence.slot()), fence.generation() << GENERATION_SHIFT);
        Signals { words, fence }
    }

    fn word(&self) -> u32 {
        word_of(self.fence.slot())
    }

    fn asked(&self) -> u32 {
        asked(self.words.as_ref(), self.fence.slot())
    }

    /// Whether the connection was evicted.
    pub fn evicted(&self) -> bool {
        !self.fence.stands()
    }

    /// The number by which others know the connection.
    pub fn connection_id(&self) -> u32 {
        layout::connection_id(self.fence.slot(), self.fence.generation())
    }

    /// Whether the connection was asked to stop.
    pub fn stop_asked(&self) -> bool {
        self.asked() & signals::STOP != 0
    }

    /// Whether that is because the runtime was disposed of.
    pub fn disposed(&self) -> bool {
        self.words.load(self.word()) & signals::DISPOSED != 0
    }

    /// Whether the connection was asked to end its statement, or to stop.
    pub fn end_asked(&self) -> bool {
        self.asked() & (signals::INTERRUPT | signals::STOP) != 0
    }

    /// Whether anything was asked for.
    pub fn any_asked(&self) -> bool {
        self.asked() != 0
    }

    /// The statement has ended, or there was none.
    pub fn clear_interrupt(&self) {
        let Ok(_inside) = self.fence.enter() else { return };
        self.words.and(self.word(), !signals::INTERRUPT);
    }

    /// Cleans up after the dead, if asked to; whether it was.
    pub fn reap_if_asked(&self) -> bool {
        let asked = self.asked() & signals::REAP != 0;
        if asked && let Ok(_inside) = self.fence.enter() {
            self.words.and(self.word(), !signals::REAP);
            // Natively nobody has a proof of death, and asks.
            #[cfg(any(test, target_arch = "wasm32"))]
            crate::reaping::reap_marked(&self.words, self.fence.slot());
        }
        asked
    }

    /// The connection has rolled back, and will run nothing any more.
    pub fn acknowledge_stop(&self) {
        let Ok(_inside) = self.fence.enter() else { return };
        self.words.or(self.word(), signals::STOPPED);
        self.words.notify(self.word());
    }
}

/// What the connection in this slot is asked for: [`signals::ASKED`] or less.
pub fn asked(words: &dyn Words, slot: u32) -> u32 {
    words.load(word_of(slot)) & signals::ASKED
}

/// Sets a bit for the connection with this number, and wakes it; false if there is none.
pub fn raise(words: &dyn Words, connection: u32, signal: u32) -> bool {
    let (slot, generation) = (connection % SLOTS, connection / SLOTS);
    let at = word_of(slot);
    let mut was = words.load(at);
    loop {
        let state = words.load(layout::slot(slot)) & MASK;
        if was >> GENERATION_SHIFT != generation || state == slot_states::FREE {
            return false;
        }
        match words.compare_exchange(at, was, was | signal) {
            now if now == was => break,
            now => was = now,
        }
    }
    // Counted as well, or one that is just about to sleep would not notice.
    for lock in 0..locks::COUNT {
        words.add(layout::lock(lock) + lock_word::RELEASES, 1);
        words.notify(layout::lock(lock) + lock_word::RELEASES);
    }
    true
}
